"""Whatever stands in a bundle: no traceback, nothing half-written, every entry accounted for."""

import asyncio
import json
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from bundles import (
    DOCTOR,
    ENCOUNTER,
    PATIENT,
    Clinic,
    bundle,
    concept,
    encounter,
    lab,
    observation,
    open_clinic,
    patient,
    practitioner,
    pressure,
    request,
)
from cluster import Database
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

TEXTS = [
    "", " ", "x", "x" * 10_000, "\x00", "\ud800", "٣", "2020", "2020-02-30", "0001-01-01T00:00:00+14:00",
    "9999-12-31T23:59:60Z", "2020-01-01T10:00:00", "Patient/p1", "Patient/none", "#none", "urn:uuid:p1", "12",
]  # fmt: skip
NAMES = [
    "code", "coding", "text", "value", "unit", "system", "reference", "start", "end", "display", "low", "high",
    "identifier", "individual", "actor", "repeat", "frequency", "period", "periodUnit", "comparator",
]  # fmt: skip
NUMBERS = [0, -1, 1, 0.05, 98.6, 120, 1e-200, 1e200, 10**250, -(10**30), 32768, 2**63]
scalars = st.sampled_from([*TEXTS, *NUMBERS, True, False, None])
anything = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(NAMES), inner, max_size=4),
    max_leaves=8,
)
REPORT = {
    "resourceType": "DiagnosticReport", "id": "r1", "status": "final", "subject": PATIENT, "encounter": ENCOUNTER,
    "category": [concept("LAB")], "code": concept("51990-0"), "issued": "2020-01-01T12:00:00Z",
    "result": [{"reference": "Observation/o-2345-7"}], "conclusion": "x",
}  # fmt: skip
ALLERGY = {
    "resourceType": "AllergyIntolerance", "id": "a1", "patient": PATIENT, "code": concept("1"), "category": ["food"],
    "criticality": "low", "recordedDate": "2020-01-01", "reaction": [{"manifestation": [{"text": "x"}]}],
    "clinicalStatus": concept("active"), "verificationStatus": concept("confirmed"), "recorder": DOCTOR,
}  # fmt: skip
APPOINTMENT = {
    "resourceType": "Appointment", "id": "b1", "status": "booked", "start": "2030-01-01T10:00:00Z",
    "end": "2030-01-01T10:30:00Z", "participant": [{"actor": PATIENT}, {"actor": DOCTOR}], "minutesDuration": 30,
}  # fmt: skip
ORDER = request(
    requester=DOCTOR,
    dosageInstruction=[
        {
            "text": "x",
            "timing": {"repeat": {"frequency": 1, "period": 1, "periodUnit": "d"}},
            "doseAndRate": [{"doseQuantity": {"value": 1, "unit": "mg"}}],
        }
    ],
    dispenseRequest={"quantity": {"value": 30}, "numberOfRepeatsAllowed": 1},
)
WHOLE = [
    patient(
        identifier=[{"type": concept("SS"), "system": "s", "value": "1"}],
        telecom=[{"system": "phone", "value": "1"}],
        address=[{"line": ["a"], "city": "b"}],
        deceasedDateTime="2021-01-01",
    ),
    practitioner(),
    encounter(participant=[{"individual": DOCTOR}], reasonCode=[concept("1")]),
    observation("8867-4", 72, "/min"),
    pressure(120, 80),
    observation("29463-7", 70, "kg"),
    lab("2345-7", 90, referenceRange=[{"low": {"value": 1}}], interpretation=[concept("H")]),
    lab("3094-0", 12),
    REPORT,
    ORDER,
    ALLERGY,
    APPOINTMENT,
    {"resourceType": "Condition", "id": "c1", "subject": PATIENT, "encounter": ENCOUNTER},
]


@pytest.fixture(scope="module")
def clinic(module_database: Database, tmp_path_factory: pytest.TempPathFactory) -> Clinic:
    return open_clinic(module_database, tmp_path_factory.mktemp("nasty"))


def paths_in(value: Any, here: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Every place in a JSON value, but the ones that make a resource one."""
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    found = [here] if here else []
    for name, item in inner:
        if name not in ("resourceType", "id"):
            found += paths_in(item, (*here, name))
    return found


def replaced(value: Any, path: tuple[Any, ...], new: Any) -> Any:
    copy = json.loads(json.dumps(value))
    inner = copy
    for step in path[:-1]:
        inner = inner[step]
    inner[path[-1]] = new
    return copy


PLACES = [(number, path) for number, resource in enumerate(WHOLE) for path in paths_in(resource)]


async def account(clinic: Clinic, made: Any, system: str) -> None:
    """Every entry has its source row, the same bundle again adds none."""
    summary = await clinic.take(made, system=system)
    assert not summary.broken, summary.broken
    assert summary.new + summary.unchanged.total() + len(summary.changed) == len(made["entry"])
    sources = "SELECT count(*) FROM import_sources WHERE system = %s"
    assert clinic.one(sources, system) == summary.new
    again = await clinic.take(made, system=system)
    assert again.new == 0
    assert not again.broken


def as_bundle(resources: list[Any]) -> Any:
    return json.loads(json.dumps(bundle(*resources)))


@given(
    changes=st.lists(st.tuples(st.sampled_from(PLACES), anything), min_size=1, max_size=12),
    extra=st.dictionaries(
        st.sampled_from(["encounter", "subject", "code", "status", "period", "component"]), anything
    ),
)
@settings(
    max_examples=20,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
def test_no_value_in_any_place_loses_a_bundle(clinic: Clinic, changes: Any, extra: Any) -> None:
    resources = [json.loads(json.dumps(one)) for one in WHOLE]
    for (number, path), new in changes:
        try:
            resources[number] = replaced(resources[number], path, new)
        except (KeyError, IndexError, TypeError):
            # An earlier change took this place away.
            continue
    resources[-1].update(extra)
    system = f"urn:nasty:{uuid4()}"
    asyncio.run(account(clinic, as_bundle(resources), system))


@pytest.mark.parametrize("text", TEXTS, ids=range(len(TEXTS)))
async def test_every_text_in_every_place_at_once(clinic: Clinic, text: str) -> None:
    resources = [json.loads(json.dumps(one)) for one in WHOLE]
    for number, path in PLACES:
        value = resources[number]
        for step in path[:-1]:
            value = value[step]
        if isinstance(value[path[-1]], str) and path[-1] != "reference":
            value[path[-1]] = text
    await account(clinic, as_bundle(resources), f"urn:text:{TEXTS.index(text)}")


@pytest.mark.parametrize("number", NUMBERS)
async def test_every_number_in_every_place_at_once(clinic: Clinic, number: float) -> None:
    resources = [json.loads(json.dumps(one)) for one in WHOLE]
    for position, path in PLACES:
        value = resources[position]
        for step in path[:-1]:
            value = value[step]
        if isinstance(value[path[-1]], int | float):
            value[path[-1]] = number
    await account(clinic, as_bundle(resources), f"urn:number:{number}")


async def test_a_number_no_one_ever_measured_is_refused_in_a_sentence(clinic: Clinic, tmp_path: Path) -> None:
    path = tmp_path / "huge.json"
    path.write_text(
        json.dumps(bundle(patient())).replace('"p1"', '"p1", "extension": [{"valueDecimal": 1e99999}]')
    )
    summary = await clinic.take(path)
    assert "more than 300 digits" in summary.broken[0].reason
