"""The same by SQL as hass_app: whatever is asked, with and without context, never a row of another tenant.

Hypothesis makes the statements: conditions, joins, aggregates, changes and new rows over every table."""

import contextlib
from collections.abc import Iterator
from typing import Any
from uuid import UUID

import psycopg
import pytest
from factories import MODELS, Make, Values
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from network import ORGANISATION
from psycopg import sql
from psycopg.rows import dict_row
from sqlalchemy import Boolean, Date, DateTime, Integer, Numeric, SmallInteger, Text, Uuid
from tenancy_world import CLINICAL, World, build

EXAMPLES = settings(
    max_examples=100,
    deadline=None,
    database=None,
    derandomize=True,
    suppress_health_check=list(HealthCheck),
)
TABLES = sorted(MODELS)
# Whose a row is, where a column says so.
OWNERS = {
    table: next(
        (name for name in ("hospital_id", "source_hospital_id") if name in model.__table__.columns), None
    )
    for table, model in MODELS.items()
}
OF_HOSPITAL = sorted(table for table, column in OWNERS.items() if column)
REFUSALS = (
    psycopg.errors.InsufficientPrivilege,
    psycopg.errors.IntegrityError,
    psycopg.errors.DataError,
    psycopg.errors.InvalidColumnReference,
)


@pytest.fixture(scope="module")
def world(warm_connection: psycopg.Connection[Any]) -> Iterator[World]:
    with warm_connection.transaction(force_rollback=True):
        yield build(Make(warm_connection))


EYES = ("nobody", "staff of a", "staff of c", "regional administrator", "super administrator", "patient")


@contextlib.contextmanager
def looking(world: World, eyes: str) -> Iterator[None]:
    """The context of one kind of caller, as the application sets it."""
    make, at = world.make, world.at
    if eyes == "nobody":
        with world.seen_as(None):
            yield
    elif eyes.startswith("staff"):
        hospital = at[eyes[-1]]
        user = make.staff({"hospital_id": hospital["id"]}, "doctor")
        reach = {"hospital_id": hospital["id"], "region_id": hospital["region_id"], "user_id": user["id"]}
        with world.seen_as("hospital", **reach):
            yield
    elif eyes == "regional administrator":
        north = world.region["north"]
        with world.seen_as(
            "region", region_id=north["id"], user_id=administrator(make, "regional_admin", north)
        ):
            yield
    elif eyes == "super administrator":
        with world.seen_as("network", user_id=administrator(make, "super_admin", None)):
            yield
    else:
        with world.patient():
            yield


def administrator(make: Make, role: str, region: Values | None) -> UUID:
    """A user that is there: whatever one who is not changes is refused by the trail, and no policy is asked."""
    found = make.connection.execute(
        "SELECT u.id FROM users u JOIN roles r ON r.id = u.role_id"
        " WHERE r.name = %s AND u.region_id IS NOT DISTINCT FROM %s LIMIT 1",
        (role, region["id"] if region else None),
    ).fetchone()
    return found[0] if found else make.user(role, region=region)["id"]


def may_see(world: World, eyes: str, table: str, row: Values) -> bool:
    """Domain 5.2 by hand: whether a row may be shown to these eyes; persons and the like have tests of their own."""
    owner = OWNERS[table]
    hospital = None if owner is None else row[owner]
    if eyes == "nobody":
        return False
    if eyes.startswith("staff"):
        here = world.at[eyes[-1]]
        if table == "emr_global":
            # Published records of persons under treatment here; which ones, test_tenancy.py says.
            return row["status"] == "synced" or hospital == here["id"]
        if table == "hospitals":
            return bool(row["id"] == here["id"])
        if table == "regions":
            return bool(row["id"] == here["region_id"])
        return (
            hospital is None and table not in ("users", "notifications", "audit_logs")
        ) or hospital == here["id"]
    if eyes == "patient":
        # Exactly what domain 5.2 lists, which the world knows by heart.
        mine = table == "person_identifiers" and row["person_id"] == world.person["shared"]["id"]
        return mine or table == "roles" or row["id"] in world.own.get(table, set())
    if table in CLINICAL or table == "emr_global":
        return False
    if table == "audit_logs":
        # States of clinical rows would show them.
        in_reach = eyes == "super administrator" or row["region_id"] == world.region["north"]["id"]
        return in_reach and row["resource_type"] in ORGANISATION | {"roles", "sessions", "audit_logs"}
    if eyes == "super administrator":
        return table in ORGANISATION | {"roles", "notifications"} or hospital is None
    if eyes == "regional administrator":
        north = world.region["north"]["id"]
        place = row["id"] if table == "regions" else row.get("region_id")
        return table not in ("users", "hospitals", "regions") or place == north
    return True


COMPARISONS = ("=", "<>", "<", ">", "<=", ">=", "IS DISTINCT FROM")


@st.composite
def conditions(draw: st.DrawFn, alias: str, table: str) -> sql.Composable:
    """A condition over the columns of `table`, true for many rows."""
    columns = [column for column in MODELS[table].__table__.columns if _plain(column) is not None]
    parts = []
    for _ in range(draw(st.integers(0, 3))):
        column = draw(st.sampled_from(columns))
        name = sql.Identifier(alias, column.name)
        if draw(st.booleans()):
            parts.append(sql.SQL("{} IS NOT NULL").format(name))
        else:
            comparison = sql.SQL(draw(st.sampled_from(COMPARISONS)))
            parts.append(sql.SQL("{} {} {}").format(name, comparison, sql.Literal(_plain(column))))
    word = sql.SQL(draw(st.sampled_from([" AND ", " OR "])))
    listed = word.join([sql.SQL("({})").format(part) for part in parts]) if parts else sql.SQL("true")
    return sql.SQL("NOT ({})").format(listed) if draw(st.booleans()) and parts else listed


def _plain(column: Any) -> Any:
    """A value to compare the column with; None for kinds that are not compared."""
    if column.name in ("password_hash", "refresh_hash", "cookie_hash", "token_hash"):
        return None
    for kind, value in (
        (Boolean, True), (SmallInteger, 1), (Integer, 1), (Numeric, 1), (DateTime, "2026-01-01T00:00:00Z"),
        (Date, "2026-01-01"), (Uuid, "00000000-0000-7000-8000-000000000000"), (Text, "m"),
    ):  # fmt: skip
        if isinstance(column.type, kind):
            return value
    return None


@st.composite
def questions(draw: st.DrawFn) -> tuple[str, sql.Composable]:
    """A statement that answers with ids of one table, asked in one of many ways."""
    table = draw(st.sampled_from(TABLES))
    other = draw(st.sampled_from(TABLES))
    where, joined = draw(conditions("t", table)), draw(conditions("o", other))
    form = draw(st.sampled_from(FORMS))
    return table, sql.SQL(form).format(
        t=sql.Identifier(table), o=sql.Identifier(other), where=where, joined=joined
    )


# Selects, joins, subqueries, unions, windows and aggregates that carry ids out.
FORMS = (
    "SELECT t.id FROM {t} t WHERE {where}",
    "SELECT t.id FROM {t} t WHERE {where} ORDER BY t.created_at DESC LIMIT 50",
    "SELECT t.id FROM {t} t CROSS JOIN {o} o WHERE {where} AND {joined} LIMIT 500",
    "SELECT t.id FROM {o} o RIGHT JOIN {t} t ON {joined} WHERE {where} LIMIT 500",
    "SELECT t.id FROM {t} t FULL JOIN {o} o ON t.id = o.id WHERE t.id IS NOT NULL",
    "SELECT t.id FROM {t} t WHERE EXISTS (SELECT FROM {o} o WHERE {joined}) OR {where}",
    "SELECT t.id FROM {t} t WHERE t.id NOT IN (SELECT o.id FROM {o} o WHERE {joined})",
    "SELECT unnest(array_agg(t.id)) FROM {t} t WHERE {where}",
    "SELECT (jsonb_array_elements(jsonb_agg(to_jsonb(t.id))) #>> '{{}}')::uuid FROM {t} t WHERE {where}",
    "SELECT t.id FROM {t} t WHERE {where} UNION SELECT t.id FROM {t} t",
    "WITH c AS MATERIALIZED (SELECT t.id FROM {t} t WHERE {where}) SELECT id FROM c",
    "SELECT first_value(t.id) OVER (ORDER BY t.created_at) FROM {t} t WHERE {where}",
    "SELECT t.id FROM {t} t, LATERAL (SELECT o.id FROM {o} o WHERE {joined} LIMIT 1) l WHERE {where}",
    "SELECT t.id FROM ONLY {t} t WHERE {where} FOR SHARE",
    "SELECT t.id FROM {t} t TABLESAMPLE SYSTEM (100) WHERE {where}",
)


@pytest.fixture(scope="module")
def hidden(world: World) -> dict[tuple[str, str], set[UUID]]:
    """(eyes, table) > ids that must never come out, found past the policies."""
    cursor = world.connection.cursor(row_factory=dict_row)
    rows = {table: cursor.execute(f"SELECT * FROM {table}").fetchall() for table in TABLES}
    return {
        (eyes, table): {row["id"] for row in rows[table] if not may_see(world, eyes, table, row)}
        for eyes in EYES
        for table in TABLES
    }


@pytest.mark.parametrize("eyes", EYES)
def test_no_question_shows_a_row_of_another_tenant(
    world: World, hidden: dict[tuple[str, str], set[UUID]], eyes: str
) -> None:
    answered = 0

    @EXAMPLES
    @given(questions())
    def ask(question: tuple[str, sql.Composable]) -> None:
        nonlocal answered
        table, statement = question
        with looking(world, eyes):
            try:
                with world.connection.transaction():
                    seen = {row[0] for row in world.connection.execute(statement).fetchall()}
            except REFUSALS:
                return
        answered += 1
        assert not seen & hidden[eyes, table], statement.as_string(world.connection)

    ask()
    # A sweep whose statements all fail would prove nothing.
    assert answered > 30


@pytest.mark.parametrize("eyes", EYES)
def test_hidden_rows_cannot_even_be_counted(
    world: World, hidden: dict[tuple[str, str], set[UUID]], eyes: str
) -> None:
    for table in TABLES:
        total = world.connection.execute(f"SELECT count(*) FROM {table}").fetchone()
        with looking(world, eyes):
            counted = world.connection.execute(f"SELECT count(*) FROM {table}").fetchone()
            for row_id in list(hidden[eyes, table])[:2]:
                found = world.connection.execute(
                    f"SELECT count(*), max(created_at), bool_or(true) FROM {table} WHERE id = %s", (row_id,)
                )
                assert found.fetchone() == (0, None, None), (table, eyes)
        assert counted is not None
        assert total is not None
        assert counted[0] <= total[0] - len(hidden[eyes, table]), table


WRITERS = tuple(eyes for eyes in EYES if eyes != "nobody")


@st.composite
def changes(draw: st.DrawFn) -> tuple[str, str, str]:
    """(table, column, how): moves rows to another tenant, or takes rows of another one."""
    table = draw(st.sampled_from(OF_HOSPITAL))
    columns = [column.name for column in MODELS[table].__table__.columns if isinstance(column.type, Uuid)]
    return table, draw(st.sampled_from(columns)), draw(st.sampled_from(["move", "take", "insert", "upsert"]))


@pytest.mark.parametrize("eyes", WRITERS)
def test_no_change_moves_a_row_across_tenants(world: World, eyes: str) -> None:
    """UPDATE and INSERT with keys of another tenant: refused, or without effect on any row of the others."""

    @EXAMPLES
    @given(changes())
    def attempt(change: tuple[str, str, str]) -> None:
        table, column, how = change
        with world.connection.transaction(force_rollback=True):
            before = of_others(world, eyes)
            with looking_to_keep(world, eyes), contextlib.suppress(*REFUSALS), world.connection.transaction():
                write(world, table, column, how, elsewhere(world, eyes))
            assert of_others(world, eyes) == before, change

    attempt()


@contextlib.contextmanager
def looking_to_keep(world: World, eyes: str) -> Iterator[None]:
    """As `looking`, but what is written stays until the caller rolls back."""
    with looking(world, eyes):
        told = world.connection.execute(
            "SELECT key, current_setting('hass.' || key, true) FROM unnest(ARRAY['scope', 'user_id', 'region_id',"
            " 'hospital_id', 'person_id']) key"
        ).fetchall()
    for key, value in told:
        world.connection.execute("SELECT set_config('hass.' || %s, %s, true)", (key, value or ""))
    world.connection.execute("SET LOCAL ROLE hass_app")
    try:
        yield
    finally:
        world.connection.execute("RESET ROLE")


def elsewhere(world: World, eyes: str) -> Values:
    return world.at["a" if eyes.endswith("of c") else "c"]


def of_others(world: World, eyes: str) -> dict[str, set[tuple[Any, ...]]]:
    """Every row of the other hospital, whole."""
    other = elsewhere(world, eyes)["id"]
    return {
        table: set(
            world.connection.execute(
                f"SELECT id, md5(t::text) FROM {table} t WHERE {OWNERS[table]} = %s", (other,)
            ).fetchall()
        )
        for table in OF_HOSPITAL
        if table != "audit_logs"
    }


def write(world: World, table: str, column: str, how: str, other: Values) -> None:
    owner = OWNERS[table]
    if how == "move":
        world.connection.execute(f"UPDATE {table} SET {owner} = %s", (other["id"],))
    elif how == "take":
        world.connection.execute(f"UPDATE {table} SET {column} = {column} WHERE {owner} = %s", (other["id"],))
    else:
        columns = [each.name for each in MODELS[table].__table__.columns if each.computed is None]
        listed = ", ".join(columns)
        chosen = ", ".join(
            {"id": "gen_random_uuid()", str(owner): "%(other)s"}.get(name, name) for name in columns
        )
        on_conflict = f" ON CONFLICT (id) DO UPDATE SET {owner} = %(other)s" if how == "upsert" else ""
        world.connection.execute(
            f"INSERT INTO {table} ({listed}) OVERRIDING USER VALUE SELECT {chosen} FROM {table}{on_conflict}",
            {"other": other["id"]},
        )


# Table > eyes > which rows they may change, by hand; nobody else changes any.
IN_NORTH = "region_id = %(north)s"
CHANGEABLE: dict[str, dict[str, str]] = {
    "roles": {"super administrator": "true"},
    "regions": {"super administrator": "true", "regional administrator": "id = %(north)s"},
    "hospitals": {"super administrator": "true", "regional administrator": IN_NORTH},
    "users": {
        "super administrator": "true",
        "regional administrator": IN_NORTH,
        "staff of a": "hospital_id = %(a)s",
        "staff of c": "hospital_id = %(c)s",
    },
}


@pytest.mark.parametrize("eyes", EYES)
@pytest.mark.parametrize("table", sorted(CHANGEABLE))
def test_a_blind_change_of_the_organisation_stays_within_reach(world: World, table: str, eyes: str) -> None:
    """A change that reads no column asks no policy for reading."""
    what = "display_name = 'Taken'" if table == "roles" else "is_active = true"
    places = {place: world.at[place]["id"] for place in ("a", "c")} | {"north": world.region["north"]["id"]}
    with world.connection.transaction(force_rollback=True):
        with looking_to_keep(world, eyes):
            changed = world.connection.execute(f"UPDATE {table} SET {what}")
        which = CHANGEABLE[table].get(eyes, "false")
        allowed = world.connection.execute(f"SELECT count(*) FROM {table} WHERE {which}", places).fetchone()
    assert (changed.rowcount,) == allowed


PUSHED = {
    "to another hospital": "region_id = %(south)s, hospital_id = %(c)s",
    "to another region": "region_id = %(south)s, hospital_id = NULL, scope = 'region', role_id = %(region_role)s",
    "above every region": "region_id = NULL, hospital_id = NULL, scope = 'network', role_id = %(network_role)s",
}


@pytest.mark.parametrize("where", sorted(PUSHED))
@pytest.mark.parametrize("eyes", ["staff of a", "regional administrator"])
def test_nobody_pushes_a_user_further_than_he_reaches(world: World, eyes: str, where: str) -> None:
    """The keys and checks of the row would let it through; the policy does not."""
    make = world.make
    values = {
        "south": world.region["south"]["id"],
        "c": world.at["c"]["id"],
        "region_role": make.role("regional_admin")["id"],
        "network_role": make.role("super_admin")["id"],
    }
    with world.connection.transaction(force_rollback=True):
        nurse = make.user("nurse", hospital=world.at["a"])["id"]
        change = f"UPDATE users SET {PUSHED[where]}"
        with looking_to_keep(world, eyes):
            # As nobody in particular, who might be refused a change of himself.
            world.connection.execute("SELECT set_config('hass.user_id', '', true)")
            # Blind: where a column is read the new row must be visible too, which would hide a careless check.
            with world.refused():
                world.connection.execute(change, values)
        # By the owner's hand it passes, so that nothing else can have refused it.
        moved = world.connection.execute(f"{change} WHERE id = %(id)s", values | {"id": nurse})
    assert moved.rowcount == 1


@pytest.mark.parametrize("table", ["visits", "emr_local", "notifications", "access_grants"])
def test_sweep_sees_a_policy_that_leaks(
    world: World, hidden: dict[tuple[str, str], set[UUID]], table: str
) -> None:
    """What the sweep proves it proves by failing here: one careless policy, and rows of c come out."""
    with world.connection.transaction(force_rollback=True):
        world.connection.execute(f"CREATE POLICY careless ON {table} FOR SELECT TO hass_app USING (true)")
        with looking(world, "staff of a"):
            seen = {row[0] for row in world.connection.execute(f"SELECT id FROM {table}").fetchall()}
        assert seen & hidden["staff of a", table]
