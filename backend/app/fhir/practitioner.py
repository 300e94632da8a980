"""Practitioner > a user without login, role doctor, so that visits and prescriptions can name him."""

from typing import Any

from app.core.ids import new_id
from app.fhir.bundle_reader import Entry
from app.fhir.plan import Plan
from app.fhir.values import Json, clipped, objects, strings, words
from app.models.role import Scope

NAME_USES = ("official", "usual", None, "temp", "nickname", "anonymous", "old", "maiden")


def best_name(names: Any) -> Json:
    """The official name, else the usual one, else the first that is still in use."""
    listed = objects(names)
    return min(listed, key=lambda name: _rank(name.get("use")), default={})


def _rank(use: Any) -> int:
    return NAME_USES.index(use) if use in NAME_USES else len(NAME_USES)


def family(name: Json) -> str | None:
    return clipped(words(name.get("family")) or words(name.get("text")))


def given(name: Json) -> str | None:
    """None where only the text of the whole name is known, which stands as the family name then."""
    return clipped(" ".join(strings(name.get("given"))) or None) if words(name.get("family")) else None


def best_telecom(telecom: Any, system: str) -> str | None:
    """The first number or address of that system, by rank; one that is no longer used counts last."""
    found = [
        point for point in objects(telecom) if point.get("system") == system and words(point.get("value"))
    ]
    found.sort(key=lambda point: (point.get("use") == "old", _telecom_rank(point.get("rank"))))
    return clipped(words(found[0].get("value"))) if found else None


def _telecom_rank(rank: Any) -> int:
    return rank if isinstance(rank, int) else 99


def add_practitioner(plan: Plan, entry: Entry) -> None:
    resource = entry.resource
    name = best_name(resource.get("name"))
    user_id = new_id()
    plan.rows["users"].append(
        {
            "id": user_id,
            "title": clipped(" ".join(strings(name.get("prefix"))) or None),
            "first_name": given(name),
            "last_name": family(name) or "Unnamed practitioner",
            "phone": best_telecom(resource.get("telecom"), "phone"),
            "role_id": plan.to.doctor_role_id,
            "scope": Scope.HOSPITAL,
            "region_id": plan.to.region_id,
            "hospital_id": plan.to.hospital_id,
            "is_active": resource.get("active") is not False,
            "source": plan.to.system,
        }
    )
    plan.doctors[entry.key] = user_id
    plan.place(entry, "users", user_id)
