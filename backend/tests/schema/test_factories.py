"""The factories give valid rows of every table, by both doors."""

from collections.abc import Iterator

import pytest
from factories import MACHINES, MODELS, TABLES, Make, make_lab_result, make_user, make_visit
from sqlalchemy.ext.asyncio import AsyncSession

from app.models.visit import VisitStatus


def states() -> Iterator[tuple[str, str]]:
    for table, machine in sorted(MACHINES.items()):
        for state in type(machine.first):
            yield table, state.value


@pytest.mark.parametrize("table", sorted(MODELS))
def test_every_table_has_a_factory_whose_row_is_accepted(make: Make, table: str) -> None:
    row = make.of(table)
    found = make.connection.execute(f"SELECT count(*) FROM {table} WHERE id = %s", (row["id"],)).fetchone()
    assert found == (1,)
    assert set(TABLES.values()) == set(MODELS)


@pytest.mark.parametrize(("table", "state"), list(states()))
def test_factory_reaches_every_state(make: Make, table: str, state: str) -> None:
    row = make.of(table, status=state)
    found = make.connection.execute(f"SELECT status FROM {table} WHERE id = %s", (row["id"],)).fetchone()
    assert found == (state,)


async def test_session_factory_writes_as_hass_app_and_returns_the_model(session: AsyncSession) -> None:
    visit = await make_visit(session, status=VisitStatus.DISCHARGED)
    doctor = await make_user(session, role="nurse")
    result = await make_lab_result(session)
    assert visit.status is VisitStatus.DISCHARGED
    assert doctor.email is not None
    assert result.hospital_id != visit.hospital_id
