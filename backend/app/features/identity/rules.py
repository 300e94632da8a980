"""What a merge moves, and what two files differ in. Pure decisions on the tables and on what was read."""

from collections.abc import Iterator, Sequence

from app.features.identity.schemas import FileOut
from app.models import Base
from app.models.patient import BirthPrecision

# What was done to a file stays with it: who opened it in an emergency, and whose it was.
STAYS = frozenset({"access_grants", "person_links"})
# Rows that the survivor has already stay behind: the same number, an alert that would stand there twice.
UNLESS: dict[str, str] = {
    "patient_identifiers": """NOT EXISTS (SELECT FROM patient_identifiers s
        WHERE s.hospital_id = t.hospital_id AND s.patient_id = :survivor_id AND s.value = t.value
          AND s.system IS NOT DISTINCT FROM t.system AND s.type IS NOT DISTINCT FROM t.type)""",
    "patient_alerts": """(t.end_reason IS NOT DISTINCT FROM 'entered_in_error' OR NOT EXISTS (
        SELECT FROM patient_alerts s
         WHERE s.hospital_id = t.hospital_id AND s.patient_id = :survivor_id AND s.alert_type = t.alert_type
           AND s.end_reason IS DISTINCT FROM 'entered_in_error'
           AND (s.alert_type IN ('code_status', 'pregnancy') OR coalesce(s.value, '') = coalesce(t.value, ''))
           AND tstzrange(s.since, s.until) && tstzrange(t.since, t.until)))""",
}


def moved_tables() -> Iterator[str]:
    """Tables whose rows name a file by themselves, parents first; rows below them follow by their key."""
    for table in Base.metadata.sorted_tables:
        keys = [
            [element.parent.name for element in key.elements]
            for key in table.foreign_key_constraints
            if key.referred_table.name == "patients"
        ]
        if ["hospital_id", "patient_id"] in keys and table.name not in STAYS:
            yield table.name


BORN, SEX, BLOOD, NUMBERS = "date of birth", "sex", "blood group", "numbers"
# One human being has one of each: where they differ, somebody looks again.
GRAVE = (BORN, SEX, BLOOD, NUMBERS)
COMPARED = {
    "last_name": "family name",
    "first_name": "given names",
    "date_of_birth": BORN,
    "gender": SEX,
    "blood_group": BLOOD,
    "phone": "phone",
    "address": "address",
}


def differences(survivor: FileOut, loser: FileOut) -> list[str]:
    """Fields in which both files say something, and not the same."""
    found = []
    for name, words in COMPARED.items():
        ours, theirs = getattr(survivor, name), getattr(loser, name)
        unknown = "unknown" in (ours, theirs) or not ours or not theirs
        if not unknown and str(ours).casefold() != str(theirs).casefold():
            found.append(words)
    if BORN in found and not _birth_differs(survivor, loser):
        found.remove(BORN)
    if _numbers_differ(survivor, loser):
        found.append(NUMBERS)
    return found


def _birth_differs(survivor: FileOut, loser: FileOut) -> bool:
    """As far as both files know it: an estimate differs from nothing, a year from another year."""
    known = {survivor.date_of_birth_precision, loser.date_of_birth_precision}
    one, other = survivor.date_of_birth, loser.date_of_birth
    if one is None or other is None or BirthPrecision.ESTIMATED in known:
        return False
    if BirthPrecision.YEAR in known:
        return one.year != other.year
    if BirthPrecision.MONTH in known:
        return (one.year, one.month) != (other.year, other.month)
    return one != other


def _numbers_differ(survivor: FileOut, loser: FileOut) -> bool:
    """Whether both have a document of one kind, and never the same one."""
    ours, theirs = (
        {kind: set(values) for kind, values in _by_kind(file.identifiers).items()}
        for file in (survivor, loser)
    )
    return any(not ours[kind] & theirs[kind] for kind in ours.keys() & theirs.keys())


def _by_kind(identifiers: Sequence[str]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for each in identifiers:
        kind, _, value = each.partition(" ")
        found.setdefault(kind, []).append(value)
    return found


OBSTACLES = {
    "inpatient": "Both files have an open inpatient visit. End the one that is wrong first.",
    "appointments": "The two files have appointments at the same time. Cancel one of them first.",
    "alerts": "The two files have alerts that contradict each other. End the one that is wrong first.",
    "scales": "A doctor chose another SpO₂ scale on each file. Set the same one on both first.",
    "deceased": "One file says that the patient has died and the other does not. Correct that first.",
    "survivor_closed": "The file to keep is closed. Choose the one that is used.",
    "loser_closed": "The file to merge is closed or was merged already. Choose another.",
}


def obstacle_words(found: Sequence[str]) -> list[str]:
    return [words for name, words in OBSTACLES.items() if name in found]
