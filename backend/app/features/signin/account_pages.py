"""The pages of one's own account: password, living sign-ins, kept forms; those of a user within reach; the outbox."""

from typing import Annotated
from uuid import UUID

import orjson
from fastapi import APIRouter, Depends, Form
from pydantic import ValidationError
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response

from app.access.actor import Actor
from app.access.http import PUBLIC, CurrentActor, Db, Needs, SignedIn, caller_of, current_actor
from app.access.passwords import LEAST_CHARACTERS
from app.access.permissions import Permission
from app.core import clock
from app.core.errors import HassError, Invalid, NotFound
from app.features.signin import actions, credentials, queries
from app.features.signin.forgotten import ask_for_link
from app.features.signin.pages import answer_to, signed_in
from app.features.signin.schemas import DraftIn, SessionsOut
from app.features.signin.turns import take_turn
from app.web.csrf import same_site
from app.web.templating import render

router = APIRouter(dependencies=[Depends(same_site)])


def _account_page(
    request: Request,
    actor: Actor,
    sessions: SessionsOut,
    *,
    error: HassError | None = None,
    done: str | None = None,
) -> Response:
    page = render(
        request,
        "signin/account.html",
        actor,
        status_code=error.status if error else 200,
        sessions=sessions.items,
        problem=error.sentence if error else None,
        problem_field=(error.field if error else None) or "old_password",
        done=done,
        least=LEAST_CHARACTERS,
    )
    return answer_to(page, error) if error else page


@router.get("/account", dependencies=[SignedIn])
async def show_account(request: Request, db: Db, actor: CurrentActor, done: str = "") -> Response:
    said = {
        "password": "Your password is changed. Every other sign-in has ended.",
        "ended": "The sign-in has ended.",
    }
    return _account_page(request, actor, await queries.list_own(db, actor), done=said.get(done))


@router.post("/account/password", dependencies=[SignedIn])
async def change_password(
    request: Request,
    db: Db,
    actor: CurrentActor,
    old_password: Annotated[str, Form()] = "",
    new_password: Annotated[str, Form()] = "",
) -> Response:
    """Every sign-in begun with the old password ends, this one too: the reply carries a new one."""
    caller = caller_of(request)
    try:
        if not old_password or not new_password:
            field = "new_password" if old_password else "old_password"
            raise Invalid("password-missing", f"Enter your {field.replace('_', ' ')}.", field=field)
        await take_turn(db, actor.email, caller)
        # The turn ended the transaction, and with it the context.
        actor = await current_actor(request, db)
        await credentials.change_password(db, actor, old_password, new_password, caller=caller)
    except HassError as error:
        if error.status >= 500:
            raise
        if error.status == 429:
            actor = await current_actor(request, db)
        return _account_page(request, actor, await queries.list_own(db, actor), error=error)
    cookie = await actions.start_on_page(db, actor.user_id, now=clock.now(), caller=caller)
    return signed_in(request, cookie, "/account?done=password")


@router.post("/account/sessions/end-others", dependencies=[SignedIn])
async def end_other_sessions(db: Db, actor: CurrentActor) -> Response:
    await actions.end_others(db, actor)
    return RedirectResponse("/account?done=ended", 303)


@router.post("/account/sessions/{id}/end", dependencies=[SignedIn])
async def end_session(db: Db, actor: CurrentActor, id: UUID) -> Response:
    await actions.end_own(db, actor, id)
    return RedirectResponse("/account?done=ended", 303)


@router.get("/users/{id}/sessions", dependencies=[Needs(Permission.USER_MANAGE)])
async def show_user_sessions(request: Request, db: Db, actor: CurrentActor, id: UUID) -> Response:
    sessions = await queries.list_of_user(db, actor, id)
    user = await queries.find_user(db, actor, id)
    return render(
        request, "signin/user_sessions.html", actor, user=user, sessions=sessions.items, section="/staff"
    )


@router.post("/users/{id}/sessions/end", dependencies=[Needs(Permission.USER_MANAGE)])
async def end_user_sessions(db: Db, actor: CurrentActor, id: UUID) -> Response:
    await actions.end_of_user(db, actor, id, None)
    return RedirectResponse(f"/users/{id}/sessions", 303)


@router.post("/users/{id}/sessions/{session_id}/end", dependencies=[Needs(Permission.USER_MANAGE)])
async def end_user_session(db: Db, actor: CurrentActor, id: UUID, session_id: UUID) -> Response:
    await actions.end_of_user(db, actor, id, session_id)
    return RedirectResponse(f"/users/{id}/sessions", 303)


@router.get("/password/forgotten", dependencies=[PUBLIC])
async def show_forgotten(request: Request) -> Response:
    return _forgotten_page(request)


def _forgotten_page(
    request: Request,
    *,
    email: str = "",
    problem: str | None = None,
    answer: str | None = None,
    status_code: int = 200,
) -> Response:
    can_mail = request.app.state.post.delivers
    return render(
        request,
        "signin/forgotten.html",
        status_code=status_code,
        email=email,
        problem=problem,
        answer=answer if can_mail else credentials.NO_MAIL,
    )


@router.post("/password/forgotten", dependencies=[PUBLIC])
async def forgotten(request: Request, db: Db, email: Annotated[str, Form(max_length=320)] = "") -> Response:
    """The answer is the same for every address, known or not."""
    email = email.strip()
    if not email:
        return _forgotten_page(request, problem="Enter your e-mail.", status_code=422)
    if "@" not in email:
        unlike = "An e-mail has an @, such as name@hospital.example."
        return _forgotten_page(request, email=email, problem=unlike, status_code=422)
    try:
        answer = await ask_for_link(request, db, email)
    except HassError as error:
        if error.status >= 500:
            raise
        page = _forgotten_page(request, email=email, problem=error.sentence, status_code=error.status)
        return answer_to(page, error)
    return _forgotten_page(request, answer=answer)


def _new_page(
    request: Request,
    link: str,
    found: queries.OpenLink | None,
    error: HassError | None = None,
    *,
    is_set: bool = False,
) -> Response:
    status = error.status if error else 200 if found or is_set else 410
    return render(
        request,
        "signin/new_password.html",
        status_code=status,
        link=link,
        found=found,
        is_set=is_set,
        problem=error.sentence if error else None,
        closed=credentials.CLOSED,
        least=LEAST_CHARACTERS,
    )


@router.get("/password/new", dependencies=[PUBLIC])
async def show_new_password(request: Request, db: Db, link: str = "") -> Response:
    """Opening the link changes nothing: a mail scanner opens links too."""
    return _new_page(request, link, await queries.open_link(db, link))


@router.get("/password/set", dependencies=[PUBLIC])
async def show_password_set(request: Request) -> Response:
    return _new_page(request, "", None, is_set=True)


@router.post("/password/new", dependencies=[PUBLIC])
async def set_password(
    request: Request, db: Db, link: Annotated[str, Form()] = "", new_password: Annotated[str, Form()] = ""
) -> Response:
    found = await queries.open_link(db, link)
    try:
        await credentials.set_by_link(db, link, found, new_password, caller=caller_of(request))
    except HassError as error:
        if error.status >= 500:
            raise
        return _new_page(request, link, None if error.status == 410 else found, error)
    return RedirectResponse("/password/set", 303)


@router.get("/drafts", dependencies=[SignedIn])
async def show_drafts(db: Db, actor: CurrentActor, page: str) -> Response:
    """For the script of the page: what its reader typed there and did not send."""
    return JSONResponse(await queries.drafts_of_page(db, actor, page, now=clock.now()))


@router.post("/drafts", dependencies=[SignedIn])
async def keep_draft(request: Request, db: Db, actor: CurrentActor) -> Response:
    """From the script of the page, while its reader types."""
    if not request.headers.get("content-type", "").startswith("application/json"):
        raise Invalid("draft-unfit", "This form cannot be kept.")
    try:
        draft = DraftIn.model_validate(orjson.loads(await request.body()))
    except (orjson.JSONDecodeError, ValidationError) as error:
        raise Invalid("draft-unfit", "This form cannot be kept.") from error
    await actions.keep_draft(db, actor, draft)
    return Response(status_code=204)


@router.get("/outbox", dependencies=[PUBLIC])
async def show_outbox(request: Request) -> Response:
    """The demo's mails, where no mail server is set: invented people, and links that work once."""
    if not request.app.state.post.keeps:
        raise NotFound
    return render(request, "signin/outbox.html", letters=list(request.app.state.post.kept))
