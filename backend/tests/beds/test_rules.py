"""Whether a bed fits: what is asked about, and what is not."""

import pytest

from app.features.beds.rules import Placement, misfits
from app.models.bed import BedType
from app.models.visit import VisitType


def placed(**given: object) -> Placement:
    known: dict[str, object] = {
        "bed_number": "12", "bed_type": BedType.GENERAL, "visit_type": VisitType.INPATIENT, "gender": "female",
        "is_child": False, "is_isolated": False, "neighbours": (),
    }  # fmt: skip
    return Placement(**{**known, **given})  # type: ignore[arg-type]  # each case names its own.


@pytest.mark.parametrize(
    ("given", "asked"),
    [
        ({}, []),
        ({"neighbours": ["female", "unknown"]}, []),
        ({"neighbours": ["male"]}, ["sex"]),
        ({"gender": "other", "neighbours": ["male", "female"]}, []),
        ({"gender": "male", "bed_type": BedType.MATERNITY}, ["sex"]),
        ({"bed_type": BedType.PAEDIATRIC}, ["age"]),
        ({"bed_type": BedType.PAEDIATRIC, "is_child": True}, []),
        ({"bed_type": BedType.PAEDIATRIC, "is_child": None}, []),
        ({"is_child": True}, ["age"]),
        ({"is_child": True, "bed_type": BedType.ICU}, ["bed_type"]),
        ({"is_isolated": True}, ["isolation"]),
        ({"is_isolated": True, "bed_type": BedType.ISOLATION}, []),
        ({"bed_type": BedType.ISOLATION}, ["isolation"]),
        ({"bed_type": BedType.DAY}, ["bed_type"]),
        ({"bed_type": BedType.DAY, "visit_type": VisitType.OUTPATIENT}, []),
        ({"is_isolated": True, "neighbours": ["male"]}, ["isolation", "sex"]),
    ],
)
def test_what_does_not_fit_is_named(given: dict[str, object], asked: list[str]) -> None:
    assert sorted(misfits(placed(**given))) == asked
