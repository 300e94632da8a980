"""Asking for a link to a new password: both faces answer at once, and alike for every address (S51)."""

from sqlalchemy.ext.asyncio import AsyncSession
from starlette.requests import Request

from app.access.http import caller_of, own_transaction
from app.core import clock
from app.features.signin import credentials
from app.features.signin.turns import FORGOTTEN, take_turn


async def ask_for_link(request: Request, db: AsyncSession, email: str) -> str:
    """What to tell whoever asked; the looking-up and the mail are done beside the request, so that time tells nothing.

    Raises TooMany after some requests for one address."""
    await take_turn(db, email, caller_of(request), kind=FORGOTTEN)
    post = request.app.state.post
    if not post.delivers:
        return credentials.NO_MAIL
    post.run(_answer(request, email))
    return credentials.ASKED


async def _answer(request: Request, email: str) -> None:
    async with own_transaction(request) as session:
        await credentials.answer_forgotten(session, email, now=clock.now())
