"""Errors at the edge: one problem+json shape (RFC 9457) under /api, one page or fragment elsewhere.

Nothing that was sent in is sent back, and no traceback ever leaves: an error may stand in a log or on a screen."""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any
from urllib.parse import quote

import orjson
from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from sqlalchemy.exc import DBAPIError, IntegrityError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from app.access.actor import Actor
from app.access.http import SESSION_COOKIE
from app.core.database import explain
from app.core.errors import SAID, Forbidden, HassError, Invalid, Locked, TooMany, Unauthenticated
from app.core.sentences import FORMS, TAKEN, sentence_for
from app.web.kept import keep_what_was_sent, page_before
from app.web.layout import home_of
from app.web.templating import is_fragment, render

TITLES = {
    401: "Not signed in",
    403: "Not part of your role",
    404: "Nothing here",
    405: "Not like this",
    408: "Too slow",
    409: "It changed meanwhile",
    413: "Too large",
    412: "It changed meanwhile",
    428: "Say which version you saw",
    422: "Something is missing or wrong",
    429: "Too many requests",
    503: "HASS cannot answer just now",
}
log = logging.getLogger("app.web")
SENTENCES = {
    400: "What was sent cannot be read. Check its form and its length.",
    404: "There is no such page or record here, or it is not within your reach.",
    405: "This address does not take that method.",
    408: "What was sent did not arrive in time. Send it again on a better line.",
    413: "What was sent is too large. Send less at once.",
    415: "This kind of content is not taken here.",
}
# Rules that refuse because of how things stand, not because of what was sent.
MOVED_ON = (
    "_machine", "_stay", "_last_admin", "_not_oneself", "_open_visits", "_open_hospitals", "_off_is_empty_check",
    "_second_person", "_open_visit", "_bed_left", "_summaries_signed", "_local_locked",
    "_merged_file", "_merged_person",
)  # fmt: skip
OUR_FAULT = (
    "Something failed on our side; nothing was saved. Try again, and give us the request number if it stays."
)
AWAY = "The database does not answer just now; nothing was saved. Try again in a moment."
BUSY = "Too many people ask at this moment; nothing was saved. Try again in a few seconds."
# Their sentences name hosts, logins and files, for the operator; a reader gets the one above.
OPERATORS = {
    "database-unreachable",
    "login-too-powerful",
    "login-too-weak",
    "not-migrated",
    "postgres-too-old",
    "secret-default",
    "secret-open",
    "secret-short",
    "secret-unreadable",
}
# So many faults are named at once; a body of thousands would be answered by a longer one.
MOST_ERRORS = 30
# Seconds after which to try again when we could not answer.
SOON = 3


@dataclass(frozen=True)
class Problem:
    status: int
    code: str
    sentence: str
    errors: Sequence[Mapping[str, str]] = ()
    headers: Mapping[str, str] = field(default_factory=dict)
    permission: str | None = None


def install(app: FastAPI) -> None:
    app.add_exception_handler(HassError, answer)
    app.add_exception_handler(RequestValidationError, answer)
    app.add_exception_handler(HTTPException, answer)
    app.add_exception_handler(SQLAlchemyError, answer)


async def answer(request: Request, error: Exception) -> Response:
    """The reply to an error, for a program or for a reader."""
    problem = problem_of(error)
    if problem.status >= 500:
        said = error.sentence if isinstance(error, HassError) else problem.code
        log.error("request %s: %s", getattr(request.state, "request_id", ""), said, exc_info=error)
    if request.url.path.startswith("/api/") or request.url.path.startswith("/health"):
        return as_json(request, problem)
    if isinstance(error, Locked):
        return await to_lock(request)
    if problem.status == 401:
        return to_login(request)
    if isinstance(error, RequestValidationError) and all(each["loc"][0] == "path" for each in error.errors()):
        # An address somebody mistyped is a page that is not there.
        problem = Problem(404, "not-found", SENTENCES[404])
    return as_page(request, problem)


def problem_of(error: Exception) -> Problem:
    if isinstance(error, PoolTimeout):
        return unavailable("busy", BUSY)
    if isinstance(error, HassError) and error.code in OPERATORS:
        return unavailable("database-away" if error.code.startswith("database") else "not-ready", AWAY)
    if isinstance(error, TooMany):
        headers = {"Retry-After": str(max(1, error.seconds))}
        return Problem(error.status, error.code, error.sentence, (), headers)
    if isinstance(error, HassError):
        errors = error.errors if isinstance(error, Invalid) else ()
        if not errors and error.field:
            errors = ({"field": error.field, "sentence": error.sentence},)
        return Problem(
            error.status,
            error.code,
            error.sentence,
            errors,
            {"WWW-Authenticate": "Bearer"} if isinstance(error, Unauthenticated) else {},
            error.permission if isinstance(error, Forbidden) else None,
        )
    if isinstance(error, RequestValidationError):
        return invalid_request(error.errors())
    if isinstance(error, HTTPException):
        status = error.status_code
        phrase = HTTPStatus(status).phrase.lower().replace(" ", "-")
        return Problem(
            status, phrase, SENTENCES.get(status, HTTPStatus(status).description), (), error.headers or {}
        )
    if isinstance(error, IntegrityError):
        return refused_by_database(error)
    if isinstance(error, DBAPIError) and sqlstate_of(error).startswith("22"):
        return Problem(
            422, "value-unfit", "A value is not one that can be recorded. Look at what was entered."
        )
    if isinstance(error, DBAPIError) and (known := explain(error)) is not None:
        return unavailable(known.code, known.sentence)
    return Problem(500, "our-fault", OUR_FAULT)


def unavailable(code: str, sentence: str) -> Problem:
    return Problem(503, code, sentence, (), {"Retry-After": str(SOON)})


def sqlstate_of(error: DBAPIError) -> str:
    original: Any = error.orig
    return str(getattr(getattr(original, "__cause__", None) or original, "sqlstate", None) or "")


def refused_by_database(error: IntegrityError) -> Problem:
    """A violated constraint: its name has a sentence (core/sentences.py); a value that is taken is a conflict."""
    original: Any = error.orig
    cause = getattr(original, "__cause__", None) or original
    name = getattr(cause, "constraint_name", None)
    sentence = sentence_for(name)
    if sentence is None:
        return Problem(
            409, "refused-by-database", "The database refused this: it contradicts what is recorded."
        )
    # The world moved on: something is taken, in use, or no longer in the state it was seen in.
    taken = sqlstate_of(error) in ("23505", "23P01", "23503", "23001") or str(name).endswith(MOVED_ON)
    errors = [{"field": TAKEN[name], "sentence": sentence}] if name in TAKEN else []
    return Problem(409 if taken else 422, str(name).replace("_", "-"), sentence, errors)


def invalid_request(errors: Sequence[Mapping[str, Any]]) -> Problem:
    # A field's name is the sender's own word and may be any length; so may their number.
    listed = [
        {"field": _field(each["loc"])[:100], "sentence": _sentence(each)} for each in errors[:MOST_ERRORS]
    ]
    return Problem(422, "invalid", " ".join(dict.fromkeys(each["sentence"] for each in listed)), listed)


def _field(location: Sequence[Any]) -> str:
    parts = [str(part) for part in location if part not in ("body", "query", "path", "header", "cookie")]
    return ".".join(parts) or "body"


def _sentence(error: Mapping[str, Any]) -> str:
    """What is needed, in our own words; the validator's would repeat what was typed."""
    name, kind, limits = _field(error["loc"])[:100], str(error["type"]), error.get("ctx") or {}
    if kind == SAID:
        return str(error["msg"])
    if kind == "missing":
        return f"{name} is needed."
    if kind == "extra_forbidden":
        return f"{name} is not known here; leave it out."
    if kind == "json_invalid":
        return "The body is not valid JSON."
    if kind.startswith("uuid"):
        return f"{name} is not an identifier of ours."
    if kind.startswith(("int", "float", "decimal", "finite")):
        return f"{name} needs a number."
    if kind.startswith("bool"):
        return f"{name} is either true or false."
    if kind.startswith(("date", "time")):
        return f"{name} needs a date or time in ISO 8601, such as 2026-11-24."
    if kind == "string_too_long":
        return f"{name} is longer than {limits['max_length']} characters."
    if kind == "string_too_short":
        return f"{name} is shorter than {limits['min_length']} characters."
    for key, words in (("ge", "at least"), ("gt", "more than"), ("le", "at most"), ("lt", "less than")):
        if key in limits:
            return f"{name} needs to be {words} {limits[key]}."
    if kind in ("literal_error", "enum"):
        return f"{name} is one of {limits.get('expected', 'the listed words')}."
    return f"{name} {FORMS.get(limits.get('pattern', ''), 'is not in the form that is needed')}."


def as_json(request: Request, problem: Problem) -> Response:
    body: dict[str, Any] = {
        "type": f"urn:hass:error:{problem.code}",
        "title": TITLES.get(problem.status, HTTPStatus(problem.status).phrase),
        "status": problem.status,
        "detail": problem.sentence,
        "code": problem.code,
        "request_id": getattr(request.state, "request_id", None),
    }
    if problem.errors:
        body["errors"] = [dict(each) for each in problem.errors]
    if problem.permission:
        body["permission"] = problem.permission
    return Response(
        orjson.dumps(body), problem.status, dict(problem.headers), media_type="application/problem+json"
    )


def to_login(request: Request) -> Response:
    """A visitor who is not signed in goes to the login page, and from there to where he was going."""
    return _by_way_of(request, "/login", _wanted(request))


async def to_lock(request: Request) -> Response:
    """A page that locked itself is unlocked first; what was sent from it is kept for its author, not carried out."""
    wanted = _wanted(request)
    if request.method != "GET" and not is_fragment(request):
        wanted = page_before(request)
        await keep_what_was_sent(request, wanted)
    return _by_way_of(request, "/lock", wanted)


def _wanted(request: Request) -> str:
    path = request.url.path
    if is_fragment(request):
        return page_before(request)
    if request.method != "GET":
        return "/"
    return path if not request.url.query else f"{path}?{request.url.query}"


def _by_way_of(request: Request, page: str, wanted: str) -> Response:
    target = page if wanted == "/" else f"{page}?next={quote(wanted, safe='')}"
    if is_fragment(request):
        # The whole page moves: htmx would put the form into the part it asked for.
        return Response(status_code=401, headers={"HX-Redirect": target})
    return RedirectResponse(target, 303)


def as_page(request: Request, problem: Problem) -> Response:
    actor: Actor | None = getattr(request.state, "actor", None)
    title = TITLES.get(problem.status, "This did not work" if problem.status < 500 else "Our fault")
    if is_fragment(request):
        response: Response = render(
            request,
            "error_fragment.html",
            actor,
            status_code=problem.status,
            title=title,
            sentence=problem.sentence,
        )
    else:
        icon = {403: "lock", 404: "search"}.get(problem.status, "alert-triangle")
        response = render(
            request,
            "error.html",
            actor,
            status_code=problem.status,
            title=title,
            sentence=problem.sentence,
            more=_more(problem, actor),
            icon_name=icon,
            way_out=_way_out(request, actor),
            again=request.url.path if problem.status >= 500 and request.method == "GET" else None,
        )
    response.headers.update(
        {name: value for name, value in problem.headers.items() if name != "WWW-Authenticate"}
    )
    return response


def _more(problem: Problem, actor: Actor | None) -> list[str]:
    lines = [each["sentence"] for each in problem.errors if each["sentence"] != problem.sentence]
    if problem.permission:
        lines.append(f"The missing right is “{problem.permission}”.")
        if actor is not None:
            lines.append(
                f"You are signed in as {actor.role_title.lower()}. What each role includes is decided by the "
                "super administrator of the network."
            )
    return lines


def _way_out(request: Request, actor: Actor | None) -> dict[str, str]:
    if actor is None and request.cookies.get(SESSION_COOKIE):
        # Refused before anybody looked who it is: the front door knows where to go on.
        return {"href": "/", "title": "Go to my first page"}
    if actor is None:
        return {"href": "/login", "title": "Go to sign in"}
    home = home_of(actor)
    return {"href": home, "title": "Go to patients" if home == "/patients" else "Go to my first page"}


async def on_failure(request: Request, error: Exception) -> Response:
    """The last resort: whatever no handler knew."""
    return await answer(request, error)
