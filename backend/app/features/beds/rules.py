"""Whether a bed fits who is to lie in it (domain 5.5): a warning that asks for a reason, and never a block."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass

from app.models.bed import BedType
from app.models.visit import VisitType

# Sexes that share no bay; of other and unknown ones nothing is presumed.
OPPOSITE = {"male": "female", "female": "male"}
FOR_CHILDREN_TOO = (BedType.ICU, BedType.ISOLATION, BedType.EMERGENCY, BedType.DAY)


@dataclass(frozen=True)
class Placement:
    """Who is to lie in which bed. `is_child`: under 16; None where no birth date is known."""

    bed_number: str
    bed_type: BedType
    visit_type: VisitType
    gender: str
    is_child: bool | None
    is_isolated: bool
    neighbours: Collection[str] = ()


def misfits(placed: Placement) -> Mapping[str, str]:
    """What does not fit > the sentence that says so; empty where the bed fits.

    >>> misfits(Placement("12", BedType.GENERAL, VisitType.INPATIENT, "female", False, False, ["female"]))
    {}
    """
    return dict(_misfits(placed))


def _misfits(placed: Placement) -> Iterator[tuple[str, str]]:
    bed, kind = f"Bed {placed.bed_number}", placed.bed_type
    if OPPOSITE.get(placed.gender) in placed.neighbours:
        yield "sex", f"Somebody of the other sex lies in the bay of {bed[0].lower()}{bed[1:]}."
    if kind is BedType.MATERNITY and placed.gender == "male":
        yield "sex", f"{bed} is a maternity bed."
    if kind is BedType.PAEDIATRIC and placed.is_child is False:
        yield "age", f"{bed} is a children's bed, and the patient is 16 or older."
    if placed.is_child and kind not in (BedType.PAEDIATRIC, BedType.MATERNITY, *FOR_CHILDREN_TOO):
        yield "age", f"{bed} is no children's bed, and the patient is under 16."
    if placed.is_isolated and kind is not BedType.ISOLATION:
        yield (
            "isolation",
            f"The patient is to be isolated, and {bed[0].lower()}{bed[1:]} is no isolation bed.",
        )
    if kind is BedType.ISOLATION and not placed.is_isolated:
        yield "isolation", f"{bed} is an isolation bed, and the patient has no alert of isolation."
    if kind is BedType.ICU:
        yield "bed_type", f"{bed} is an intensive care bed."
    if kind is BedType.DAY and placed.visit_type is VisitType.INPATIENT:
        yield "bed_type", f"{bed} is a day bed, and the patient stays overnight."
