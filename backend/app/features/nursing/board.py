"""The ward screen: everyone by need, what is due now (ui.md 3, "what must I do now")."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any, Literal
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from app.access.actor import Actor
from app.access.needs import needs
from app.access.permissions import Permission
from app.audit import events
from app.features.nursing import board_sql
from app.features.nursing.bounds import number
from app.features.nursing.queries import judged_of
from app.features.nursing.rules import Judged, Subject
from app.web.formatting import local_date

Due = Literal["late", "now", "soon", "later", "away"]
SOON = timedelta(minutes=30)
# So long a set that is due is not called late; the first one waits for who has just arrived. Ours.
GRACE, GRACE_OF_FIRST = timedelta(minutes=1), timedelta(minutes=15)
WITHOUT_A_BED = "-"
# Column of the sheet, what it is called, and the sign that scores there.
COLUMNS = (
    ("Resp", "respiratory_rate"),
    ("SpO₂", "spo2"),
    ("O₂", "supplemental_oxygen"),
    ("BP", "blood_pressure_systolic"),
    ("Pulse", "heart_rate"),
    ("ACVPU", "consciousness"),
    ("Temp", "temperature"),
)
# Worst first; a score that nobody knows stands before a low one.
RISKS = ("high", "medium", "low-medium", None, "low")


@dataclass(frozen=True)
class Cell:
    title: str
    words: str | None
    points: int | None


@dataclass(frozen=True)
class Row:
    """A patient on the screen."""

    facts: Mapping[str, Any]
    judged: Judged | None
    today: date
    due_at: datetime | None
    due: Due
    minutes: int

    def __getattr__(self, name: str) -> Any:
        try:
            return self.facts[name]
        except KeyError:
            raise AttributeError(name) from None

    @property
    def total(self) -> int | None:
        return None if self.judged is None else self.judged.total

    @property
    def risk(self) -> str | None:
        return None if self.judged is None else self.judged.risk

    @property
    def why_none(self) -> str:
        """Why there is no total, in two words under the chip."""
        if self.judged is None:
            return "no set yet"
        words = {"under_16": "under 16", "pregnant": "pregnant", "incomplete": "incomplete", "complete": ""}
        state = words[self.judged.state.value]
        return f"{state}, {self.judged.age_band}" if state == "under 16" and self.judged.age_band else state

    @property
    def cells(self) -> list[Cell]:
        return [] if self.judged is None else cells_of(self.facts, self.judged)

    @property
    def trend(self) -> list[int]:
        return _list(self.facts["scores"])

    @property
    def substances(self) -> list[str]:
        return _list(self.facts["allergies"])

    @property
    def alert_words(self) -> list[str]:
        return [] if not self.facts["alerts"] else str(self.facts["alerts"]).split(",")

    @property
    def need(self) -> tuple[Any, ...]:
        """The order of the screen: calls, what is late, what is soon due, then the score."""
        bucket = 0 if self.call_id else {"late": 1, "now": 2, "soon": 2, "later": 3, "away": 4}[self.due]
        risk = RISKS.index(self.risk)
        minutes = self.minutes if self.due in ("late", "now", "soon") else 0
        by = (risk, minutes) if bucket != 2 else (minutes, risk)
        return (bucket, *by, -(self.total or 0), self.bed_number or "", str(self.visit_id))


def _list(value: Any) -> list[Any]:
    """A json column arrives as text or as objects, depending on the driver's codec."""
    found = json.loads(value) if isinstance(value, str | bytes) else value
    return list(found or [])


def cells_of(facts: Mapping[str, Any], judged: Judged) -> list[Cell]:
    points = judged.score.points if judged.is_scored else {}
    return [Cell(title, _words(facts, sign), points.get(sign)) for title, sign in COLUMNS]


def _words(facts: Mapping[str, Any], sign: str) -> str | None:
    value = facts[sign]
    if value is None:
        return None
    if sign == "supplemental_oxygen":
        return oxygen_words(facts)
    if sign == "blood_pressure_systolic":
        return f"{value}/{facts['blood_pressure_diastolic']}"
    if sign == "temperature":
        return f"{Decimal(value):.1f}"
    return str(value)


def oxygen_words(facts: Mapping[str, Any]) -> str:
    if not facts["supplemental_oxygen"]:
        return "air"
    if facts["oxygen_flow_lpm"]:
        return f"{number(facts['oxygen_flow_lpm'])} L"
    return f"{facts['fio2_percent']} %" if facts["fio2_percent"] else "oxygen"


def row_of(facts: Mapping[str, Any], now: datetime) -> Row:
    today = local_date(now, facts["timezone"])
    judged = None
    due_at = facts["next_due_at"] or facts["admission_date"]
    if facts["vitals_id"] is not None:
        measured_on = local_date(facts["recorded_at"], facts["timezone"])
        pregnant = "pregnancy" in (facts["alerts"] or "")
        judged = judged_of(facts, Subject(facts["date_of_birth"], measured_on, pregnant, facts["scale_now"]))
        due_at = facts["next_due_at"] or facts["recorded_at"] + judged.response.interval
    if facts["visit_status"] == "on_leave" or due_at is None:
        return Row(facts, judged, today, due_at, "away", 0)
    minutes = int((due_at - now).total_seconds() / 60)
    grace = GRACE_OF_FIRST if judged is None else GRACE
    return Row(facts, judged, today, due_at, _due(due_at - now, grace), minutes)


def _due(wait: timedelta, grace: timedelta) -> Due:
    if wait <= -grace:
        return "late"
    if wait < GRACE:
        return "now"
    return "soon" if wait <= SOON else "later"


@dataclass(frozen=True)
class Ward:
    name: str
    beds: int
    taken: int


@dataclass(frozen=True)
class Board:
    """What the screen shows: `ward` is None for the reader's own patients."""

    wards: Sequence[Ward]
    ward: str | None
    rows: Sequence[Row]

    @property
    def longest(self) -> str:
        """How late the latest set is."""
        minutes = -min((row.minutes for row in self.late), default=0)
        return f"{minutes} min" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"

    @property
    def late(self) -> list[Row]:
        return [row for row in self.rows if row.due == "late"]

    @property
    def soon(self) -> list[Row]:
        return [row for row in self.rows if row.due in ("now", "soon")]

    @property
    def calls(self) -> list[Row]:
        return [row for row in self.rows if row.call_id]

    @property
    def leaving(self) -> list[Row]:
        return [row for row in self.rows if row.discharge_ordered_at]


@needs(Permission.VITALS_READ)
async def read_board(
    session: AsyncSession, actor: Actor, *, ward: str | None, mine: bool, now: datetime
) -> Board:
    """The patients of a ward, or one's own; without a choice one's own, where there are any, else the first ward.

    The reading is in the trail, with the number of patients shown."""
    found = await session.execute(text(board_sql.WARDS), {"hospital_id": actor.hospital_id})
    wards = [Ward(row.ward, row.beds, row.taken) for row in found]
    rows: list[Row] = []
    if mine or ward is None:
        rows = await _rows(session, actor, board_sql.OF_CARER, now, user_id=actor.user_id)
        ward = None
        if not rows and not mine:
            ward = next(
                (each.name for each in wards if each.taken), wards[0].name if wards else WITHOUT_A_BED
            )
    if ward is not None:
        sql = board_sql.WITHOUT_BED if ward == WITHOUT_A_BED else board_sql.OF_WARD
        given = {} if ward == WITHOUT_A_BED else {"ward": ward}
        rows = await _rows(session, actor, sql, now, **given)
    shown = {"by": "ward" if ward else "care", "found": len(rows)}
    await events.record(session, events.Event("E", events.QUERY, "vitals", query=shown))
    return Board(wards, ward, sorted(rows, key=lambda row: row.need))


async def _rows(
    session: AsyncSession, actor: Actor, sql: str, now: datetime, **given: str | UUID
) -> list[Row]:
    bound = {"hospital_id": actor.hospital_id, "now": now, **given}
    found = await session.execute(text(sql), bound)
    return [row_of(dict(row), now) for row in found.mappings()]
