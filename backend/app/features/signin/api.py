"""JSON routes of signing in and out, of passwords and of living sign-ins."""

from uuid import UUID

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from app.access import tokens
from app.access.http import PUBLIC, CurrentActor, Db, Needs, SignedIn, caller_of, current_actor
from app.access.permissions import Permission
from app.core import clock
from app.core.errors import Unauthenticated
from app.features.signin import actions, credentials, queries
from app.features.signin.forgotten import ask_for_link
from app.features.signin.schemas import (
    EndedOut,
    ForgottenIn,
    ForgottenOut,
    LinkIn,
    LoginIn,
    MeOut,
    PasswordIn,
    RefreshIn,
    SessionsOut,
    TokensOut,
)
from app.features.signin.turns import take_turn
from app.web.once import Repeatable

router = APIRouter(prefix="/auth", tags=["access"])
users = APIRouter(prefix="/users", tags=["access"], route_class=Repeatable)


def _out(pair: actions.TokenPair) -> TokensOut:
    return TokensOut(
        access_token=pair.access_token,
        refresh_token=pair.refresh_token,
        token_type="bearer",  # noqa: S106 - the scheme's name.
        expires_in=pair.expires_in,
    )


@router.post("/login", dependencies=[PUBLIC], summary="Sign in")
async def sign_in(request: Request, db: Db, given: LoginIn) -> TokensOut:
    """After some failures the next attempt has to wait; 429 says how long."""
    email, caller = given.email.strip(), caller_of(request)
    await take_turn(db, email, caller)
    return _out(await actions.sign_in(db, email, given.password, now=clock.now(), caller=caller))


@router.post("/refresh", dependencies=[PUBLIC], summary="Exchange a refresh token for a new pair")
async def refresh(request: Request, db: Db, given: RefreshIn) -> TokensOut:
    """A refresh token works once; used twice it ends its whole sign-in."""
    pair = await actions.refresh(db, given.refresh_token, now=clock.now(), caller=caller_of(request))
    if pair is None:
        # The end of the family must outlive the refusal, so it is kept before the error rolls back.
        await db.commit()
        raise Unauthenticated("session-ended", tokens.ENDED)
    return _out(pair)


@router.post("/logout", dependencies=[SignedIn], summary="Sign out", status_code=204)
async def sign_out(db: Db, actor: CurrentActor) -> Response:
    await actions.sign_out(db, actor)
    return Response(status_code=204)


@router.get("/me", dependencies=[SignedIn], summary="Who is signed in")
async def me(actor: CurrentActor) -> MeOut:
    return MeOut(
        id=actor.user_id,
        email=actor.email,
        first_name=actor.first_name,
        last_name=actor.last_name,
        role=actor.role,
        permissions=sorted(actor.permissions),
        region_id=actor.region_id if actor.scope != "self" else None,
        hospital_id=actor.hospital_id,
    )


@router.post("/password", dependencies=[SignedIn], summary="Change one's password")
async def change_password(request: Request, db: Db, actor: CurrentActor, given: PasswordIn) -> TokensOut:
    """Every sign-in begun with the old password ends; the answer is a new one."""
    caller = caller_of(request)
    await take_turn(db, actor.email, caller)
    # The turn ended the transaction, and with it the context.
    actor = await current_actor(request, db)
    await credentials.change_password(db, actor, given.old_password, given.new_password, caller=caller)
    return _out(await actions.start_for_program(db, actor.user_id, now=clock.now(), caller=caller))


@router.post(
    "/password/forgotten", dependencies=[PUBLIC], summary="Ask for a link to a new password", status_code=202
)
async def forgotten(request: Request, db: Db, given: ForgottenIn) -> ForgottenOut:
    """The answer is the same for every address, known or not."""
    return ForgottenOut(detail=await ask_for_link(request, db, given.email.strip()))


@router.post(
    "/password/new",
    dependencies=[PUBLIC],
    summary="Set a password by a link",
    status_code=204,
    responses={410: {"description": "The link was used, was replaced or is too old."}},
)
async def set_password(request: Request, db: Db, given: LinkIn) -> Response:
    """A link works once; 410 for one that was used, was replaced or is too old."""
    found = await queries.open_link(db, given.link)
    await credentials.set_by_link(db, given.link, found, given.new_password, caller=caller_of(request))
    return Response(status_code=204)


@router.get("/sessions", dependencies=[SignedIn], summary="One's living sign-ins")
async def list_sessions(db: Db, actor: CurrentActor) -> SessionsOut:
    return await queries.list_own(db, actor)


@router.post("/sessions/end-others", dependencies=[SignedIn], summary="End one's other sign-ins")
async def end_other_sessions(db: Db, actor: CurrentActor) -> EndedOut:
    return EndedOut(ended=await actions.end_others(db, actor))


@router.post(
    "/sessions/{id}/end", dependencies=[SignedIn], summary="End one of one's sign-ins", status_code=204
)
async def end_session(db: Db, actor: CurrentActor, id: UUID) -> Response:
    await actions.end_own(db, actor, id)
    return Response(status_code=204)


@users.get(
    "/{id}/sessions", dependencies=[Needs(Permission.USER_MANAGE)], summary="Living sign-ins of a user"
)
async def list_user_sessions(db: Db, actor: CurrentActor, id: UUID) -> SessionsOut:
    return await queries.list_of_user(db, actor, id)


@users.post(
    "/{id}/sessions/end", dependencies=[Needs(Permission.USER_MANAGE)], summary="End all sign-ins of a user"
)
async def end_user_sessions(db: Db, actor: CurrentActor, id: UUID) -> EndedOut:
    return EndedOut(ended=await actions.end_of_user(db, actor, id, None))


@users.post(
    "/{id}/sessions/{session_id}/end",
    dependencies=[Needs(Permission.USER_MANAGE)],
    summary="End one sign-in of a user",
    status_code=204,
)
async def end_user_session(db: Db, actor: CurrentActor, id: UUID, session_id: UUID) -> Response:
    await actions.end_of_user(db, actor, id, session_id)
    return Response(status_code=204)
