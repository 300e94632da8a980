"""schemathesis over the whole OpenAPI, each request as each role and as nobody: no fault of ours, nothing unsaid."""

import re
import warnings
from collections import Counter
from collections.abc import Iterator
from contextlib import nullcontext, suppress
from typing import Any

import pytest
import schemathesis
from attack.conftest import CALLERS, NOBODY, Target
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis.errors import Unsatisfiable
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)
from served import Hospitals

from app.main import create_app, schema_of

EXAMPLES = 6
MODES = (GenerationMode.POSITIVE, GenerationMode.NEGATIVE)
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
    response_headers_conformance,
]
SCHEMA = schemathesis.openapi.from_dict(schema_of(create_app("postgresql://nowhere/none")))
OPERATIONS = [each.ok() for each in SCHEMA.get_all_operations()]
# Each attempt costs a bcrypt, and who sends it makes no difference.
COSTLY = {"POST /api/v1/auth/login", "POST /api/v1/auth/password", "POST /api/v1/auth/unlock"}


@pytest.fixture(scope="module")
def ids(hospitals: Hospitals) -> dict[str, str]:
    """Parameter > the id of a row that is there, for every table: `patient_id` stands for one of `patients`."""
    with hospitals.database.owner() as connection:
        tables = connection.execute(
            "SELECT table_name::text FROM information_schema.columns"
            " WHERE table_schema = 'public' AND column_name = 'id'"
        ).fetchall()
        found = {}
        for (table,) in tables:
            row = connection.execute(f'SELECT id FROM "{table}" ORDER BY id LIMIT 1').fetchone()
            if row:
                found[re.sub(r"ies$", "y", table).removesuffix("s") + "_id"] = str(row[0])
    return found


@pytest.fixture(scope="module")
def statuses() -> Iterator[Counter[int]]:
    seen: Counter[int] = Counter()
    yield seen
    # An attack that never got past the door would prove nothing.
    assert {200, 401, 403, 404, 422} <= set(seen), seen


@pytest.mark.parametrize("mode", MODES, ids=["as documented", "against the documents"])
@pytest.mark.parametrize("operation", OPERATIONS, ids=[each.label for each in OPERATIONS])
def test_no_role_gets_a_fault_or_an_undocumented_answer(
    operation: Any, mode: Any, target: Target, ids: dict[str, str], statuses: Counter[int]
) -> None:
    callers = [NOBODY, "nurse"] if operation.label in COSTLY else list(CALLERS)
    tried = 0

    @seed(3)
    @settings(
        max_examples=2 if operation.label in COSTLY else EXAMPLES,
        deadline=None,
        database=None,
        phases=[Phase.explicit, Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operation.as_strategy(generation_mode=mode))
    def attack(case: Any) -> None:
        nonlocal tried
        tried += 1
        # Every other attempt is upon a row that is there, in the version that it has.
        if tried % 2:
            case.path_parameters = {
                name: ids.get(name, value) for name, value in (case.path_parameters or {}).items()
            }
            if "If-Match" in (case.headers or {}) or "if-match" in (case.headers or {}):
                case.headers["if-match"] = "*"
        for who in list(callers):
            answer = send(case, target, who)
            statuses[answer.status_code] += 1
            case.validate_response(answer, checks=CHECKS)
            if answer.status_code == 403:
                # A missing right is refused whatever is sent: once is enough.
                callers.remove(who)

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        # Nothing can be sent against the documents where nothing can be sent.
        with suppress(Unsatisfiable) if mode is GenerationMode.NEGATIVE else nullcontext():
            attack()


def send(case: Any, target: Target, who: str) -> Any:
    wanted = case.as_transport_kwargs(base_url="http://testserver")
    headers = {name: value for name, value in wanted["headers"].items() if name.lower() != "authorization"}
    if who != NOBODY:
        headers["Authorization"] = target.tokens[who]
    body = {name: wanted[name] for name in ("json", "data", "content") if wanted.get(name) is not None}
    return target.client.request(
        wanted["method"], wanted["url"], params=wanted.get("params"), headers=headers, **body
    )
