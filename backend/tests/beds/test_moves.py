"""Domain 5.5: beds taken, left and kept, by the functions that every act about a place calls."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from factories import Values
from sqlalchemy.ext.asyncio import AsyncSession
from ward_world import Ward

from app.access.reach import the_visit
from app.core.errors import Conflict, HassError, Invalid, NotFound
from app.features.beds import actions, moves
from app.features.beds.schemas import CleanIn
from app.models.bed import Bed, BedStatus

NOW = datetime(2026, 3, 10, 14, 30, tzinfo=UTC)
HOUR = timedelta(hours=1)
TRIES = 40


async def take(ward: Ward, visit: Values, bed: Values, *, now: datetime = NOW, **more: Any) -> None:
    async with ward.session() as session:
        locked = await the_visit(session, visit["id"], lock=True)
        await moves.take_bed(session, ward.actor(), locked, bed["id"], now=now, **more)


async def leave(ward: Ward, visit: Values, *, now: datetime = NOW) -> Bed | None:
    async with ward.session() as session:
        locked = await the_visit(session, visit["id"], lock=True)
        return await moves.leave_bed(session, ward.actor(), locked, now=now)


async def reserve(ward: Ward, visit: Values, bed: Values, *, until: datetime = NOW + HOUR) -> None:
    async with ward.session() as session:
        locked = await the_visit(session, visit["id"], lock=True)
        await moves.reserve_bed(session, ward.actor(), bed["id"], locked, until=until, now=NOW)


async def expire(ward: Ward, *, now: datetime) -> int:
    async with ward.session() as session:
        return await moves.expire_reservations(session, now=now)


def stays(ward: Ward, visit: Values) -> list[tuple[Any, ...]]:
    return ward.connection.execute(
        "SELECT bed_id, assigned_at, released_at, ward, assigned_by_id FROM bed_assignments WHERE visit_id = %s"
        " ORDER BY assigned_at",
        (visit["id"],),
    ).fetchall()


async def test_a_taken_bed_names_its_patient_and_the_stay_names_who_put_him_there(ward: Ward) -> None:
    visit, bed = ward.visit(), ward.bed()
    await take(ward, visit, bed)
    row = ward.row("beds", bed["id"])
    assert (row["status"], row["assigned_visit_id"], row["assigned_patient_id"], row["assigned_at"]) == (
        "occupied", visit["id"], visit["patient_id"], NOW,
    )  # fmt: skip
    assert stays(ward, visit) == [(bed["id"], NOW, None, bed["ward"], ward.users["nurse"]["id"])]


async def test_a_move_leaves_the_first_bed_to_be_cleaned_at_the_instant_the_second_is_taken(
    ward: Ward,
) -> None:
    visit, first, second = ward.visit(), ward.bed(), ward.bed()
    await take(ward, visit, first)
    await take(ward, visit, second, now=NOW + HOUR)
    assert (ward.state(first), ward.state(second)) == ("cleaning", "occupied")
    assert [(bed, left) for bed, _, left, *_ in stays(ward, visit)] == [
        (first["id"], NOW + HOUR), (second["id"], None),
    ]  # fmt: skip
    assert ward.row("beds", first["id"])["status_changed_at"] == NOW + HOUR


async def test_a_left_bed_is_to_be_cleaned_and_the_stay_ends_then(ward: Ward) -> None:
    visit, bed = ward.visit(), ward.bed()
    await take(ward, visit, bed)
    left = await leave(ward, visit, now=NOW + HOUR)
    assert left is not None
    assert (left.id, ward.state(bed)) == (bed["id"], "cleaning")
    assert [left for _, _, left, *_ in stays(ward, visit)] == [NOW + HOUR]


async def test_whoever_leaves_has_no_bed_kept_for_him_any_more(ward: Ward) -> None:
    visit, bed = ward.visit(status="planned"), ward.bed()
    await reserve(ward, visit, bed)
    assert await leave(ward, visit) is None
    assert ward.state(bed) == "available"


@pytest.mark.parametrize(
    ("state", "code"),
    [
        ("occupied", "bed-taken"),
        ("reserved", "bed-reserved"),
        ("cleaning", "bed-not-clean"),
        ("maintenance", "bed-not-ready"),
        ("closed", "bed-not-ready"),
    ],
)
async def test_only_a_free_bed_is_taken_or_kept(ward: Ward, state: str, code: str) -> None:
    bed = ward.bed(state, ward.visit() if state in ("occupied", "reserved", "cleaning") else None)
    for act in (take, reserve):
        with pytest.raises(Conflict) as refused:
            await act(ward, ward.visit(), bed)
        assert refused.value.code == code
    assert ward.state(bed) == state


async def test_a_bed_that_is_switched_off_is_not_taken(ward: Ward) -> None:
    with pytest.raises(Conflict) as refused:
        await take(ward, ward.visit(), ward.bed(is_active=False))
    assert refused.value.code == "bed-not-ready"


async def test_a_bed_that_nobody_knows_is_not_found(ward: Ward) -> None:
    with pytest.raises(NotFound):
        await take(ward, ward.visit(), {"id": uuid4()})


@pytest.mark.parametrize("status", ["planned", "discharged", "cancelled"])
async def test_only_an_open_visit_takes_a_bed(ward: Ward, status: str) -> None:
    with pytest.raises(Conflict):
        await take(ward, ward.visit(status=status), ward.bed())


async def test_no_bed_is_kept_for_a_visit_that_has_ended_nor_until_a_time_past(ward: Ward) -> None:
    with pytest.raises(Conflict):
        await reserve(ward, ward.visit(status="discharged"), ward.bed())
    with pytest.raises(Invalid):
        await reserve(ward, ward.visit(), ward.bed(), until=NOW)


async def test_a_kept_bed_takes_its_visit_and_lets_the_other_one_kept_for_it_go(ward: Ward) -> None:
    visit, kept, also_kept = ward.visit(), ward.bed(), ward.bed()
    await reserve(ward, visit, kept)
    await reserve(ward, visit, also_kept)
    await take(ward, visit, kept)
    assert (ward.state(kept), ward.state(also_kept)) == ("occupied", "available")


async def test_a_reservation_is_prolonged_for_the_same_visit(ward: Ward) -> None:
    visit, bed = ward.visit(), ward.bed()
    await reserve(ward, visit, bed)
    await reserve(ward, visit, bed, until=NOW + 5 * HOUR)
    assert ward.row("beds", bed["id"])["reserved_until"] == NOW + 5 * HOUR


async def test_a_reservation_that_lapsed_holds_nobody_off(ward: Ward) -> None:
    bed, other = ward.bed(), ward.visit()
    await reserve(ward, ward.visit(), bed)
    await take(ward, other, bed, now=NOW + 2 * HOUR)
    assert ward.row("beds", bed["id"])["assigned_visit_id"] == other["id"]


async def test_whoever_comes_late_still_finds_the_bed_kept_for_him(ward: Ward) -> None:
    visit, bed = ward.visit(), ward.bed()
    await reserve(ward, visit, bed)
    await take(ward, visit, bed, now=NOW + 2 * HOUR)
    assert ward.state(bed) == "occupied"


async def test_expiry_frees_what_has_lapsed_and_nothing_else(ward: Ward) -> None:
    lapsed, later = ward.bed(), ward.bed()
    await reserve(ward, ward.visit(), lapsed)
    await reserve(ward, ward.visit(), later, until=NOW + 3 * HOUR)
    await expire(ward, now=NOW + 2 * HOUR)
    assert (ward.state(lapsed), ward.state(later)) == ("available", "reserved")
    assert await expire(ward, now=NOW + 2 * HOUR) == 0


async def test_a_reservation_that_lapses_while_its_patient_is_admitted_is_left_to_him(ward: Ward) -> None:
    visit, bed = ward.visit(), ward.bed()
    await reserve(ward, visit, bed)
    async with ward.session() as session:
        locked = await the_visit(session, visit["id"], lock=True)
        await moves.take_bed(session, ward.actor(), locked, bed["id"], now=NOW + 2 * HOUR)
        # The worker comes by before the admission is committed: it neither waits nor takes the bed away.
        assert await asyncio.wait_for(expire(ward, now=NOW + 2 * HOUR), 10) == 0
    assert ward.state(bed) == "occupied"


# Races: each on a connection of its own


async def race(ward: Ward, act: Callable[[int], Awaitable[Any]], tries: int = TRIES) -> Counter[str]:
    async def one(number: int) -> str:
        try:
            await act(number)
        except HassError as refused:
            return refused.code
        return "won"

    return Counter(await asyncio.gather(*(one(number) for number in range(tries))))


async def test_one_bed_takes_one_of_forty_patients(ward: Ward) -> None:
    bed, visits = ward.bed(), [ward.visit() for _ in range(TRIES)]
    ended = await race(ward, lambda number: take(ward, visits[number], bed))
    assert ended == {"won": 1, "bed-taken": TRIES - 1}
    lying = ward.connection.execute("SELECT count(*) FROM bed_assignments WHERE bed_id = %s", (bed["id"],))
    assert lying.fetchone() == (1,)


async def test_one_patient_of_forty_presses_lies_in_one_bed(ward: Ward) -> None:
    """Every press moves him on: one bed is taken in the end, the others wait for the cleaner."""
    visit, beds = ward.visit(), [ward.bed() for _ in range(TRIES)]
    assert await race(ward, lambda number: take(ward, visit, beds[number])) == {"won": TRIES}
    states = Counter(ward.state(bed) for bed in beds)
    assert states == {"occupied": 1, "cleaning": TRIES - 1}


async def test_one_bed_is_kept_for_one_of_forty_visits(ward: Ward) -> None:
    bed, visits = ward.bed(), [ward.visit() for _ in range(TRIES)]
    ended = await race(ward, lambda number: reserve(ward, visits[number], bed))
    assert ended == {"won": 1, "bed-reserved": TRIES - 1}


async def test_two_nurses_who_swap_patients_at_once_are_both_refused_and_neither_waits_for_ever(
    ward: Ward,
) -> None:
    pairs = []
    for _ in range(10):
        one, other, bed_of_one, bed_of_other = ward.visit(), ward.visit(), ward.bed(), ward.bed()
        await take(ward, one, bed_of_one)
        await take(ward, other, bed_of_other)
        pairs += [(one, bed_of_other), (other, bed_of_one)]
    ended = await race(ward, lambda number: take(ward, *pairs[number], now=NOW + HOUR), tries=len(pairs))
    assert ended == {"bed-taken": len(pairs)}


async def test_two_patients_who_each_want_the_bed_kept_for_the_other_never_wait_in_a_circle(
    ward: Ward,
) -> None:
    one, other, first, second = ward.visit(), ward.visit(), ward.bed(), ward.bed()
    await reserve(ward, one, first)
    await reserve(ward, other, second)
    wanted = [(one, second), (other, first)]
    ended = await race(ward, lambda number: take(ward, *wanted[number]), tries=2)
    assert ended == {"bed-reserved": 2}


async def test_a_bed_is_given_to_the_first_when_a_reservation_lapses_under_two_hands(ward: Ward) -> None:
    bed = ward.bed()
    await reserve(ward, ward.visit(), bed)
    late, newcomer = NOW + 2 * HOUR, ward.visit()
    ended = await race(
        ward,
        lambda number: take(ward, newcomer, bed, now=late) if number else expire(ward, now=late),
        tries=2,
    )
    assert ended == {"won": 2}
    assert ward.state(bed) == BedStatus.OCCUPIED


async def test_the_present_of_the_act_ends_a_stay_also_where_two_clocks_differ(ward: Ward) -> None:
    """The act's clock goes an hour behind the database's: the stay before and the one after still meet."""
    visit, first, second = ward.visit(), ward.bed(), ward.bed()
    behind = datetime.now(UTC) - HOUR
    await take(ward, visit, first, now=behind - HOUR)
    await take(ward, visit, second, now=behind)
    assert [left for _, _, left, *_ in stays(ward, visit)] == [behind, None]


async def test_moves_of_one_transaction_are_undone_together(ward: Ward) -> None:
    visit, first, second = ward.visit(), ward.bed(), ward.bed()
    await take(ward, visit, first)

    async def half(session: AsyncSession) -> None:
        locked = await the_visit(session, visit["id"], lock=True)
        await moves.take_bed(session, ward.actor(), locked, second["id"], now=NOW + HOUR)
        raise Conflict("stopped", "Something else went wrong.")

    with pytest.raises(Conflict):
        async with ward.session() as session:
            await half(session)
    assert (ward.state(first), ward.state(second)) == ("occupied", "available")


@pytest.mark.parametrize(
    ("state", "act", "refusal"),
    [
        ("cleaning", lambda *now: actions.clean(*now[:3], CleanIn(), now=now[3]), "bed-not-to-clean"),
        ("reserved", lambda *now: actions.release(*now[:3], now=now[3]), "bed-not-reserved"),
        ("closed", lambda *now: actions.open_bed(*now[:3], now=now[3]), "bed-not-shut"),
    ],
    ids=["clean", "release", "open"],
)
async def test_a_turn_of_a_bed_that_ten_press_at_once_is_done_once(
    ward: Ward, state: str, act: Callable[..., Awaitable[Any]], refusal: str
) -> None:
    bed = ward.bed(state, ward.visit() if state == "reserved" else None)
    now = datetime.now(UTC) + HOUR

    async def press(_: int) -> None:
        async with ward.session() as session:
            await act(session, ward.actor(), bed["id"], now)

    assert await race(ward, press, tries=10) == {"won": 1, refusal: 9}
    assert len(ward.rows("SELECT id FROM bed_cleanings WHERE bed_id = %s", bed["id"])) == (
        state == "cleaning"
    )


async def test_a_bed_is_kept_for_one_or_taken_by_another_when_both_press_at_once(ward: Ward) -> None:
    bed, one, other = ward.bed(), ward.visit(), ward.visit()
    ended = await race(
        ward, lambda number: take(ward, one, bed) if number else reserve(ward, other, bed), tries=2
    )
    assert ended["won"] == 1
    row = ward.row("beds", bed["id"])
    assert (row["assigned_visit_id"], row["reserved_for_visit_id"]) in (
        (one["id"], None),
        (None, other["id"]),
    )
