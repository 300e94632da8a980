"""The pages of signing in and out."""

from typing import Annotated

from fastapi import APIRouter, Depends, Form
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from app.access.http import PUBLIC, SESSION_COOKIE, CurrentActor, Db, SignedIn, caller_of
from app.core import clock
from app.core.errors import HassError
from app.features.signin import actions
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
        demo_logins=logins if request.app.state.demo else [],
    )


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
    email = email.strip()
    missing = "Enter your e-mail." if not email else "Enter your password." if not password else None
    if missing is not None:
        return login_page(request, next=next, email=email, problem=missing, status_code=422)
    try:
        cookie = await actions.sign_in_on_page(
            db, email, password, now=clock.now(), caller=caller_of(request)
        )
    except HassError as error:
        if error.status >= 500:
            raise
        return login_page(request, next=next, email=email, problem=error.sentence, status_code=error.status)
    response = RedirectResponse(local_path(next), 303)
    secure = request.url.scheme == "https"
    response.set_cookie(SESSION_COOKIE, cookie, httponly=True, samesite="lax", secure=secure, path="/")
    # What bound the login form ends with it: from here on the session's own cookie binds the forms.
    response.delete_cookie(VISITOR_COOKIE, path="/")
    return response


@router.post("/logout", dependencies=[SignedIn])
async def log_out(db: Db, actor: CurrentActor) -> Response:
    await actions.sign_out(db, actor)
    response = RedirectResponse("/login", 303)
    response.delete_cookie(SESSION_COOKIE, path="/")
    return response
