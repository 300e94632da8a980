"""Who hears of what, in which order, and that nothing is missed: not at a commit that comes late, not at a cut."""

import asyncio
from collections.abc import Callable
from datetime import timedelta
from uuid import UUID

import pytest
from live.conftest import Listening

from app.access.live import TOPICS
from app.access.permissions import Permission
from app.core.errors import TooMany
from app.features.live import hub as hub_module
from app.features.live.hub import Message, Reader
from app.features.live.positions import NOWHERE, Position, read_position

# Those of the hub, to the database of the test.
CONNECTIONS = (
    "FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
    " AND query LIKE '%%pg_current_snapshot%%'"
)


async def test_staff_hear_of_a_change_in_their_hospital_by_ids_only(listening_in: Listening) -> None:
    reader = await listening_in.joins()
    bed = listening_in.touch("beds", listening_in.here)
    message = await listening_in.hears(reader)
    assert message.change is not None
    assert message.change.model_dump() == {"topic": "beds", "id": bed, "patient_id": None, "visit_id": None}
    visit = listening_in.touch("visits", listening_in.here)
    message = await listening_in.hears(reader)
    assert message.change is not None
    assert (message.change.topic, message.change.visit_id) == ("visits", visit)


async def test_nobody_hears_of_another_hospital(listening_in: Listening) -> None:
    reader = await listening_in.joins()
    listening_in.touch("patients", listening_in.there)
    await listening_in.hears_nothing_more(reader)


async def test_nobody_hears_of_what_his_role_may_not_see(
    listening_in: Listening, permissions_without: Callable[[Permission], frozenset[str]]
) -> None:
    reader = await listening_in.joins(permissions=permissions_without(Permission.VITALS_READ))
    listening_in.touch("vitals", listening_in.here)
    await listening_in.hears_nothing_more(reader)


@pytest.mark.parametrize("scope", ["network", "region", "self"])
async def test_only_staff_of_the_hospital_hear(listening_in: Listening, scope: str) -> None:
    reader = await listening_in.joins("manager", scope=scope)
    listening_in.touch("beds", listening_in.here)
    witness = await listening_in.joins()
    listening_in.touch("beds", listening_in.here)
    await listening_in.hears(witness)
    assert [message.event for message in drain(reader.queue)] == ["hello"]


def drain(queue: asyncio.Queue[Message]) -> list[Message]:
    return [queue.get_nowait() for _ in range(queue.qsize())]


# Commits in another order than the numbers


async def test_a_commit_that_comes_late_is_heard_though_its_number_is_lower(listening_in: Listening) -> None:
    reader = await listening_in.joins()
    with listening_in.database.owner(autocommit=False) as slow:
        early = listening_in.touch("visits", listening_in.here, slow)
        later = listening_in.touch("beds", listening_in.here)
        first = await listening_in.hears(reader)
        assert first.change is not None
        assert first.change.id == later
        slow.commit()
        second = await listening_in.hears(reader)
    assert second.change is not None
    assert second.change.id == early


async def test_who_comes_back_gets_what_was_committed_late_and_nothing_twice(listening_in: Listening) -> None:
    reader = await listening_in.joins()
    with listening_in.database.owner(autocommit=False) as slow:
        early = listening_in.touch("visits", listening_in.here, slow)
        listening_in.touch("beds", listening_in.here)
        left_at = (await listening_in.hears(reader)).position
        assert left_at is not None
        # Cut off here; what the other transaction did is not committed yet, and has the lower number.
        slow.commit()
    again = await listening_in.joins(since=left_at)
    message = await listening_in.hears(again)
    assert message.change is not None
    assert message.change.id == early
    await listening_in.hears_nothing_more(again)


async def test_a_change_that_was_rolled_back_is_never_heard_of(listening_in: Listening) -> None:
    reader = await listening_in.joins()
    with listening_in.database.owner(autocommit=False) as given_up:
        listening_in.touch("visits", listening_in.here, given_up)
        given_up.rollback()
    await listening_in.hears_nothing_more(reader)


async def test_a_connection_that_breaks_costs_no_change(
    listening_in: Listening, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hub_module, "AGAIN_SECONDS", 0.01)
    reader = await listening_in.joins()
    assert listening_in.sql(f"SELECT pg_terminate_backend(pid) {CONNECTIONS}")
    bed = listening_in.touch("beds", listening_in.here)
    message = await listening_in.hears(reader)
    assert message.change is not None
    assert message.change.id == bed


async def test_many_rows_of_one_statement_are_one_event(listening_in: Listening) -> None:
    reader = await listening_in.joins(hospital_id=listening_in.there)
    listening_in.sql(
        "INSERT INTO beds (id, hospital_id, bed_number, ward) SELECT gen_random_uuid(), %s, 'many-' || n, 'Many'"
        " FROM generate_series(1, 21) AS n",
        listening_in.there,
    )
    message = await listening_in.hears(reader)
    assert message.change is not None
    assert message.change.model_dump() == {
        "topic": "beds",
        "id": None,
        "patient_id": None,
        "visit_id": None,
    }


# Readers who are late, slow, or gone


@pytest.mark.parametrize(
    "known",
    [
        "",
        "nonsense",
        "0-1:1:",
        "9-9:1:",
        "1-1:5:9",
        "1-5:9:7,6",
        "-1-1:1:",
        "1-1:99999999999999999999:",
        "1-1:1:\n",
    ],
)
async def test_who_knows_no_position_of_ours_is_told_to_read_anew(
    listening_in: Listening, known: str
) -> None:
    reader = await listening_in.joins(since=read_position(known))
    assert [message.event for message in drain(reader.queue)] == ["reload"]


async def test_who_was_away_for_long_or_comes_from_another_database_is_told_to_read_anew(
    listening_in: Listening,
) -> None:
    await listening_in.joins()
    now = listening_in.hub.position
    assert now is not None
    assert read_position(now.text).snapshot == now.snapshot
    for lost in (
        Position(now.snapshot, now.at - timedelta(hours=1)),
        Position(f"{now.upper + 1_000_000}:{now.upper + 1_000_000}:", now.at),
        NOWHERE,
    ):
        reader = await listening_in.joins(since=lost)
        assert [message.event for message in drain(reader.queue)] == ["reload"]


async def test_who_missed_very_much_is_told_to_read_anew(
    listening_in: Listening, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hub_module, "MOST_MISSED", 2)
    await listening_in.joins()
    since = listening_in.hub.position
    for _ in range(3):
        listening_in.touch("beds", listening_in.here)
    reader = await listening_in.joins(since=since)
    assert [message.event for message in drain(reader.queue)] == ["reload"]


async def test_who_does_not_keep_up_is_let_go_and_costs_the_others_nothing(
    listening_in: Listening, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hub_module, "MOST_WAITING", 3)
    slow = await listening_in.joins()
    quick = await listening_in.joins()
    await listening_in.hears(quick, "hello")
    for _ in range(4):
        bed = listening_in.touch("beds", listening_in.here)
        message = await listening_in.hears(quick)
        assert message.change is not None
        assert message.change.id == bed
    assert slow.is_over
    assert [message.event for message in drain(slow.queue)] == ["reload"]


def test_a_sign_in_listens_so_many_times_and_no_more(listening_in: Listening) -> None:
    """Counted as soon as they may, and not only once they hear: a hundred may ask in the same instant."""

    def ask(session: int) -> Reader:
        reader = Reader(UUID(int=session), "hospital", listening_in.here, frozenset())
        listening_in.hub.admit(reader)
        return reader

    asked = [ask(0) for _ in range(hub_module.MOST_OF_A_SIGN_IN)]
    with pytest.raises(TooMany):
        ask(0)
    asked.append(ask(1))
    listening_in.hub.leave(asked[0])
    asked.append(ask(0))


async def test_two_hundred_readers_share_one_connection(listening_in: Listening) -> None:
    # A server in a thread of these tests may have one of its own.
    ((others,),) = listening_in.sql(f"SELECT count(*) {CONNECTIONS}")
    readers = await asyncio.gather(*(listening_in.joins(session_id=UUID(int=n)) for n in range(200)))
    listening_in.touch("beds", listening_in.here)
    for reader in readers:
        await listening_in.hears(reader)
    assert listening_in.sql(f"SELECT count(*) {CONNECTIONS}") == [(others + 1,)]


@pytest.mark.parametrize("table", sorted(TOPICS))
async def test_every_topic_is_announced_when_it_is_new_and_when_it_changes(
    listening_in: Listening, table: str
) -> None:
    found = listening_in.sql(
        "SELECT tgname::text FROM pg_trigger WHERE tgrelid = %s::regclass AND tgname LIKE '%%_live_%%' ORDER BY 1",
        table,
    )
    assert found == [(f"{table}_live_change",), (f"{table}_live_new",)]
