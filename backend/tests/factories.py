"""Rows that are valid by default, with the whole chain above them: a test mentions only what matters to it.

`make = Make(connection)` writes by psycopg: `make.visit(status="discharged")` returns the row as a dict.
`await make_visit(session, status=VisitStatus.DISCHARGED)` writes through a SQLAlchemy session, as hass_app too, and
returns the model. Parents may be given (`visit=`, `patient=`, `hospital=` ...), as a dict or a model.
A status other than the machine's first is reached by its moves, as it would be on the ward."""

from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID

import psycopg
from chain import HOUR, MACHINES, MODELS, NOW, PASSWORD_HASH, SHA, Chain, Values, facts, values_of
from psycopg import sql
from psycopg.types.json import Jsonb
from sqlalchemy import insert, select, text, update
from sqlalchemy.ext.asyncio import AsyncSession

from app.models import Base, Role

__all__ = ["HOUR", "MACHINES", "MODELS", "NOW", "PASSWORD_HASH", "SHA", "Make", "Values", "facts"]

TABLES = {
    "region": "regions", "hospital": "hospitals", "role": "roles", "user": "users", "session": "sessions",
    "password_link": "password_links", "sign_in_delay": "sign_in_delays", "form_draft": "form_drafts",
    "idempotency_key": "idempotency_keys", "person": "persons", "person_identifier": "person_identifiers",
    "mrn_counter": "mrn_counters", "patient": "patients", "patient_identifier": "patient_identifiers",
    "allergy": "allergies", "visit": "visits", "diagnosis": "diagnoses", "bed": "beds",
    "bed_cleaning": "bed_cleanings",
    "discharge_summary": "discharge_summaries", "transfer_request": "transfer_requests",
    "bed_assignment": "bed_assignments", "care_assignment": "care_assignments",
    "handover": "handovers", "fluid_entry": "fluid_entries",
    "vitals": "vitals", "nurse_log": "nurse_logs", "lab_test": "lab_tests",
    "lab_result": "lab_results", "prescription": "prescriptions", "appointment": "appointments",
    "emr_local": "emr_local", "emr_global": "emr_global", "access_grant": "access_grants",
    "import_source": "import_sources", "ai_draft": "ai_drafts", "inventory": "inventory",
    "escalation": "escalations",
    "notification": "notifications", "audit_log": "audit_logs", "audit_seal": "audit_seals",
    "patient_alert": "patient_alerts", "patient_merge": "patient_merges", "merge_line": "merge_journal",
    "person_link": "person_links",
}  # fmt: skip
FACTORIES = {table: factory for factory, table in TABLES.items()}


def _sent(value: Any) -> Any:
    return Jsonb(value) if isinstance(value, dict | list) else value


class Make(Chain):
    """Writes by psycopg, as a role that the policies let through: the owner of the cluster, or a tenant's context."""

    def __init__(self, connection: psycopg.Connection[Any]) -> None:
        super().__init__()
        self.connection = connection
        self._hospitals: dict[UUID, Values] = {}
        for row_id, name, scope in connection.execute("SELECT id, name, scope FROM roles").fetchall():
            self.roles[name] = {"id": row_id, "name": name, "scope": scope}

    def of(self, table: str, **given: Any) -> Values:
        """The factory of `table`: `make.of("visits")` is `make.visit()`."""
        made: Values = getattr(self, FACTORIES[table])(**given)
        return made

    def hospital_of(self, row: Values) -> Values:
        found = self.connection.execute(
            "SELECT id, region_id FROM hospitals WHERE id = %s", (row["hospital_id"],)
        ).fetchone()
        assert found is not None
        return {"id": found[0], "region_id": found[1]}

    def write(self, table: str, values: Values) -> None:
        values = {key: value for key, value in values.items() if not key.startswith("_")}
        statement = sql.SQL("INSERT INTO {} ({}) VALUES ({})").format(
            sql.Identifier(table),
            sql.SQL(", ").join(map(sql.Identifier, values)),
            sql.SQL(", ").join(sql.Placeholder() * len(values)),
        )
        self.connection.execute(statement, [_sent(value) for value in values.values()])

    def change(self, table: str, row_id: UUID, changes: Values) -> None:
        statement = sql.SQL("UPDATE {} SET {} WHERE id = %s").format(
            sql.Identifier(table),
            sql.SQL(", ").join(sql.SQL("{} = %s").format(sql.Identifier(name)) for name in changes),
        )
        self.connection.execute(statement, [*(_sent(value) for value in changes.values()), row_id])


class Plan(Chain):
    """Remembers the steps, so that an asynchronous session can take them."""

    def __init__(self) -> None:
        super().__init__()
        self.steps: list[tuple[str, UUID | None, Values]] = []
        self._made: dict[UUID, Values] = {}

    def hospital_of(self, row: Values) -> Values:
        return self._made[row["hospital_id"]]

    def hospital(self, **given: Any) -> Values:
        made = super().hospital(**given)
        self._made[made["id"]] = made
        return made

    def know(self, hospital: Any) -> None:
        self._made[values_of(hospital)["id"]] = values_of(hospital)

    def write(self, table: str, values: Values) -> None:
        self.steps.append((table, None, {k: v for k, v in values.items() if not k.startswith("_")}))

    def change(self, table: str, row_id: UUID, changes: Values) -> None:
        self.steps.append((table, row_id, changes))


_REACH = text(
    "SELECT set_config('hass.scope', :scope, true), set_config('hass.hospital_id', :hospital_id, true),"
    " set_config('hass.region_id', :region_id, true), set_config('hass.act', 'test', true)"
)
_PERSON = text("SELECT person_create(:id, :first_name, :last_name, :date_of_birth, :gender, NULL)")
ORGANISATION = frozenset({"regions", "hospitals", "roles", "users"})


async def make(session: AsyncSession, factory: str, **given: Any) -> Any:
    """Write the row and its chain through `session`; afterwards the transaction reaches the row's hospital."""
    plan = Plan()
    await session.execute(_REACH, {"scope": "network", "hospital_id": "", "region_id": ""})
    for role in await session.scalars(select(Role)):
        plan.roles[role.name] = values_of(role)
    for table in ("hospitals",):
        for found in (await session.execute(select(Base.metadata.tables[table]))).mappings():
            plan.know(dict(found))
    wanted = getattr(plan, factory)(**given)
    for table, row_id, values in plan.steps:
        await _take(session, plan, table, row_id, values)
    model = MODELS[TABLES[factory]]
    identity = wanted["id"]
    return (await session.execute(select(model).where(model.id == identity))).scalar_one()


async def _take(session: AsyncSession, plan: Plan, table: str, row_id: UUID | None, values: Values) -> None:
    if table == "persons":
        await session.execute(_PERSON, values)
        return
    target = Base.metadata.tables[table]
    hospital_id = values.get("hospital_id") or values.get("source_hospital_id")
    if table in ORGANISATION:
        await session.execute(_REACH, {"scope": "network", "hospital_id": "", "region_id": ""})
    elif hospital_id is not None:
        region_id = plan.hospital_of({"hospital_id": hospital_id})["region_id"]
        reach = {"scope": "hospital", "hospital_id": str(hospital_id), "region_id": str(region_id)}
        await session.execute(_REACH, reach)
    statement = insert(target).values(values)
    if row_id is not None:
        statement = update(target).where(target.c.id == row_id).values(values)  # type: ignore[assignment]
    await session.execute(statement)


def _maker(factory: str) -> Callable[..., Awaitable[Any]]:
    async def made(session: AsyncSession, **given: Any) -> Any:
        return await make(session, factory, **given)

    made.__name__ = f"make_{factory}"
    return made


make_region, make_hospital, make_role = _maker("region"), _maker("hospital"), _maker("role")
make_user, make_patient, make_visit = _maker("user"), _maker("patient"), _maker("visit")
make_allergy, make_diagnosis, make_bed = _maker("allergy"), _maker("diagnosis"), _maker("bed")
make_vitals, make_nurse_log, make_lab_test = _maker("vitals"), _maker("nurse_log"), _maker("lab_test")
make_lab_result, make_prescription = _maker("lab_result"), _maker("prescription")
make_appointment, make_emr_local = _maker("appointment"), _maker("emr_local")
make_inventory, make_ai_draft = _maker("inventory"), _maker("ai_draft")
make_emr_global, make_notification = _maker("emr_global"), _maker("notification")
make_escalation = _maker("escalation")
