"""The triggers of every table, in one place; their functions stand in the migration's SQL.

A test compares this table with the database."""

import json
from collections.abc import Iterator

from app.access.live import live_triggers
from app.access.policies import HOSPITAL_TABLES, MASKED
from app.models import Base
from app.models.base import Moving

UNAUDITED = frozenset({"audit_logs", "audit_seals", "idempotency_keys"})
APPEND_ONLY = frozenset(
    {"audit_logs", "audit_seals", "bed_cleanings", "import_sources", "merge_journal", "person_links"}
)
# Values that never change once written, besides id, created_at, source and hospital_id.
FIXED = {
    # Who cared from when stays; only its end is added.
    "care_assignments": ("visit_id", "user_id", "role", "from_at"),
    # A note and an amount stay as written; only being struck out is added.
    "nurse_logs": (
        "visit_id", "nurse_id", "log_type", "content", "logged_at", "late_reason", "amends_id", "amend_reason",
    ),
    "fluid_entries": (
        "visit_id", "direction", "kind", "volume_ml", "measured_at", "notes", "recorded_by_id", "late_reason",
        "amends_id", "amend_reason",
    ),
    "handovers": ("visit_id", "from_user_id", "care_role"),
    # person_id is held to the file's by its key.
    "access_grants": ("user_id", "reason", "granted_at", "expires_at"),
    "regions": ("code",),
    "hospitals": ("code", "region_id"),
    "patients": ("mrn",),
    # Another substance is another allergy, another value another alert.
    "allergies": ("substance", "code_system", "code", "recorded_by_id"),
    "patient_alerts": ("alert_type", "value", "since", "recorded_by_id"),
    "patient_merges": ("survivor_id", "loser_id", "reason", "merged_at", "merged_by_id"),
    # Append-only: what was written stays; it is signed, released, amended by a new version, or marked as an error.
    "emr_local": ("record_type", "data", "recorded_at", "version", "kept_reason", "created_by_id"),
    "persons": ("network_number",),
    "roles": ("name", "scope"),
    "sessions": ("user_id",),
    "password_links": ("user_id",),
    "form_drafts": ("user_id",),
    "sign_in_delays": ("kind", "key_hash"),
    "discharge_summaries": ("visit_id", "version", "written_by_id"),
    "transfer_requests": (
        "from_hospital_id",
        "to_hospital_id",
        "visit_id",
        "person_id",
        "reason",
        "handover",
        "requested_at",
        "requested_by_id",
        "requested_by_name",
    ),
    "users": (),
    # A call says for good what raised it; it climbs and is answered.
    "escalations": ("visit_id", "vitals_id", "risk", "score", "raised_at"),
}  # fmt: skip

# What one row of the organisation cannot keep alone (the functions say why).
ORGANISATION = (
    (
        "CREATE TRIGGER users_last_admin AFTER UPDATE OR DELETE ON users FOR EACH ROW WHEN (OLD.scope = 'network')"
        " EXECUTE FUNCTION keep_a_super_admin()"
    ),
    (
        "CREATE TRIGGER users_not_oneself BEFORE UPDATE ON users FOR EACH ROW"
        " EXECUTE FUNCTION refuse_changing_oneself()"
    ),
    (
        "CREATE TRIGGER hospitals_open_visits BEFORE UPDATE OF is_active ON hospitals FOR EACH ROW"
        " EXECUTE FUNCTION refuse_closing_with_visits()"
    ),
    (
        "CREATE TRIGGER regions_open_hospitals BEFORE UPDATE OF is_active ON regions FOR EACH ROW"
        " EXECUTE FUNCTION refuse_closing_with_hospitals()"
    ),
    (
        "CREATE TRIGGER patients_merged_person AFTER INSERT ON patients REFERENCING NEW TABLE AS new_rows"
        " FOR EACH STATEMENT EXECUTE FUNCTION keep_new_files()"
    ),
    (
        "CREATE TRIGGER patients_person BEFORE UPDATE OF person_id, merged_into_id ON patients FOR EACH ROW"
        " WHEN ((OLD.person_id, OLD.merged_into_id) IS DISTINCT FROM (NEW.person_id, NEW.merged_into_id)"
        " AND current_user <> 'hass_definer') EXECUTE FUNCTION refuse_plain_link()"
    ),
    (
        "CREATE TRIGGER allergies_struck_out BEFORE UPDATE ON allergies FOR EACH ROW"
        " WHEN (OLD.verification_status = 'entered-in-error' AND (OLD.verification_status, OLD.clinical_status)"
        " IS DISTINCT FROM (NEW.verification_status, NEW.clinical_status)) EXECUTE FUNCTION refuse_unstriking()"
    ),
    *(
        f"CREATE TRIGGER {table}_merged_file BEFORE INSERT ON {table} FOR EACH ROW"
        " EXECUTE FUNCTION refuse_merged_file()"
        for table in ("allergies", "appointments", "patient_alerts", "visits")
    ),
    (
        "CREATE TRIGGER lab_results_second_person BEFORE INSERT OR UPDATE ON lab_results FOR EACH ROW"
        " WHEN (NEW.verified_by_id IS NOT NULL) EXECUTE FUNCTION ask_for_a_second_person()"
    ),
)


# What a visit, its bed and its summary owe each other.
ADMISSIONS = (
    (
        "CREATE TRIGGER beds_open_visit BEFORE INSERT OR UPDATE OF assigned_visit_id, reserved_for_visit_id ON beds"
        " FOR EACH ROW EXECUTE FUNCTION ask_for_an_open_visit()"
    ),
    (
        "CREATE TRIGGER visits_bed_left BEFORE UPDATE OF status ON visits FOR EACH ROW"
        " EXECUTE FUNCTION refuse_leaving_without_the_bed()"
    ),
    (
        "CREATE TRIGGER discharge_summaries_signed BEFORE UPDATE ON discharge_summaries FOR EACH ROW"
        " WHEN (OLD.signed_at IS NOT NULL) EXECUTE FUNCTION refuse_changing_what_is_signed()"
    ),
    (
        "CREATE TRIGGER emr_local_locked BEFORE UPDATE ON emr_local FOR EACH ROW WHEN (OLD.locked_at IS NOT NULL)"
        " EXECUTE FUNCTION keep_what_is_locked()"
    ),
    (
        "CREATE TRIGGER visits_doctor AFTER INSERT OR UPDATE OF attending_doctor_id ON visits FOR EACH ROW"
        " EXECUTE FUNCTION ask_for_a_doctor('attending_doctor_id')"
    ),
    (
        "CREATE TRIGGER appointments_doctor AFTER INSERT OR UPDATE OF doctor_id ON appointments FOR EACH ROW"
        " EXECUTE FUNCTION ask_for_a_doctor('doctor_id')"
    ),
)


# Values that are written once: empty at first, and never changed again.
STRUCK = ("entered_in_error_at", "entered_in_error_by_id", "entered_in_error_reason")
ONCE = {
    "patient_merges": ("undone_at", "undone_by_id", "undo_reason"),
    "nurse_logs": STRUCK,
    "fluid_entries": STRUCK,
    "care_assignments": ("until_at",),
    "access_grants": ("ended_at", "reviewed_at", "reviewed_by_id", "review_outcome", "review_comment"),
    "transfer_requests": (
        "answered_at",
        "answered_by_id",
        "answered_by_name",
        "receiving_visit_id",
        "closed_at",
    ),
    "vitals": ("error_at", "error_by_id", "error_reason"),
}
# session_open() notes once a minute that a sign-in is in use: that alone is no entry of the trail.
MORE_THAN_USED = (
    "current_user <> 'hass_definer' OR (OLD.refresh_hash, OLD.cookie_hash, OLD.expires_at, OLD.locked_at, OLD.ended_at)"
    " IS DISTINCT FROM (NEW.refresh_hash, NEW.cookie_hash, NEW.expires_at, NEW.locked_at, NEW.ended_at)"
)
ENDS_SIGN_INS = (
    "is_active",
    "is_deleted",
    "email",
    "password_hash",
    "password_changed_at",
    "role_id",
    "region_id",
    "hospital_id",
)


def _fixed_columns(table: str) -> tuple[str, ...]:
    columns = Base.metadata.tables[table].columns
    common = tuple(name for name in ("id", "created_at", "source", "hospital_id") if name in columns)
    if table in ("users", "notifications"):
        # A user moves between hospitals, and a message of the network may be handed to one.
        common = tuple(name for name in common if name != "hospital_id")
    if table != "users" and "patient_id" in columns:
        # patient_id moves under the merge of two files only; the function knows that act.
        common += ("patient_id",)
    return common + FIXED.get(table, ())


def machines() -> dict[str, tuple[str, dict[str, list[str]]]]:
    """Table > (first state, state > states it may move to), of every model with a machine."""
    return {
        str(mapper.local_table): (mapper.class_.machine.first.value, mapper.class_.machine.as_json())
        for mapper in Base.registry.mappers
        if issubclass(mapper.class_, Moving)
    }


def _of_table(table: str) -> Iterator[str]:
    if table in APPEND_ONLY:
        yield (
            f"CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE ON {table}"
            " FOR EACH ROW EXECUTE FUNCTION refuse_change()"
        )
    else:
        fixed = ", ".join(f"'{name}'" for name in _fixed_columns(table))
        yield (
            f"CREATE TRIGGER {table}_fixed BEFORE UPDATE ON {table}"
            f" FOR EACH ROW EXECUTE FUNCTION refuse_fixed_columns({fixed})"
        )
        if table in ONCE:
            once = ", ".join(f"'{name}'" for name in ONCE[table])
            yield (
                f"CREATE TRIGGER {table}_once BEFORE UPDATE ON {table}"
                f" FOR EACH ROW EXECUTE FUNCTION refuse_rewritten_columns({once})"
            )
        yield (
            f"CREATE TRIGGER {table}_updated_at BEFORE UPDATE ON {table}"
            " FOR EACH ROW EXECUTE FUNCTION touch_updated_at()"
        )
    yield (
        f"CREATE TRIGGER {table}_no_truncate BEFORE TRUNCATE ON {table}"
        " FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
    )
    if table not in UNAUDITED:
        masked = ", ".join(f"'{name}'" for name in MASKED.get(table, ()))
        changes = "INSERT OR UPDATE OR DELETE"
        if table in HOSPITAL_TABLES:
            # Once for each statement: a bulk import pays less than half for it. Rows of the whole network may
            # come by logical replication one day, which fires row triggers only (design 8).
            changes = "UPDATE OR DELETE"
            yield (
                f"CREATE TRIGGER {table}_audit_new AFTER INSERT ON {table} REFERENCING NEW TABLE AS new_rows"
                f" FOR EACH STATEMENT EXECUTE FUNCTION audit_new_rows({masked})"
            )
        if table == "sessions":
            changes = "INSERT OR DELETE"
            yield (
                f"CREATE TRIGGER sessions_audit_change AFTER UPDATE ON sessions FOR EACH ROW WHEN ({MORE_THAN_USED})"
                f" EXECUTE FUNCTION audit_row_change({masked})"
            )
        yield (
            f"CREATE TRIGGER {table}_audit AFTER {changes} ON {table}"
            f" FOR EACH ROW EXECUTE FUNCTION audit_row_change({masked})"
        )


def all_triggers() -> tuple[str, ...]:
    """Every CREATE TRIGGER, then each made ALWAYS, so that no session setting switches it off."""
    made = [statement for table in sorted(Base.metadata.tables) for statement in _of_table(table)]
    for table, (first, moves) in sorted(machines().items()):
        made.append(
            f"CREATE TRIGGER {table}_machine BEFORE INSERT OR UPDATE OF status ON {table}"
            f" FOR EACH ROW EXECUTE FUNCTION enforce_machine('{first}', '{json.dumps(moves)}')"
        )
    made.append(
        "CREATE TRIGGER beds_stay BEFORE UPDATE ON beds FOR EACH ROW EXECUTE FUNCTION enforce_bed_stay()"
    )
    made.append(
        "CREATE TRIGGER beds_history AFTER UPDATE OF status ON beds FOR EACH ROW EXECUTE FUNCTION keep_bed_history()"
    )
    made.append(
        "CREATE TRIGGER visits_care AFTER INSERT OR UPDATE OF status, attending_doctor_id ON visits FOR EACH ROW"
        " EXECUTE FUNCTION keep_care()"
    )
    made.append(
        "CREATE TRIGGER handovers_told BEFORE UPDATE ON handovers FOR EACH ROW WHEN (OLD.status <> 'draft') EXECUTE"
        " FUNCTION refuse_fixed_columns('to_user_id', 'illness_severity', 'patient_summary', 'actions',"
        " 'situation_awareness', 'given_at')"
    )
    made += ORGANISATION
    made += ADMISSIONS
    made.append(
        f"CREATE TRIGGER users_end_sign_ins AFTER UPDATE OF {', '.join(ENDS_SIGN_INS)} ON users"
        " FOR EACH ROW EXECUTE FUNCTION end_sign_ins()"
    )
    made += live_triggers()
    always = [
        f"ALTER TABLE {words[words.index('ON') + 1]} ENABLE ALWAYS TRIGGER {words[2]}"
        for words in (statement.split() for statement in made)
    ]
    return (*made, *always)
