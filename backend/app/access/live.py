"""What open pages are told of as it happens: table > the right to hear of its rows (design 7, live).

A trigger of each table writes an event of ids beside the change, and NOTIFY sends it with the commit."""

from collections.abc import Iterator

from app.access.permissions import Permission

# Rows of one hospital; its staff with the right hears of them, and nobody else.
TOPICS: dict[str, Permission] = {
    "allergies": Permission.ALLERGY_READ,
    "appointments": Permission.APPOINTMENT_READ,
    "bed_assignments": Permission.BED_READ,
    "beds": Permission.BED_READ,
    "care_assignments": Permission.VISIT_READ,
    "diagnoses": Permission.VISIT_CLINICAL_READ,
    "discharge_summaries": Permission.VISIT_CLINICAL_READ,
    "escalations": Permission.ESCALATION_ANSWER,
    "fluid_entries": Permission.FLUID_READ,
    "handovers": Permission.NOTE_READ,
    "nurse_logs": Permission.NOTE_READ,
    "patient_alerts": Permission.ALERT_READ,
    "patients": Permission.PATIENT_READ,
    "transfer_requests": Permission.VISIT_READ,
    "visits": Permission.VISIT_READ,
    "vitals": Permission.VITALS_READ,
}
# Tables whose rows two hospitals share: the columns that name them.
SHARED = {"transfer_requests": ("from_hospital_id", "to_hospital_id")}
# What ends a sign-in or changes its rights: whoever listens under it is looked at again.
RIGHTS = frozenset({"roles", "sessions"})


def live_triggers() -> Iterator[str]:
    """Once for each statement: an import of a life's observations is one event, not thousands."""
    for table in TOPICS:
        columns = ", ".join(f"'{name}'" for name in SHARED.get(table, ()))
        for name, event in (("new", "INSERT"), ("change", "UPDATE")):
            yield (
                f"CREATE TRIGGER {table}_live_{name} AFTER {event} ON {table} REFERENCING NEW TABLE AS new_rows"
                f" FOR EACH STATEMENT EXECUTE FUNCTION announce_rows({columns})"
            )
    yield (
        "CREATE TRIGGER sessions_live AFTER UPDATE ON sessions FOR EACH ROW WHEN"
        " ((OLD.ended_at, OLD.locked_at) IS DISTINCT FROM (NEW.ended_at, NEW.locked_at))"
        " EXECUTE FUNCTION announce_rights()"
    )
    yield (
        "CREATE TRIGGER roles_live AFTER UPDATE ON roles FOR EACH ROW WHEN"
        " (OLD.permissions IS DISTINCT FROM NEW.permissions) EXECUTE FUNCTION announce_rights()"
    )
    yield (
        "CREATE TRIGGER sessions_unattended BEFORE UPDATE ON sessions FOR EACH ROW"
        " WHEN (current_setting('hass.unattended', true) = 'on') EXECUTE FUNCTION skip_unattended_use()"
    )
