"""The demo: North General Hospital with its nine logins and John Smith (S40, S41), then the sample patients."""

import asyncio
from collections import Counter
from pathlib import Path

from sqlalchemy import event, select, text
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from app.access.context import set_context
from app.core.database import create_engine, open_database, session_factory
from app.core.errors import HassError
from app.demo.john_smith import make_hospital_rows
from app.demo.logins import LOGINS
from app.demo.organisation import make_organisation
from app.models import Patient
from app.models.role import RoleName, Scope

__all__ = ["LOGINS", "build", "import_samples", "seed"]

ACT = "seed"
SAMPLES = Path(__file__).with_name("synthea-r4")
SAMPLES_SOURCE = "https://github.com/synthetichealth/synthea"
# Any number, the same for all: two seeds at once wait for each other instead of meeting a taken name.
ONE_AT_A_TIME = text("SELECT pg_advisory_xact_lock(4021)")


def seed(*, quiet: bool = False) -> Counter[str]:
    """Make the demo hospital; a second run adds nothing. Says what it made, by table, unless `quiet`."""
    made = asyncio.run(_seed())
    if not quiet:
        for table, count in sorted(made.items()):
            print(f"{table:<14} {count:>3} made")
        if not made:
            print("The demo hospital is there already; nothing was added.")
    return made


def import_samples() -> None:
    """Import the sample patients that HASS ships into North General Hospital; a second run changes nothing."""
    from app.fhir.importer import import_paths

    with open_database() as urls:
        summary = asyncio.run(
            import_paths([SAMPLES], url=urls.app_url, hospital="NGH", system=SAMPLES_SOURCE)
        )
    for broken in summary.broken:
        raise HassError(
            "samples-broken", f"The sample patients did not go in: {broken.path}: {broken.reason}"
        )


async def _seed() -> Counter[str]:
    with open_database() as urls:
        engine = create_engine(urls.app_url, refuse_powerful=False, pool_size=1)
        try:
            return await build(session_factory(engine))
        finally:
            await engine.dispose()


def _count(session: AsyncSession, made: Counter[str]) -> None:
    event.listen(
        session.sync_session, "pending_to_persistent", lambda _session, row: made.update([row.__tablename__])
    )


async def build(sessions: async_sessionmaker[AsyncSession]) -> Counter[str]:
    """The organisation in one transaction, the hospital's rows in another: each whole or not at all.

    Returns how many rows of which table were made."""
    made: Counter[str] = Counter()
    async with sessions.begin() as session:
        _count(session, made)
        await set_context(session, scope=Scope.NETWORK, act=ACT)
        await session.execute(ONE_AT_A_TIME)
        hospital, users = await make_organisation(session)
    async with sessions.begin() as session:
        _count(session, made)
        await set_context(
            session, scope=Scope.HOSPITAL, act=ACT, hospital_id=hospital.id, region_id=hospital.region_id
        )
        await session.execute(ONE_AT_A_TIME)
        known = await session.scalar(select(Patient.id).where(Patient.user_id == users[RoleName.PATIENT]))
        if known is None:
            await make_hospital_rows(session, hospital, users)
    return made
