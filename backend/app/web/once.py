"""Idempotency-Key (design 3): a POST that is sent again, because its answer was lost on the way, is carried out once.

The key stands in the act's own transaction, with the answer: both are there or neither is, whatever dies between. A
duplicate that comes meanwhile waits for the first one's end. A refusal is not kept: nothing was done, so that the same
request may be tried again."""

import hashlib
from collections.abc import Callable, Coroutine
from typing import Annotated, Any
from uuid import UUID

import orjson
from fastapi import Depends, Header
from fastapi.routing import APIRoute
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.requests import Request
from starlette.responses import Response

from app.access.http import CurrentActor, Db, Declaration
from app.core.errors import Conflict, Invalid
from app.core.ids import new_id
from app.core.sentences import IDEMPOTENCY_KEY
from app.web.handlers import sqlstate_of

Key = Annotated[
    str | None,
    Header(
        min_length=8,
        max_length=200,
        pattern=IDEMPOTENCY_KEY,
        description="Made anew for each thing to be done. Sent again with the same body, it gets the first answer.",
    ),
]
REPEATED = "Idempotency-Replayed"
# What of an answer's headers belongs to it.
KEPT_HEADERS = ("etag", "location")
LOCK_NOT_AVAILABLE = "55P03"

_WAIT = text("SELECT set_config('lock_timeout', '5s', true)")
_WAIT_AS_BEFORE = text("SET LOCAL lock_timeout TO DEFAULT")
# Waits for the end of whoever is at work on the same key.
_CLAIM = text(
    "INSERT INTO idempotency_keys (id, user_id, key, request_hash) VALUES (:id, :user_id, :key, :request_hash)"
    " ON CONFLICT (user_id, key) DO NOTHING"
)
_FIRST = text(
    "SELECT request_hash, response_status, response_body FROM idempotency_keys"
    " WHERE user_id = :user_id AND key = :key"
)
_KEEP = text(
    "UPDATE idempotency_keys SET response_status = :status, response_body = CAST(:body AS jsonb) WHERE id = :id"
)
# Answers speak of patients: after a day nobody sends the same again, and only the key is left.
_FORGET = text(
    "UPDATE idempotency_keys SET response_body = NULL"
    " WHERE user_id = :user_id AND response_body IS NOT NULL AND created_at < now() - interval '1 day'"
)


class Answered(Exception):
    def __init__(self, response: Response) -> None:
        super().__init__()
        self.response = response


class Repeatable(APIRoute):
    """A JSON route whose POST may carry an Idempotency-Key; public ones may not, since a key belongs to its user."""

    def __init__(self, path: str, endpoint: Callable[..., Any], **given: Any) -> None:
        declared = list(given.get("dependencies") or ())
        is_public = any(
            isinstance(each.dependency, Declaration) and each.dependency.permission == "public"
            for each in declared
        )
        if "POST" in (given.get("methods") or ()) and not is_public:
            # The last of them: whoever lacks the right gets no answer that was kept either.
            given["dependencies"] = [*declared, Depends(claim)]
        super().__init__(path, endpoint, **given)

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handler = super().get_route_handler()

        async def answered(request: Request) -> Response:
            try:
                response = await handler(request)
            except Answered as before:
                return before.response
            if (claimed := getattr(request.state, "claimed", None)) is not None:
                # The transaction is still open: the commit follows, and then the reply.
                db, row_id = claimed
                await _keep(db, row_id, response)
            return response

        return answered


async def claim(request: Request, db: Db, actor: CurrentActor, idempotency_key: Key = None) -> None:
    """Take the key for this request, or answer as the first one with it was answered."""
    if idempotency_key is None:
        return
    row_id, wanted = new_id(), await _hash(request)
    named = {"user_id": actor.user_id, "key": idempotency_key}
    if await _is_claimed(db, {"id": row_id, "request_hash": wanted, **named}):
        await db.execute(_FORGET, {"user_id": actor.user_id})
        request.state.claimed = (db, row_id)
        return
    first = (await db.execute(_FIRST, named)).one()
    if first.request_hash != wanted:
        raise Invalid(
            "idempotency-key-reused",
            "This Idempotency-Key came with another request before. Make a new key for each thing to be done.",
            field="Idempotency-Key",
        )
    if first.response_status is None:
        raise _at_work()
    if first.response_body is None:
        raise Conflict(
            "idempotency-key-old",
            "This was done more than a day ago, and its answer is no longer kept. Look at what stands there now.",
        )
    raise Answered(_again(first.response_status, first.response_body))


async def _is_claimed(db: AsyncSession, values: dict[str, Any]) -> bool:
    await db.execute(_WAIT)
    try:
        made: Any = await db.execute(_CLAIM, values)
    except DBAPIError as error:
        if sqlstate_of(error) == LOCK_NOT_AVAILABLE:
            raise _at_work() from None
        raise
    await db.execute(_WAIT_AS_BEFORE)
    return bool(made.rowcount == 1)


def _at_work() -> Conflict:
    return Conflict(
        "idempotency-key-in-use",
        "A request with this Idempotency-Key is being worked on. Wait for its answer.",
    )


async def _hash(request: Request) -> str:
    """Of all that decides what is done: method, address, the version that was seen, body."""
    address = (
        f"{request.method} {request.url.path}?{request.url.query}\n{request.headers.get('if-match', '')}\n"
    )
    return hashlib.sha256(address.encode() + await request.body()).hexdigest()


async def _keep(db: AsyncSession, row_id: UUID, response: Response) -> None:
    headers = {name: response.headers[name] for name in KEPT_HEADERS if name in response.headers}
    body = orjson.loads(response.body) if response.body else None
    kept = orjson.dumps({"headers": headers, "body": body}).decode()
    await db.execute(_KEEP, {"id": row_id, "status": response.status_code, "body": kept})


def _again(status: int, kept: dict[str, Any]) -> Response:
    content = b"" if kept["body"] is None else orjson.dumps(kept["body"])
    headers = {**kept["headers"], REPEATED: "true"}
    return Response(content, status, headers, media_type="application/json" if content else None)
