"""Two press at once, on connections of their own: one wins, the other is told (S32)."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest
from factories import Values
from notes_team import Team
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession
from ward_world import Ward

from app.access.actor import Actor
from app.core import clock
from app.core.errors import HassError
from app.features.notes import care_actions, handover_actions
from app.features.notes.schemas import CareIn, SynthesisIn
from app.models.visit import CareRole

UNDERSTOOD = SynthesisIn(synthesis="Watch the saturation.")
Act = Callable[[AsyncSession, Actor], Awaitable[Any]]


async def press(ward: Ward, team: Team, who: str, act: Act) -> str:
    """As that person, on a connection of its own: how it ended."""
    actor = replace(ward.actor("nurse"), user_id=team.people[who]["id"])
    try:
        async with ward.session("nurse") as session:
            await session.execute(
                text("SELECT set_config('hass.user_id', :id, true)"), {"id": str(actor.user_id)}
            )
            await act(session, actor)
    except HassError as refused:
        return refused.code
    except IntegrityError as refused:
        return str(getattr(refused.orig.__cause__, "constraint_name", "refused"))  # type: ignore[union-attr]
    return "won"


def handed(team: Team, visit: Values) -> UUID:
    people = {"from_user_id": team.people["nurse"]["id"], "to_user_id": team.people["other_nurse"]["id"]}
    row_id: UUID = team.ward.make.handover(visit=visit, status="given", **people)["id"]
    return row_id


@pytest.mark.parametrize("times", range(3))
async def test_receiver_accepts_while_the_giver_withdraws(ward: Ward, team: Team, times: int) -> None:
    visit = team.visit(cared_by="nurse")
    handover = handed(team, visit)

    async def accept(session: AsyncSession, actor: Actor) -> None:
        await handover_actions.accept_handover(session, actor, handover, UNDERSTOOD, now=clock.now())

    async def withdraw(session: AsyncSession, actor: Actor) -> None:
        await handover_actions.withdraw_handover(session, actor, handover, now=clock.now())

    ended = await asyncio.gather(
        press(ward, team, "other_nurse", accept), press(ward, team, "nurse", withdraw)
    )
    assert sorted(ended) == ["state-move-refused", "won"]
    state, caring = ward.row("handovers", handover)["status"], team.caring(visit)
    assert (state, caring) == (
        ("accepted", ["other_nurse"]) if ended[0] == "won" else ("withdrawn", ["nurse"])
    )


async def test_receiver_who_accepts_twenty_times_at_once_accepts_once(ward: Ward, team: Team) -> None:
    visit = team.visit(cared_by="nurse")
    handover = handed(team, visit)

    async def accept(session: AsyncSession, actor: Actor) -> None:
        await handover_actions.accept_handover(session, actor, handover, UNDERSTOOD, now=clock.now())

    ended = await asyncio.gather(*(press(ward, team, "other_nurse", accept) for _ in range(20)))
    assert (ended.count("won"), ended.count("state-move-refused")) == (1, 19)
    assert team.caring(visit) == ["other_nurse"]


async def test_two_who_take_one_patient_over_at_once_are_not_both_in_the_place(
    ward: Ward, team: Team
) -> None:
    visit = team.visit()
    third = team.ward.make.user("nurse", hospital=ward.hospital)
    care = team.ward.make.care_assignment(visit=visit, user=third)["id"]

    async def take(session: AsyncSession, actor: Actor) -> None:
        await care_actions.take_over(session, actor, care, now=clock.now())

    ended = await asyncio.gather(press(ward, team, "nurse", take), press(ward, team, "other_nurse", take))
    assert sorted(ended) == ["care-ended", "won"]
    assert len(team.caring(visit)) == 1


async def test_one_nurse_assigned_twenty_times_at_once_cares_once(ward: Ward, team: Team) -> None:
    visit = team.visit()
    wanted = CareIn(user_id=team.people["nurse"]["id"], role=CareRole.NURSE)

    async def assign(session: AsyncSession, actor: Actor) -> None:
        await care_actions.assign_care(session, actor, visit["id"], wanted, now=clock.now())

    ended = await asyncio.gather(*(press(ward, team, "other_nurse", assign) for _ in range(20)))
    assert ended.count("won") == 1
    assert set(ended) - {"won"} <= {"care_assignments_one_at_a_time_excl"}
    assert team.caring(visit) == ["nurse"]


async def test_two_doctors_put_in_charge_at_once_follow_each_other(ward: Ward, team: Team) -> None:
    visit = team.visit()

    def charge(who: str) -> Act:
        async def assign(session: AsyncSession, actor: Actor) -> None:
            wanted = CareIn(user_id=team.people[who]["id"], role=CareRole.ATTENDING)
            await care_actions.assign_care(session, actor, visit["id"], wanted, now=clock.now())

        return assign

    ended = await asyncio.gather(
        *(press(ward, team, "nurse", charge(who)) for who in ("doctor", "other_doctor"))
    )
    assert ended == ["won", "won"]
    (one,) = team.caring(visit, "attending")
    assert str(ward.row("visits", visit["id"])["attending_doctor_id"]) == team.id(one)
