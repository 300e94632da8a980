"""`@needs(Permission.X)`: the permission stands on the act itself, and refusal is the default."""

from collections.abc import Awaitable, Callable
from functools import wraps
from typing import Concatenate, ParamSpec, TypeVar

from sqlalchemy.ext.asyncio import AsyncSession

from app.access.actor import Actor
from app.access.permissions import Permission
from app.core.errors import Forbidden


def require(actor: Actor, permission: Permission) -> None:
    """Raises Forbidden, naming the permission, when the actor lacks it."""
    if not actor.can(permission):
        raise Forbidden(permission.value, permission.label)


P = ParamSpec("P")
R = TypeVar("R")


def needs(
    permission: Permission,
) -> Callable[
    [Callable[Concatenate[AsyncSession, Actor, P], Awaitable[R]]],
    Callable[Concatenate[AsyncSession, Actor, P], Awaitable[R]],
]:
    """The act or query is refused to an actor without `permission`, before it looks at anything."""

    def decorate(
        act: Callable[Concatenate[AsyncSession, Actor, P], Awaitable[R]],
    ) -> Callable[Concatenate[AsyncSession, Actor, P], Awaitable[R]]:
        @wraps(act)
        async def guarded(session: AsyncSession, actor: Actor, /, *args: P.args, **kwargs: P.kwargs) -> R:
            require(actor, permission)
            return await act(session, actor, *args, **kwargs)

        guarded.permission = permission  # type: ignore[attr-defined]  # read by the generated role x act table.
        return guarded

    return decorate
