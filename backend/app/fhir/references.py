"""Which resource a reference means: https://hl7.org/fhir/R4/references.html and bundle.html#references."""

import re
from collections.abc import Iterable, Iterator
from typing import Any
from urllib.parse import parse_qs

from app.fhir.bundle_reader import MAX_ID_LENGTH, Entry
from app.fhir.values import Json, obj, objects, words

Key = tuple[str, str]
"""(resource type, logical id)"""

_TYPE_AND_ID = re.compile(r"(?:^|/)([A-Z][A-Za-z]+)/([A-Za-z0-9\-._]{1,64})(?:/_history/[^/]+)?$")
# Elements that name whom or which visit a resource is about; the first that is there counts.
SUBJECTS = ("subject", "patient", "beneficiary", "for", "individual", "about")
VISITS = ("encounter", "context")
PEOPLE = ("requester", "recorder", "asserter", "performer")


class References:
    """The resources of a bundle by every name that others may call them."""

    def __init__(self, entries: Iterable[Entry]) -> None:
        self._by_url: dict[str, Key] = {}
        self._by_identifier: dict[tuple[str, str | None, str], Key] = {}
        for entry in entries:
            if entry.full_url is not None:
                self._by_url.setdefault(entry.full_url, entry.key)
            for identifier in objects(entry.resource.get("identifier")):
                value = words(identifier.get("value"))
                if value is not None:
                    name = (entry.resource_type, words(identifier.get("system")), value)
                    self._by_identifier.setdefault(name, entry.key)

    def key(self, reference: Any, kind: str) -> Key | None:
        """The resource of type `kind` that the Reference means; it may lie outside the bundle. None where it means
        nothing of that type."""
        if isinstance(reference, list):
            reference = reference[0] if reference else None
        found = obj(reference)
        target = words(found.get("reference"))
        if target is None:
            return self._logical(found, kind)
        key = self._by_url.get(target) or self._of_text(target, kind)
        return key if key is not None and key[0] == kind else None

    def _of_text(self, target: str, kind: str) -> Key | None:
        if target.startswith(("urn:uuid:", "urn:oid:")):
            name = target.split(":", 2)[2]
            return (kind, name) if len(name) <= MAX_ID_LENGTH else None
        if "?" in target:
            return self._conditional(target)
        match = _TYPE_AND_ID.search(target)
        return (match[1], match[2]) if match else None

    def _conditional(self, target: str) -> Key | None:
        """`Practitioner?identifier=system|value`, as Synthea writes it."""
        kind, _, query = target.partition("?")
        for wanted in parse_qs(query).get("identifier", ()):
            system, bar, value = wanted.rpartition("|")
            key = self._by_identifier.get((kind.rpartition("/")[2], system if bar else None, value))
            if key is not None:
                return key
        return None

    def _logical(self, reference: Json, kind: str) -> Key | None:
        """A Reference that gives the identifier of its target in place of an address."""
        identifier = obj(reference.get("identifier"))
        value = words(identifier.get("value"))
        return (
            None if value is None else self._by_identifier.get((kind, words(identifier.get("system")), value))
        )

    def subject(self, resource: Json) -> tuple[bool, Key | None]:
        """(whether the resource names a patient at all, which one)."""
        for name in SUBJECTS:
            if resource.get(name):
                return True, self.key(resource[name], "Patient")
        return False, None

    def visit(self, resource: Json) -> Key | None:
        for name in VISITS:
            value = resource.get(name)
            if value is None:
                continue
            found = obj(value).get("encounter", value)
            key = self.key(found, "Encounter")
            if key is not None:
                return key
        # A claim names the encounter in its items.
        for item in objects(resource.get("item")):
            return self.key(item.get("encounter"), "Encounter")
        return None

    def meant_by(self, entry: Entry) -> Iterator[Key]:
        """Patients, visits and practitioners this resource means: they may have come in with an earlier bundle."""
        resource = entry.resource
        people = [resource[name] for name in PEOPLE if name in resource]
        participants = objects(resource.get("participant"))
        people.extend(one.get("individual") or one.get("actor") for one in participants)
        for person in people:
            yield from filter(None, (self.key(person, "Practitioner"), self.key(person, "Patient")))
        yield from filter(None, (self.subject(resource)[1], self.visit(resource)))
