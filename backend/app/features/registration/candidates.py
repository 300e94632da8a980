"""Whom the person before us may be: registration's one look at the whole network (S28)."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import bindparam, text
from sqlalchemy.ext.asyncio import AsyncSession

from app.access.actor import Actor
from app.access.after import AfterEnd
from app.access.needs import needs
from app.access.permissions import Permission
from app.access.refusals import AS_ACTOR, reach_of
from app.core.errors import Conflict, NotFound
from app.features.registration.register_schemas import CandidateOut, CandidateSearchIn, CandidatesOut
from app.models.patient import phone_digits, search_key

SAME_NUMBER = 1
# The function writes its own event to the trail, with how many it found.
_LOOK = text(
    "SELECT person_id, name, birth_year, gender, hospital_name, score"
    "  FROM person_candidates(:names, :born_on, :gender, :phone, :national_id)"
)
_OWN_FILES = text(
    "SELECT p.person_id, p.id AS patient_id, p.mrn, p.date_of_birth, p.phone, h.name AS hospital_name"
    "  FROM patients p JOIN hospitals h ON h.id = p.hospital_id"
    " WHERE p.hospital_id = :hospital_id AND p.person_id IN :persons AND p.merged_into_id IS NULL"
).bindparams(bindparam("persons", expanding=True))

_LOOKED = text(
    "SELECT audit_event('E', '110112', 'persons', NULL, NULL, 4::smallint, 'not registered: candidates to look at',"
    " jsonb_build_object('search', 'person_candidates', 'found', (:found)::int))"
)


@needs(Permission.PATIENT_REGISTER)
async def find_candidates(session: AsyncSession, actor: Actor, known: CandidateSearchIn) -> CandidatesOut:
    """At most five people, best first; this hospital's own file of a person stands beside her."""
    names = search_key(known.last_name, known.first_name)
    values = {
        "names": names or None,
        "born_on": known.date_of_birth,
        "gender": known.gender.value,
        "phone": phone_digits(known.phone),
        "national_id": known.national_id,
    }
    found = (await session.execute(_LOOK, values)).mappings().all()
    if not found:
        return CandidatesOut(items=[])
    own = await session.execute(
        _OWN_FILES, {"hospital_id": actor.hospital_id, "persons": [row["person_id"] for row in found]}
    )
    files = {row["person_id"]: dict(row) for row in own.mappings()}
    nothing = dict.fromkeys(("patient_id", "mrn", "date_of_birth", "phone"))
    return CandidatesOut(
        items=[
            CandidateOut.model_validate(
                {
                    **row,
                    **nothing,
                    **files.get(row["person_id"], {}),
                    "has_same_number": row["score"] >= SAME_NUMBER,
                }
            )
            for row in found
        ]
    )


def looked(actor: Actor, found: int) -> AfterEnd:
    """The trace of a look whose transaction was rolled back."""
    told = reach_of(actor)

    async def write(session: AsyncSession) -> None:
        await session.execute(AS_ACTOR, told)
        await session.execute(_LOOKED, {"found": found})

    return write


@dataclass(frozen=True)
class Choice:
    """What registration said of the candidates: whom it is, or whom it is not."""

    person_id: UUID | None
    not_these: Sequence[UUID]

    def settle(self, candidates: Sequence[CandidateOut]) -> UUID | None:
        """The person of the new file, None for a new one; raises Conflict where that is not settled."""
        same = next((each for each in candidates if each.has_same_number), None)
        if self.person_id is not None:
            chosen = next((each for each in candidates if each.person_id == self.person_id), None)
            if chosen is None:
                raise NotFound("person-not-found", "There is no such person among those who may be meant.")
            if chosen.patient_id is not None:
                raise Conflict("file-exists", "This hospital has a file of this person. Open that file.")
            if same is not None and same is not chosen:
                raise number_taken()
            return chosen.person_id
        if same is not None:
            raise number_taken()
        if any(each.person_id not in self.not_these for each in candidates):
            raise Conflict(
                "candidates-found",
                "Somebody whom the network knows may be this person. Look at the candidates, then say who it is"
                " (person_id), or of all of them that it is none (not_these).",
            )
        return None


def number_taken() -> Conflict:
    return Conflict(
        "number-taken",
        "This number names a person whom the network knows already. Choose that person.",
        field="national_id",
    )
