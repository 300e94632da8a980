"""JSON routes of signing in and out."""

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from app.access import tokens
from app.access.http import PUBLIC, CurrentActor, Db, SignedIn, caller_of
from app.core import clock
from app.core.errors import Unauthenticated
from app.features.signin import actions
from app.features.signin.schemas import LoginIn, MeOut, RefreshIn, TokensOut

router = APIRouter(prefix="/auth", tags=["access"])


def _out(pair: actions.TokenPair) -> TokensOut:
    return TokensOut(
        access_token=pair.access_token,
        refresh_token=pair.refresh_token,
        token_type="bearer",  # noqa: S106 - the scheme's name.
        expires_in=pair.expires_in,
    )


@router.post("/login", dependencies=[PUBLIC], summary="Sign in")
async def sign_in(request: Request, db: Db, given: LoginIn) -> TokensOut:
    pair = await actions.sign_in(
        db, given.email.strip(), given.password, now=clock.now(), caller=caller_of(request)
    )
    return _out(pair)


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
