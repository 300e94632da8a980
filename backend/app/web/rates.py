"""How often somebody may ask: per sign-in where there is one, else per address. In memory, in each process.

A whole ward stands behind one address, so who is signed in is counted by his sign-in and never slowed down by
his neighbours; a credential counts as one only after it has opened a session, so that inventing one buys nothing."""

import hashlib
from collections import OrderedDict
from dataclasses import dataclass
from math import ceil

from limits import RateLimitItemPerMinute
from limits.storage import MemoryStorage
from limits.strategies import SlidingWindowCounterRateLimiter
from starlette.requests import Request

from app.core import clock

# Paths that cost a password's hash, or tell whether one is right.
COSTLY = (
    "/account/password",
    "/api/v1/auth/login",
    "/api/v1/auth/password",
    "/api/v1/auth/refresh",
    "/lock/",
    "/login",
    "/password/",
)
FREE = ("/static/", "/health")
MOST_KNOWN = 20_000


@dataclass(frozen=True)
class Rates:
    """Most requests a minute; 0 sets no limit."""

    requests: int
    sign_ins: int


class Meter:
    """Counts, and says how many seconds somebody has to wait."""

    def __init__(self, rates: Rates) -> None:
        self.rates = rates
        self.limiter = SlidingWindowCounterRateLimiter(MemoryStorage())
        self.known: OrderedDict[str, None] = OrderedDict()

    def wait(self, request: Request) -> int | None:
        """None when the request may go on; it is counted then."""
        path = request.url.path
        if path.startswith(FREE):
            return None
        caller = self.caller(request)
        if request.method == "POST" and path.startswith(COSTLY):
            over = self._over("sign-in", f"address:{_address(request)}", self.rates.sign_ins)
            if over is not None:
                return over
        return self._over("request", caller, self.rates.requests)

    def caller(self, request: Request) -> str:
        held = credential(request)
        return f"session:{held}" if held in self.known else f"address:{_address(request)}"

    def remember(self, request: Request) -> None:
        """The credential of this request opened a session: from here on it is counted for itself."""
        held = credential(request)
        if held is not None:
            self.known[held] = None
            self.known.move_to_end(held)
            if len(self.known) > MOST_KNOWN:
                self.known.popitem(last=False)

    def _over(self, what: str, whom: str, most: int) -> int | None:
        if not most:
            return None
        item = RateLimitItemPerMinute(most)
        if self.limiter.hit(item, what, whom):
            return None
        left = self.limiter.get_window_stats(item, what, whom).reset_time - clock.now().timestamp()
        return max(1, min(60, ceil(left)))


def credential(request: Request) -> str | None:
    """A hash of what the request shows of itself, as pages and routes read it; never the secret."""
    if request.url.path.startswith("/api/"):
        shown = request.headers.get("authorization")
    else:
        shown = request.cookies.get("hass_session")
    return hashlib.sha256(shown.encode(errors="surrogatepass")).hexdigest() if shown else None


def _address(request: Request) -> str:
    return request.client.host if request.client else "local"
