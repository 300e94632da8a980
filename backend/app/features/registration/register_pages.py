"""Pages of registration: a new patient, somebody unknown, and corrections of who a patient is."""

from collections.abc import Sequence
from typing import Annotated, Any, TypeVar
from uuid import UUID

from fastapi import APIRouter, Depends, Query
from markupsafe import Markup
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from app.access.actor import Actor
from app.access.http import CurrentActor, Db, Needs
from app.access.permissions import Permission
from app.core import clock
from app.core.errors import HassError
from app.core.versions import version_of
from app.features.registration import actions, register_schemas, schemas
from app.features.registration.banner import banner_of, patient_row
from app.features.registration.candidates import find_candidates
from app.features.registration.identity import birth_of, read_birth
from app.features.registration.queries import read_patient
from app.models.patient import Patient
from app.web import formatting
from app.web.csrf import same_site
from app.web.forms import Form, attempt, fill, read_form, read_many
from app.web.templating import render

M = TypeVar("M", register_schemas.PatientIn, register_schemas.PatientChangeIn)
router = APIRouter(dependencies=[Depends(same_site)])
REGISTER = [Needs(Permission.PATIENT_REGISTER)]
UPDATE = [Needs(Permission.PATIENT_UPDATE)]
BIRTH = "date_of_birth"
WHO = {
    "last_name": "Family name",
    "first_name": "Given name",
    BIRTH: "Date of birth",
    "date_of_birth_precision": "Date of birth",
    "gender": "Sex",
    "phone": "Phone",
    "email": "E-mail",
    "address": "Address",
    "emergency_contact_name": "Whom to call",
    "emergency_contact_phone": "Phone of whom to call",
    "blood_group": "Blood group",
    "national_id": "Number on a document",
    "national_id_type": "Which document",
}
CHANGED = {**WHO, "name_prefix": "Title", "identity_note": "What is known"}
SEEN = {"gender": "Sex", "estimated_age": "Age", "identity_note": "What is known"}
# A choice that was not sent is no answer, and not an empty one.
CHOSEN = ("gender", "date_of_birth_precision", "national_id_type")
CHANGED_MEANWHILE = 412
TOLD_BIRTH = "Write a day, month and year such as 9 3 1959, a year, or an age such as 67y."


@router.get("/patients/new", dependencies=REGISTER)
async def show_registration(
    request: Request, db: Db, actor: CurrentActor, name: Annotated[str, Query(max_length=200)] = ""
) -> Response:
    """`name` is what was searched in vain."""
    return render(request, "registration/new.html", actor, **_new(Form({"last_name": name})))


@router.post("/patients/new", dependencies=REGISTER)
async def register_patient(request: Request, db: Db, actor: CurrentActor) -> Response:
    """Makes the file once the people who may be meant were looked at; shows them before."""
    form = await read_form(request, (*WHO, "person_id"))
    wanted = read_who(
        form, register_schemas.PatientIn, (*WHO, "person_id"), actor, needed=("last_name", "gender")
    )
    looked_at = await read_many(request, "not_these")
    if wanted is None:
        return render(request, "registration/new.html", actor, status_code=form.status_code, **_new(form))
    likely = (await find_candidates(db, actor, wanted)).items
    if wanted.person_id is None and any(str(each.person_id) not in looked_at for each in likely):
        return render(request, "registration/new.html", actor, **_new(form, wanted, likely))
    wanted.not_these = [each.person_id for each in likely]
    made: list[Patient] = []

    async def register() -> None:
        made.append(await actions.register_patient(db, actor, wanted, now=clock.now()))

    if await attempt(db, form, register()):
        return RedirectResponse(f"/patients/{made[0].id}?done=registered", 303)
    # Somebody else may have registered the person a moment ago: look again.
    likely = (await find_candidates(db, actor, wanted)).items
    context = _new(form, wanted, likely)
    return render(request, "registration/new.html", actor, status_code=form.status_code, **context)


def _new(
    form: Form,
    wanted: register_schemas.PatientIn | None = None,
    likely: Sequence[register_schemas.CandidateOut] = (),
) -> dict[str, Any]:
    is_taken = any(each.has_same_number for each in likely)
    return {"form": form, "wanted": wanted, "candidates": likely, "is_taken": is_taken}


@router.get("/patients/new/birth", dependencies=REGISTER)
async def echo_birth(
    actor: CurrentActor, date_of_birth: Annotated[str, Query(max_length=60)] = ""
) -> Response:
    """How a date of birth was understood, while the form is still open."""
    today = formatting.local_date(clock.now(), actor.timezone)
    read = read_birth(date_of_birth, today)
    if read is None:
        return HTMLResponse(Markup("{}").format(TOLD_BIRTH if date_of_birth.strip() else ""))
    try:
        born = birth_of(read[0], read[1], today)
    except HassError as error:
        return HTMLResponse(Markup("{}").format(error.sentence))
    if born is None:
        return HTMLResponse("")
    words = Markup("{} ({})").format(formatting.born_tag(born, read[1]), formatting.age(born, today))
    return HTMLResponse(words)


@router.get("/patients/new/unknown", dependencies=REGISTER)
async def show_unknown(request: Request, actor: CurrentActor) -> Response:
    return render(request, "registration/unknown.html", actor, form=Form({"gender": "unknown"}))


@router.post("/patients/new/unknown", dependencies=REGISTER)
async def register_unknown(request: Request, db: Db, actor: CurrentActor) -> Response:
    form = await read_form(request, tuple(SEEN))
    seen = fill(form, register_schemas.UnknownPatientIn, SEEN, needed=("gender",))
    made: list[Patient] = []

    async def register(known: register_schemas.UnknownPatientIn) -> None:
        made.append(await actions.register_unknown(db, actor, known, now=clock.now()))

    if seen is not None and await attempt(db, form, register(seen)):
        return RedirectResponse(f"/patients/{made[0].id}?done=registered", 303)
    return render(request, "registration/unknown.html", actor, status_code=form.status_code, form=form)


@router.get("/patients/{patient_id}/edit", dependencies=UPDATE)
async def show_details(request: Request, db: Db, actor: CurrentActor, patient_id: UUID) -> Response:
    return await _details(request, db, actor, patient_id)


@router.post("/patients/{patient_id}/edit", dependencies=UPDATE)
async def correct_patient(request: Request, db: Db, actor: CurrentActor, patient_id: UUID) -> Response:
    form = await read_form(request, (*CHANGED, "version"))
    changes = read_who(form, register_schemas.PatientChangeIn, tuple(CHANGED), actor, needed=("last_name",))
    if changes is not None:
        likely = await _who_he_may_be(request, db, actor, patient_id, changes)
        if likely:
            return await _details(request, db, actor, patient_id, form, likely)
    seen = form.values["version"] or None
    if changes is not None and await attempt(
        db, form, actions.correct_patient(db, actor, patient_id, changes, now=clock.now(), seen=seen)
    ):
        return RedirectResponse(f"/patients/{patient_id}?done=corrected", 303)
    return await _details(request, db, actor, patient_id, form)


async def _who_he_may_be(
    request: Request,
    db: AsyncSession,
    actor: Actor,
    patient_id: UUID,
    changes: register_schemas.PatientChangeIn,
) -> list[register_schemas.CandidateOut]:
    """People to look at before a temporary identity ends: it may be a second file of somebody known."""
    patient = await read_patient(db, actor, patient_id)
    if not patient.is_unknown or changes.last_name == patient.last_name or not may_look(actor):
        return []
    known = register_schemas.CandidateSearchIn.model_validate(
        {name: getattr(changes, name) for name in register_schemas.CandidateSearchIn.model_fields}
    )
    looked_at = {str(patient.person_id), *await read_many(request, "not_these")}
    found = (await find_candidates(db, actor, known)).items
    unseen = any(str(each.person_id) not in looked_at for each in found)
    return [each for each in found if each.person_id != patient.person_id] if unseen else []


def may_look(actor: Actor) -> bool:
    return actor.can(Permission.PATIENT_REGISTER)


async def _details(
    request: Request,
    db: AsyncSession,
    actor: Actor,
    patient_id: UUID,
    form: Form | None = None,
    likely: Sequence[register_schemas.CandidateOut] = (),
) -> Response:
    """The patient as he stands now; a form that was refused keeps what was typed."""
    row = await patient_row(db, actor, patient_id)
    is_stale = form is not None and form.status_code == CHANGED_MEANWHILE
    patient = schemas.PatientOut.model_validate(row)
    kept = {name: str(getattr(patient, name, None) or "") for name in CHANGED}
    kept[BIRTH] = birth_words(patient)
    kept |= {"national_id": "", "national_id_type": "NI"}
    return render(
        request,
        "registration/edit.html",
        actor,
        status_code=form.status_code if form else 200,
        banner=banner_of(actor, row),
        patient=patient,
        # Whoever was told that something changed has seen it: the banner shows the patient as he stands now.
        version=form.values["version"] if form and not is_stale else version_of(patient.updated_at),
        form=form or Form(kept),
        candidates=likely,
    )


def birth_words(patient: schemas.PatientOut) -> str:
    """A date of birth as somebody would type it."""
    born = patient.date_of_birth
    if born is None:
        return ""
    words = {
        "month": f"{born.month} {born.year}",
        "year": str(born.year),
        "estimated": f"about {born.year}",
    }
    return words.get(patient.date_of_birth_precision, formatting.day(born))


def read_who(
    form: Form, model: type[M], names: tuple[str, ...], actor: Actor, *, needed: tuple[str, ...]
) -> M | None:
    """What the act takes; a date of birth may be typed in any form, and stays in the form as it was typed."""
    typed = form.values[BIRTH]
    today = formatting.local_date(clock.now(), actor.timezone)
    read = read_birth(typed, today) if typed else None
    if typed and read is None:
        form.errors[BIRTH] = TOLD_BIRTH
    try:
        born = birth_of(*read, today) if read else None
    except HassError as error:
        form.errors[BIRTH], born = error.sentence, None
    form.values[BIRTH] = born.isoformat() if born else ""
    form.values["date_of_birth_precision"] = read[1].value if read else ""
    sent = [name for name in names if name not in CHOSEN or name in needed or form.values.get(name)]
    labels = {name: CHANGED.get(name, "") for name in sent}
    made = fill(form, model, labels, needed=needed)
    form.values[BIRTH] = typed
    return made
