"""Over https every cookie of ours is `Secure` and named `__Host-...`, whichever page sets it.

The prefix makes the browser refuse the cookie from a sister domain or from plain http, so that nobody can plant
a session of his own in a reader's browser. Pages keep to the plain names; they are changed on the wire."""

from starlette.types import Message, Scope

OURS, PREFIX = b"hass_", b"__Host-"


def take_in(scope: Scope) -> None:
    """The request's cookies by their plain names; one that came without the prefix was not set by us over https."""
    headers = []
    for name, value in scope["headers"]:
        if name == b"cookie":
            parts = [part.strip() for part in value.split(b";")]
            kept = [part for part in parts if not part.startswith(OURS)]
            ours = PREFIX + OURS
            kept = [part.removeprefix(PREFIX) if part.startswith(ours) else part for part in kept]
            headers.append((name, b"; ".join(kept)))
        else:
            headers.append((name, value))
    scope["headers"] = headers


def send_out(message: Message) -> None:
    """The reply's cookies by their prefixed names."""
    message["headers"] = [
        (name, _harden(value) if name.lower() == b"set-cookie" and value.startswith(OURS) else value)
        for name, value in message["headers"]
    ]


def _harden(cookie: bytes) -> bytes:
    secure = b"" if b"secure" in cookie.lower().split(b"; ") else b"; Secure"
    return PREFIX + cookie + secure
