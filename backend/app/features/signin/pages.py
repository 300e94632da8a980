"""The pages of signing in and out, and of a page that locked itself."""

from typing import Annotated
from urllib.parse import quote

from fastapi import APIRouter, Depends, Form
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from app.access.http import PUBLIC, SESSION_COOKIE, CurrentActor, Db, SignedIn, caller_of
from app.core import clock
from app.core.errors import HassError, TooMany
from app.core.settings import get_settings
from app.features.signin import actions, queries
from app.features.signin.turns import take_turn
from app.web.csrf import VISITOR_COOKIE, same_site
from app.web.layout import local_path
from app.web.templating import render

router = APIRouter(dependencies=[Depends(same_site)])
DEMO_LOGINS = (
    ("Super administrator", "admin"),
    ("Regional administrator", "radmin"),
    ("Manager", "manager"),
    ("Doctor", "doctor"),
    ("Nurse", "nurse"),
    ("Laboratory", "lab"),
    ("Pharmacist", "pharma"),
    ("Reception", "reception"),
    ("Patient", "patient"),
)


def login_page(
    request: Request, *, next: str, email: str = "", problem: str | None = None, status_code: int = 200
) -> Response:
    logins = [
        {"role": role, "email": f"{name}@hass.example", "password": f"{name}123"}
        for role, name in DEMO_LOGINS
    ]
    return render(
        request,
        "signin/login.html",
        status_code=status_code,
        next=local_path(next),
        email=email,
        problem=problem,
        problem_field="email" if not email else "password",
        lock_minutes=get_settings().lock_minutes,
        demo_logins=logins if request.app.state.demo else [],
    )


def answer_to(response: Response, error: HassError) -> Response:
    """The page with the refusal on it, and how long to wait where that is the refusal."""
    if isinstance(error, TooMany):
        response.headers["Retry-After"] = str(error.seconds)
    return response


def signed_in(request: Request, cookie: str, next: str) -> Response:
    """On to the page that was wanted, with the cookie of the new sign-in."""
    response = RedirectResponse(local_path(next), 303)
    secure = request.url.scheme == "https"
    response.set_cookie(SESSION_COOKIE, cookie, httponly=True, samesite="lax", secure=secure, path="/")
    # What bound the login form ends with it: from here on the session's own cookie binds the forms.
    response.delete_cookie(VISITOR_COOKIE, path="/")
    return response


def missing_from(email: str, password: str) -> str | None:
    return "Enter your e-mail." if not email else "Enter your password." if not password else None


@router.get("/login", dependencies=[PUBLIC])
async def show_login(request: Request, next: str = "/") -> Response:
    return login_page(request, next=next)


@router.post("/login", dependencies=[PUBLIC])
async def log_in(
    request: Request,
    db: Db,
    email: Annotated[str, Form()] = "",
    password: Annotated[str, Form()] = "",
    next: Annotated[str, Form()] = "/",
) -> Response:
    """A wrong password shows the page again with the e-mail kept; the password never comes back."""
    email, caller = email.strip(), caller_of(request)
    missing = missing_from(email, password)
    if missing is not None:
        return login_page(request, next=next, email=email, problem=missing, status_code=422)
    try:
        await take_turn(db, email, caller)
        cookie = await actions.sign_in_on_page(db, email, password, now=clock.now(), caller=caller)
    except HassError as error:
        if error.status >= 500:
            raise
        page = login_page(request, next=next, email=email, problem=error.sentence, status_code=error.status)
        return answer_to(page, error)
    return signed_in(request, cookie, next)


@router.post("/logout", dependencies=[SignedIn])
async def log_out(db: Db, actor: CurrentActor) -> Response:
    await actions.sign_out(db, actor)
    response = RedirectResponse("/login", 303)
    response.delete_cookie(SESSION_COOKIE, path="/")
    return response


def lock_page(
    request: Request,
    locked: queries.LockedPage,
    *,
    next: str,
    email: str = "",
    problem: str | None = None,
    problem_field: str = "password",
    status_code: int = 200,
) -> Response:
    return render(
        request,
        "signin/lock.html",
        status_code=status_code,
        locked=locked,
        next=local_path(next),
        email=email,
        problem=problem,
        problem_field=problem_field,
        minutes=get_settings().lock_minutes,
    )


def _to_login(next: str) -> Response:
    wanted = local_path(next)
    return RedirectResponse("/login" if wanted == "/" else f"/login?next={quote(wanted, safe='')}", 303)


@router.get("/lock", dependencies=[PUBLIC])
async def show_lock(request: Request, db: Db, next: str = "/") -> Response:
    """Whose page it is, and the two ways on: he unlocks it, or somebody else signs in."""
    locked = await queries.page_of_cookie(db, request.cookies.get(SESSION_COOKIE))
    return lock_page(request, locked, next=next) if locked else _to_login(next)


@router.post("/lock", dependencies=[SignedIn])
async def lock(db: Db, actor: CurrentActor, next: Annotated[str, Form()] = "/") -> Response:
    await actions.lock(db, actor)
    return RedirectResponse(f"/lock?next={quote(local_path(next), safe='')}", 303)


@router.get("/lock/stay", dependencies=[SignedIn])
async def stay(actor: CurrentActor) -> Response:
    """Nothing but a request: whoever reads or types for long without sending stays signed in by it."""
    return Response(status_code=204)


@router.post("/lock/open", dependencies=[PUBLIC])
async def unlock(
    request: Request, db: Db, password: Annotated[str, Form()] = "", next: Annotated[str, Form()] = "/"
) -> Response:
    caller = caller_of(request)
    locked = await queries.page_of_cookie(db, request.cookies.get(SESSION_COOKIE))
    if locked is None:
        return _to_login(next)
    if not password:
        return lock_page(request, locked, next=next, problem="Enter your password.", status_code=422)
    try:
        await take_turn(db, locked.email, caller)
        cookie = await actions.unlock(db, locked, password, caller=caller)
    except HassError as error:
        if error.status >= 500:
            raise
        sentence = error.sentence if isinstance(error, TooMany) else "The password is wrong."
        page = lock_page(request, locked, next=next, problem=sentence, status_code=error.status)
        return answer_to(page, error)
    return signed_in(request, cookie, next)


@router.post("/lock/switch", dependencies=[PUBLIC])
async def switch_user(
    request: Request,
    db: Db,
    email: Annotated[str, Form()] = "",
    password: Annotated[str, Form()] = "",
) -> Response:
    """Somebody else goes on at a shared computer, from his own first page: what stood on the screen was not his."""
    email, caller = email.strip(), caller_of(request)
    locked = await queries.page_of_cookie(db, request.cookies.get(SESSION_COOKIE))
    problem, status = missing_from(email, password), 422
    refused: HassError | None = None
    if problem is None:
        try:
            await take_turn(db, email, caller)
            cookie = await actions.switch_user(db, locked, email, password, now=clock.now(), caller=caller)
            return signed_in(request, cookie, "/")
        except HassError as error:
            if error.status >= 500:
                raise
            problem, status, refused = error.sentence, error.status, error
    if locked is None:
        page = login_page(request, next="/", email=email, problem=problem, status_code=status)
    else:
        page = lock_page(
            request,
            locked,
            next="/",
            email=email,
            problem=problem,
            problem_field="other-password",
            status_code=status,
        )
    return page if refused is None else answer_to(page, refused)
