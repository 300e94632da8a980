"""Who reaches which row: row-level security and grants of every table, in one place (design 4, domain 5.2).

Policies know the scope of the caller, not his staff role: what a role may do inside its hospital is `@needs`.
The migration holds the same statements as SQL; a test compares the two with the database."""

from collections.abc import Iterator
from dataclasses import dataclass

from app.models import Base

# Nobody reads these, and the audit trail masks them (access/triggers.py).
SECRETS = {
    "users": ("password_hash",),
    "sessions": ("refresh_hash", "cookie_hash"),
    "password_links": ("token_hash",),
    "sign_in_delays": ("key_hash",),
}
# What the audit trail masks: secrets, and words that are their author's alone.
MASKED = {**SECRETS, "form_drafts": ("fields",)}


def _scope(condition: str) -> str:
    # The comparison stands inside the subquery: outside of it the planner would guess that it keeps few rows, and
    # read a whole tenant to sort it instead of walking an index.
    return f"(SELECT current_setting('hass.scope', true) {condition})"


IS_NETWORK, IS_REGION, IS_HOSPITAL, IS_SELF = (
    _scope(f"= '{name}'") for name in ("network", "region", "hospital", "self")
)


def _uuid(setting: str) -> str:
    # A scalar subquery is evaluated once per statement, so that the comparison can use an index.
    return f"(SELECT nullif(current_setting('hass.{setting}', true), '')::uuid)"


USER, REGION, HOSPITAL, PERSON = (
    _uuid("user_id"),
    _uuid("region_id"),
    _uuid("hospital_id"),
    _uuid("person_id"),
)

OWN_FILES = f"(SELECT p.id FROM patients p WHERE p.person_id = {PERSON})"
IN_HOSPITAL = f"{IS_HOSPITAL} AND hospital_id = {HOSPITAL}"
OWN_FILE = f"{IS_SELF} AND patient_id IN {OWN_FILES}"
# Who read the trail is theirs to know too: such an entry names no patient.
ORGANISATION = "resource_type IN ('roles', 'regions', 'hospitals', 'users', 'sessions', 'audit_logs')"
CALLERS = ("hass_app", "hass_worker")
DEFINER = ("hass_definer",)


@dataclass(frozen=True)
class Policy:
    """One CREATE POLICY; `check` is the condition for new rows (None: the same as `using`)."""

    table: str
    name: str
    using: str | None
    check: str | None = None
    command: str = "ALL"
    roles: tuple[str, ...] = CALLERS

    def sql(self) -> str:
        text = f"CREATE POLICY {self.name} ON {self.table} FOR {self.command} TO {', '.join(self.roles)}"
        if self.using is not None:
            text += f" USING ({self.using})"
        if self.check is not None:
            text += f" WITH CHECK ({self.check})"
        return text


# Rows of one hospital that its staff reads and writes.
HOSPITAL_TABLES = (
    "access_grants", "patients", "patient_identifiers", "allergies", "mrn_counters", "visits", "diagnoses",
    "discharge_summaries", "beds",
    "bed_assignments", "vitals", "nurse_logs", "lab_tests", "lab_results", "prescriptions", "appointments",
    "inventory", "emr_local", "import_sources", "ai_drafts", "patient_alerts",
    "patient_merges", "merge_journal", "person_links",
    "care_assignments",
    "bed_cleanings",
    "escalations",
    "handovers", "fluid_entries",
)  # fmt: skip


def _staff() -> Iterator[Policy]:
    for table in HOSPITAL_TABLES:
        if table not in ("access_grants", "handovers"):
            yield Policy(table, "staff", IN_HOSPITAL)
    yield Policy("access_grants", "staff", IN_HOSPITAL, command="SELECT")
    # Nobody opens a record for somebody else, nor for later, so that sixty minutes stay sixty (a minute for two clocks
    # that differ), nor with the review done before.
    yield Policy(
        "access_grants",
        "start",
        None,
        f"{IN_HOSPITAL} AND user_id = {USER} AND ended_at IS NULL AND reviewed_at IS NULL"
        " AND granted_at <= now() + INTERVAL '1 minute'",
        command="INSERT",
    )
    # A review bears the name of whoever wrote it.
    yield Policy(
        "access_grants",
        "close",
        IN_HOSPITAL,
        f"{IN_HOSPITAL} AND (reviewed_by_id IS NULL OR reviewed_by_id = {USER})",
        command="UPDATE",
    )

    yield Policy("handovers", "staff", IN_HOSPITAL, command="SELECT")
    yield Policy("handovers", "write", None, IN_HOSPITAL, command="INSERT")
    # Only the receiver accepts.
    yield Policy(
        "handovers",
        "move",
        IN_HOSPITAL,
        f"{IN_HOSPITAL} AND (status <> 'accepted' OR to_user_id = {USER})",
        command="UPDATE",
    )


def _patient() -> Iterator[Policy]:
    """What a patient reads of his own record; never nurse_logs, ai_drafts, audit_logs or beds (domain 5.2)."""
    yield Policy("patients", "own", f"{IS_SELF} AND person_id = {PERSON}", command="SELECT")
    yield Policy("access_grants", "own", f"{IS_SELF} AND person_id = {PERSON}", command="SELECT")
    for table in ("allergies", "patient_identifiers", "visits", "diagnoses", "appointments"):
        yield Policy(table, "own", OWN_FILE, command="SELECT")
    yield Policy("vitals", "own", f"{OWN_FILE} AND status <> 'entered_in_error'", command="SELECT")
    yield Policy(
        "prescriptions",
        "own",
        # A draft that was cancelled was never active.
        f"{OWN_FILE} AND status NOT IN ('draft', 'entered_in_error')"
        " AND (status <> 'cancelled' OR signed_at IS NOT NULL OR source IS NOT NULL)",
        command="SELECT",
    )
    yield Policy(
        "lab_tests",
        "own",
        f"{OWN_FILE} AND status = 'completed' AND released_at IS NOT NULL",
        command="SELECT",
    )
    # The subquery is itself under the policy above, so results follow their test. Correlated, so that it looks up the
    # one test by its key: a plain IN would first read the tests of the whole network.
    yield Policy(
        "lab_results",
        "own",
        f"{OWN_FILE} AND status IN ('final', 'corrected') AND EXISTS (SELECT FROM lab_tests t"
        " WHERE t.hospital_id = lab_results.hospital_id AND t.id = lab_results.lab_test_id)",
        command="SELECT",
    )
    yield Policy(
        "emr_local",
        "own",
        f"{OWN_FILE} AND signed_at IS NOT NULL AND released_at IS NOT NULL AND status <> 'entered_in_error'",
        command="SELECT",
    )


def _organisation() -> Iterator[Policy]:
    in_region = f"{IS_REGION} AND region_id = {REGION}"
    # Roles are readable in any context, but with none no row is visible (S34).
    yield Policy("roles", "any_context", _scope("<> ''"), command="SELECT")
    for table in ("roles", "regions", "hospitals", "users"):
        yield Policy(table, "network", f"{IS_NETWORK}")
    yield Policy(
        "regions", "own_region", _scope("IN ('region', 'hospital')") + f" AND id = {REGION}", command="SELECT"
    )
    # An administrator of the region changes its theme; what else he may not is the act's.
    yield Policy("regions", "own_region_theme", f"{IS_REGION} AND id = {REGION}", command="UPDATE")
    yield Policy("hospitals", "region", in_region)
    yield Policy("users", "region", in_region)
    yield Policy("hospitals", "staff", f"{IS_HOSPITAL} AND id = {HOSPITAL}", command="SELECT")
    yield Policy("users", "staff", f"{IS_HOSPITAL} AND hospital_id = {HOSPITAL}")
    yield Policy("users", "own", f"id = {USER}", command="SELECT")
    yield Policy(
        "hospitals",
        "own_files",
        f"{IS_SELF} AND id IN (SELECT p.hospital_id FROM patients p WHERE p.person_id = {PERSON})",
        command="SELECT",
    )
    yield Policy(
        "regions",
        "own_files",
        f"{IS_SELF} AND id IN (SELECT h.region_id FROM hospitals h)",
        command="SELECT",
    )
    for table in ("sessions", "password_links"):
        yield Policy(table, "own", f"user_id = {USER}", command="SELECT")
    for table in ("idempotency_keys", "form_drafts"):
        yield Policy(table, "own", f"user_id = {USER}")


def _people_of_the_network() -> Iterator[Policy]:
    file_here = f"SELECT FROM patients p WHERE p.hospital_id = {HOSPITAL} AND p.person_id ="
    known = f"{IS_HOSPITAL} AND EXISTS ({file_here} "
    yield Policy("persons", "known_here", f"{known}persons.id)", command="SELECT")
    yield Policy("persons", "own", f"{IS_SELF} AND id = {PERSON}", command="SELECT")
    yield Policy(
        "person_identifiers", "known_here", f"{known}person_identifiers.person_id)", command="SELECT"
    )
    yield Policy("person_identifiers", "own", f"{IS_SELF} AND person_id = {PERSON}", command="SELECT")


# A hospital treats the person of its file `p` while a visit is open, or an appointment is near (S28).
TREATS = (
    "(EXISTS (SELECT FROM visits v WHERE v.patient_id = p.id AND v.status IN ('active', 'on_leave'))"
    " OR EXISTS (SELECT FROM appointments a WHERE a.patient_id = p.id"
    " AND a.status IN ('scheduled', 'checked_in', 'in_progress')"
    " AND a.scheduled_at BETWEEN now() - INTERVAL '1 day' AND now() + INTERVAL '30 days'))"
)


def _global_record() -> Iterator[Policy]:
    """The source hospital writes its rows; a hospital that treats the person reads them (S28)."""
    yield Policy("emr_global", "source", f"{IS_HOSPITAL} AND source_hospital_id = {HOSPITAL}")
    yield Policy(
        "emr_global",
        "treating",
        # Correlated: the one file of the person here, and not first every patient that this hospital treats.
        f"{IS_HOSPITAL} AND status = 'synced' AND confidentiality = 'N' AND EXISTS ("
        f"SELECT FROM patients p WHERE p.hospital_id = {HOSPITAL} AND p.person_id = emr_global.person_id"
        f" AND {TREATS})",
        command="SELECT",
    )
    # Emergency access, while it lives: confidential records too (domain 5.10).
    yield Policy(
        "emr_global",
        "break_glass",
        f"{IS_HOSPITAL} AND status = 'synced' AND EXISTS (SELECT FROM access_grants g"
        f" WHERE g.user_id = {USER} AND g.person_id = emr_global.person_id AND g.hospital_id = {HOSPITAL}"
        " AND g.ended_at IS NULL AND g.expires_at > now())",
        command="SELECT",
    )
    yield Policy(
        "emr_global",
        "own",
        f"{IS_SELF} AND status = 'synced' AND person_id = {PERSON}",
        command="SELECT",
    )


def _transfers() -> Iterator[Policy]:
    """Both hospitals see a request; only the receiver answers it, only the sender withdraws or completes it."""
    sent, received = (f"{IS_HOSPITAL} AND {side}_hospital_id = {HOSPITAL}" for side in ("from", "to"))
    yield Policy(
        "transfer_requests", "sender", sent, f"{sent} AND status IN ('requested', 'withdrawn', 'completed')"
    )
    yield Policy("transfer_requests", "receiver", received, command="SELECT")
    yield Policy(
        "transfer_requests",
        "answer",
        received,
        f"{received} AND status IN ('accepted', 'declined')",
        command="UPDATE",
    )


def _messages_and_trail() -> Iterator[Policy]:
    yield Policy("notifications", "staff", IN_HOSPITAL)
    yield Policy("notifications", "own", f"recipient_user_id = {USER}", command="SELECT")
    yield Policy("audit_logs", "staff", IN_HOSPITAL, command="SELECT")
    # Administrators read the trail of the organisation, not of clinical rows: the states would show them.
    yield Policy(
        "audit_logs",
        "region",
        f"{IS_REGION} AND region_id = {REGION} AND {ORGANISATION}",
        command="SELECT",
    )
    yield Policy("audit_logs", "network", f"{IS_NETWORK} AND {ORGANISATION}", command="SELECT")
    # One chain for the whole network, and only background work touches it: requests act as hass_app.
    yield Policy("audit_seals", "network", IS_NETWORK, roles=("hass_worker",))


def _definer() -> Iterator[Policy]:
    """hass_definer owns the functions that must see past the policies; these tables are all it sees."""
    for table in (
        "roles",
        "regions",
        "hospitals",
        "users",
        "patients",
        "sessions",
        "password_links",
        "sign_in_delays",
        "form_drafts",
        "persons",
        "person_identifiers",
        "access_grants",
        # Follows the visit, whoever changes that (keep_care).
        "care_assignments",
    ):
        yield Policy(table, "definer", "true", "true", roles=DEFINER)
    # Written where a file changes hands, one of another hospital too.
    yield Policy("person_links", "definer", "true", "true", roles=DEFINER)
    # Counted, never shown: whether a hospital may close, its figures, and unread messages.
    for table in ("visits", "beds", "import_sources", "notifications"):
        yield Policy(table, "definer", "true", command="SELECT", roles=DEFINER)
    # The dead are reminded of nothing, whichever hospital reminds.
    yield Policy("notifications", "definer_cancel", "true", "true", command="UPDATE", roles=DEFINER)
    yield Policy("audit_logs", "definer", None, "true", command="INSERT", roles=DEFINER)
    # Its functions hand out digests of rows, and to a patient who opened his record; no other part of a row.
    yield Policy("audit_logs", "definer_read", "true", command="SELECT", roles=DEFINER)


POLICIES: tuple[Policy, ...] = (
    *_staff(), *_patient(), *_organisation(), *_people_of_the_network(), *_global_record(), *_transfers(),
    *_messages_and_trail(), *_definer(),
)  # fmt: skip


@dataclass(frozen=True)
class Grant:
    """What a database role may do with a table."""

    table: str
    privileges: str
    roles: tuple[str, ...] = CALLERS

    def sql(self) -> str:
        return f"GRANT {self.privileges} ON {self.table} TO {', '.join(self.roles)}"


def _without_secrets(table: str) -> str:
    """The columns of `table` that may be read at all; secrets are compared inside definer functions."""
    columns = Base.metadata.tables[table].columns
    return ", ".join(column.name for column in columns if column.name not in SECRETS[table])


# Nobody has DELETE on anything: mistakes are marked entered in error, users and files are switched off.
_WRITTEN = (
    "roles", "regions", "hospitals", "patients", "patient_identifiers", "allergies", "mrn_counters",
    "visits", "diagnoses",
    "discharge_summaries", "beds", "bed_assignments", "lab_tests", "prescriptions", "appointments",
    "inventory", "emr_global", "notifications", "ai_drafts", "idempotency_keys", "form_drafts",
    "patient_alerts",
    "escalations",
    "handovers",
)  # fmt: skip

_STRUCK = "entered_in_error_at, entered_in_error_by_id, entered_in_error_reason"

GRANTS: tuple[Grant, ...] = (
    *(Grant(table, "SELECT, INSERT, UPDATE") for table in _WRITTEN),
    # A set of vital signs and a result are amended by a new row; only their state may change.
    Grant("vitals", "SELECT, INSERT, UPDATE (status, error_at, error_by_id, error_reason)"),
    Grant("care_assignments", "SELECT, INSERT, UPDATE (until_at)"),
    Grant("bed_cleanings", "SELECT, INSERT"),
    Grant(
        "lab_results", "SELECT, INSERT, UPDATE (status, verified_by_id, acknowledged_at, acknowledged_by_id)"
    ),
    Grant("emr_local", "SELECT, INSERT, UPDATE (status, signed_at, signed_by_id, released_at, locked_at)"),
    Grant(
        "transfer_requests",
        "SELECT, INSERT, UPDATE (status, answered_at, answered_by_id, answered_by_name, answer_note,"
        " receiving_visit_id, closed_at)",
    ),
    # A note and an amount are amended by a new row, or struck out.
    Grant("nurse_logs", f"SELECT, INSERT, UPDATE (status, {_STRUCK})"),
    Grant("fluid_entries", f"SELECT, INSERT, UPDATE ({_STRUCK})"),
    Grant("import_sources", "SELECT, INSERT"),
    Grant("merge_journal", "SELECT, INSERT"),
    Grant("patient_merges", "SELECT, INSERT, UPDATE (undone_at, undone_by_id, undo_reason)"),
    # A merge of two files moves what hangs on no visit; the trigger knows that act.
    Grant("emr_local", "UPDATE (patient_id)"),
    Grant(
        "access_grants",
        "SELECT, INSERT, UPDATE (ended_at, reviewed_at, reviewed_by_id, review_outcome, review_comment)",
    ),
    Grant("users", f"SELECT ({_without_secrets('users')}), INSERT, UPDATE"),
    # Written by definer functions and triggers only.
    *(Grant(table, "SELECT") for table in ("persons", "person_identifiers", "person_links", "audit_logs")),
    *(
        Grant(table, f"SELECT ({_without_secrets(table)})")
        for table in ("sessions", "password_links", "sign_in_delays")
    ),
    *(
        Grant(table, "SELECT", DEFINER)
        for table in (
            "roles",
            "regions",
            "hospitals",
            "patients",
            "access_grants",
            "visits",
            "beds",
            "import_sources",
        )
    ),
    Grant("notifications", "SELECT (recipient_user_id, channel, read_at, status), UPDATE (status)", DEFINER),
    # Whose file it is: by link, unlink and merge, which write the journal.
    Grant("patients", "UPDATE (person_id, merged_into_id, is_active)", DEFINER),
    Grant("person_links", "SELECT, INSERT", DEFINER),
    Grant("users", "SELECT, UPDATE (last_login, password_hash, password_changed_at)", DEFINER),
    *(
        Grant(table, "SELECT, INSERT, UPDATE", DEFINER)
        for table in (
            "sessions",
            "password_links",
            "sign_in_delays",
            "form_drafts",
            "persons",
            "person_identifiers",
            "care_assignments",
        )
    ),
    Grant("audit_logs", "SELECT, INSERT", DEFINER),
    Grant("audit_seals", "SELECT", ("hass_app",)),
    Grant("audit_seals", "SELECT, INSERT", ("hass_worker",)),
)


def row_security(table: str) -> tuple[str, str]:
    """Without a policy that fits, no row of `table` is visible, to its owner either."""
    return f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY", f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY"
