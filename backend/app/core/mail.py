"""Letters by e-mail: written inside a transaction, sent after its commit, never waited for by a request.

Without a mail server the demo keeps them in the memory of this process, for a page that shows them."""

import asyncio
import logging
from collections import deque
from collections.abc import Coroutine, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

from sqlalchemy.ext.asyncio import AsyncSession

from app.core.errors import HassError

# smtps is encrypted from the start, smtp from STARTTLS on; plain is for a relay on the same machine.
SCHEMES = {
    "smtps": ("mailtos", {"mode": "ssl"}),
    "smtp": ("mailtos", {"mode": "starttls"}),
    "smtp+plain": ("mailto", {"mode": "insecure"}),
}
MOST_KEPT = 50
_KEY = "letters"
log = logging.getLogger("app.mail")


@dataclass(frozen=True)
class Letter:
    """One mail. No subject carries anything about a patient."""

    to: str
    subject: str
    body: str
    written_at: datetime


def write_letter(session: AsyncSession, letter: Letter) -> None:
    """The letter leaves once this transaction is committed; with a roll-back it is gone."""
    session.info.setdefault(_KEY, []).append(letter)


def take_letters(session: AsyncSession) -> list[Letter]:
    letters: list[Letter] = session.info.pop(_KEY, [])
    return letters


class PostOffice:
    """Takes letters and sends them beside the requests: a slow mail server holds nobody up."""

    def __init__(self, smtp_url: str | None, *, keeps: bool) -> None:
        self._target = None if smtp_url is None else _parse(smtp_url)
        self.keeps = keeps and self._target is None
        self.kept: deque[Letter] = deque(maxlen=MOST_KEPT)
        self._running: set[asyncio.Task[None]] = set()

    @property
    def delivers(self) -> bool:
        """Whether anybody gets to read a letter."""
        return self._target is not None or self.keeps

    def send(self, letters: Sequence[Letter]) -> None:
        for letter in letters:
            if self.keeps:
                self.kept.appendleft(letter)
            elif self._target is not None:
                self.run(self._deliver(letter))

    def run(self, work: Coroutine[Any, Any, None]) -> None:
        """Do the work beside the requests; `settle` waits for it."""
        task = asyncio.get_running_loop().create_task(work)
        self._running.add(task)
        task.add_done_callback(self._over)

    def _over(self, task: asyncio.Task[None]) -> None:
        self._running.discard(task)
        if not task.cancelled() and (failure := task.exception()) is not None:
            # Nobody waits for this work: without a line in the log its failure would be lost.
            log.error("work beside a request failed: %s", type(failure).__name__)

    async def settle(self) -> None:
        """Return when everything that was handed in is done."""
        while self._running:
            await asyncio.gather(*self._running, return_exceptions=True)

    async def _deliver(self, letter: Letter) -> None:
        assert self._target is not None
        if not await asyncio.to_thread(_send, _address_for(self._target, letter.to), letter):
            # Neither the address nor the text: a log is read by more people than a mail.
            log.error(
                "A mail could not be handed to the server in HASS_SMTP_URL; it is lost. Ask for it again."
            )


Target = tuple[str, str, dict[str, str]]


def _parse(smtp_url: str) -> Target:
    """Scheme, login and host, and options, in apprise's words; raises HassError when the address is none."""
    parts = urlsplit(smtp_url)
    options = dict(parse_qsl(parts.query))
    if parts.scheme not in SCHEMES or not parts.hostname or "@" not in options.get("from", ""):
        raise HassError(
            "smtp-url-invalid",
            "HASS_SMTP_URL is not an address like "
            "smtps://user:password@mail.example:465?from=hass@hospital.example. Correct it and start again.",
            500,
        )
    scheme, mode = SCHEMES[parts.scheme]
    return scheme, parts.netloc, {**mode, "from": options["from"]}


def _address_for(target: Target, to: str) -> str:
    scheme, host, options = target
    return f"{scheme}://{host}?{urlencode({**options, 'to': to, 'name': 'HASS'})}"


def _send(address: str, letter: Letter) -> bool:
    # Here and not above: apprise brings a hundred services along, which takes a moment.
    import apprise

    post = apprise.Apprise()
    return bool(
        post.add(address)
        and post.notify(title=letter.subject, body=letter.body, body_format=apprise.NotifyFormat.TEXT)
    )
