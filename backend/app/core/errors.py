"""What went wrong, in a sentence that says what to do; the faces turn it into JSON, a page or an OperationOutcome.

No sentence carries patient data: it may end in a log."""

from collections.abc import Mapping, Sequence

# The kind of a validator's error whose message is a sentence of ours.
SAID = "said"


class HassError(Exception):
    """A refusal with a stable code, one sentence for the reader and an HTTP status."""

    status = 400

    def __init__(
        self, code: str, sentence: str, status: int | None = None, *, field: str | None = None
    ) -> None:
        super().__init__(sentence)
        self.code = code
        self.sentence = sentence
        self.field = field
        if status is not None:
            self.status = status


class Invalid(HassError):
    """The request cannot be meant as it stands; `errors` names the fields."""

    status = 422

    def __init__(
        self,
        code: str,
        sentence: str,
        *,
        field: str | None = None,
        errors: Sequence[Mapping[str, str]] = (),
    ) -> None:
        super().__init__(code, sentence, field=field)
        self.errors = tuple(errors)


class Unauthenticated(HassError):
    """Nobody is signed in, or the sign-in has ended."""

    status = 401

    def __init__(self, code: str = "not-signed-in", sentence: str = "Sign in to go on.") -> None:
        super().__init__(code, sentence)


class Locked(Unauthenticated):
    """The page was quiet for too long, or was locked by hand; its user unlocks it by his password."""

    def __init__(self) -> None:
        super().__init__("page-locked", "This page has locked itself. Unlock it to go on.")


class TooMany(HassError):
    """Too many attempts; the next one is taken after `seconds`."""

    status = 429

    def __init__(self, code: str, sentence: str, seconds: int) -> None:
        super().__init__(code, sentence)
        self.seconds = seconds


class Forbidden(HassError):
    """The actor's role lacks the permission `permission` (its key) for this act."""

    status = 403

    def __init__(self, permission: str, title: str) -> None:
        super().__init__(
            "permission-missing",
            f'Your role does not include "{title}". An administrator can grant it.',
        )
        self.permission = permission


class BeyondReach(HassError):
    """The actor may do such a thing, but not that far: nobody hands out more than he has."""

    status = 403


class NotFound(HassError):
    """Not there, or not within reach: the reader cannot tell which."""

    status = 404

    def __init__(self, code: str = "not-found", sentence: str = "There is no such record here.") -> None:
        super().__init__(code, sentence)


class Conflict(HassError):
    """The world moved on, or the state does not allow it."""

    status = 409
