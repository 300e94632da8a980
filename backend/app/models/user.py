"""People who work in the network or sign in as patients, their sign-ins and what belongs to these (S13, S50, S51)."""

from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, ForeignKeyConstraint, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.models.base import CITEXT, INET, JSONB, Row, enum_column, user_fk
from app.models.role import Role, Scope

if TYPE_CHECKING:
    from app.models.patient import Patient


class User(Row):
    __tablename__ = "users"
    __table_args__ = (
        # RESTRICT: a role in use stays. The scope travels with the role, so the checks below can rely on it.
        ForeignKeyConstraint(
            ["role_id", "scope"], ["roles.id", "roles.scope"], ondelete="RESTRICT", onupdate="CASCADE"
        ),
        # RESTRICT, and composite: a hospital's user stands in that hospital's region.
        ForeignKeyConstraint(
            ["region_id", "hospital_id"], ["hospitals.region_id", "hospitals.id"], ondelete="RESTRICT"
        ),
        CheckConstraint(
            "CASE scope WHEN 'network' THEN region_id IS NULL AND hospital_id IS NULL"
            " WHEN 'region' THEN region_id IS NOT NULL AND hospital_id IS NULL"
            " WHEN 'hospital' THEN region_id IS NOT NULL AND hospital_id IS NOT NULL"
            " ELSE region_id IS NULL AND hospital_id IS NULL END",
            name="scope_reach",
        ),
        CheckConstraint("(email IS NULL) = (password_hash IS NULL)", name="login_complete"),
        CheckConstraint("email IS NOT NULL OR source IS NOT NULL", name="login_or_imported"),
        CheckConstraint(r"email ~ '^[^@[:space:]]+@[^@[:space:]]+$'", name="email_format"),
        CheckConstraint(r"password_hash ~ '^\$2[aby]\$[0-9]{2}\$.{53}$'", name="password_hash_bcrypt"),
        CheckConstraint("btrim(last_name) <> ''", name="last_name_given"),
        Index(None, "hospital_id", "last_name", "first_name"),
        Index(None, "region_id", "hospital_id"),
        Index(None, "role_id", "scope"),
    )

    email: Mapped[str | None] = mapped_column(
        CITEXT, unique=True, comment="login name; stays taken after a soft delete; NULL = no login"
    )
    password_hash: Mapped[str | None] = mapped_column(
        deferred=True, deferred_raiseload=True, comment="bcrypt; NULL = no login; read by no application role"
    )
    password_changed_at: Mapped[datetime | None] = mapped_column(comment="sign-ins begun earlier have ended")
    title: Mapped[str | None] = mapped_column(comment="Dr, Prof ...; shown before the name")
    first_name: Mapped[str | None] = mapped_column(comment="given names")
    last_name: Mapped[str] = mapped_column(comment="family name")
    phone: Mapped[str | None] = mapped_column(comment="telephone number as it was written")
    role_id: Mapped[UUID] = mapped_column(comment="role, which gives the permissions")
    scope: Mapped[Scope] = enum_column("scope", Scope, comment="repeats the role's (composite key)")
    # RESTRICT: a region with people in it is deactivated, not deleted.
    region_id: Mapped[UUID | None] = mapped_column(
        ForeignKey("regions.id", ondelete="RESTRICT"), comment="region of work; NULL = by scope"
    )
    hospital_id: Mapped[UUID | None] = mapped_column(comment="hospital of work; NULL = by scope")
    is_active: Mapped[bool] = mapped_column(
        server_default=text("true"), default=True, comment="false = switched off, the row stays"
    )
    is_deleted: Mapped[bool] = mapped_column(
        server_default=text("false"), default=False, comment="soft delete: the row stays for the audit trail"
    )
    last_login: Mapped[datetime | None] = mapped_column(comment="instant of the last sign-in")
    source: Mapped[str | None] = mapped_column(
        sort_order=80, comment="URI of the system the row was imported from; NULL = authored here"
    )

    role: Mapped[Role] = relationship(
        back_populates="users", lazy="raise", primaryjoin="Role.id == foreign(User.role_id)"
    )
    sessions: Mapped[list["Session"]] = relationship(
        back_populates="user",
        lazy="raise",
        primaryjoin="User.id == foreign(Session.user_id)",
        passive_deletes="all",
    )
    patient: Mapped["Patient | None"] = relationship(
        back_populates="user",
        lazy="raise",
        primaryjoin="User.id == foreign(Patient.user_id)",
        passive_deletes="all",
    )


class SessionEnd(StrEnum):
    SIGNED_OUT = "signed_out"
    REFRESH_REUSED = "refresh_reused"
    ENDED_BY_OTHER = "ended_by_other"
    SWITCHED_USER = "switched_user"
    PASSWORD_CHANGED = "password_changed"  # noqa: S105 - a reason, not a password.
    DISABLED = "disabled"
    DELETED = "deleted"
    ROLE_CHANGED = "role_changed"
    MOVED = "moved"


class Session(Row):
    """One sign-in, on one device: the family of its refresh tokens. Ending the row ends token and cookie at once."""

    __tablename__ = "sessions"
    __table_args__ = (
        UniqueConstraint("cookie_hash"),
        CheckConstraint("(ended_at IS NULL) = (end_reason IS NULL)", name="ended_pair"),
        CheckConstraint("expires_at > created_at", name="expires_later"),
        Index(None, "user_id", "created_at"),
        Index("sessions_live_idx", "user_id", postgresql_where=text("ended_at IS NULL")),
    )

    # RESTRICT: users are never deleted; a sign-in belongs to its user for good.
    user_id: Mapped[UUID] = mapped_column(user_fk("RESTRICT"), comment="the user it belongs to")
    refresh_hash: Mapped[str | None] = mapped_column(
        deferred=True,
        deferred_raiseload=True,
        comment="SHA-256, hex, of the mark of its refresh tokens, and after a colon of the newest; NULL for pages",
    )
    cookie_hash: Mapped[str | None] = mapped_column(
        deferred=True,
        deferred_raiseload=True,
        comment="SHA-256 of the page cookie, hex; NULL for the JSON API",
    )
    expires_at: Mapped[datetime] = mapped_column(comment="instant it lapses")
    last_used_at: Mapped[datetime | None] = mapped_column(comment="last request, to the minute")
    locked_at: Mapped[datetime | None] = mapped_column(
        comment="instant its page was locked by hand; NULL = it was not"
    )
    refresh_count: Mapped[int] = mapped_column(
        server_default=text("0"), default=0, comment="times it was refreshed, a count"
    )
    ended_at: Mapped[datetime | None] = mapped_column(comment="instant it was ended; NULL = not ended")
    end_reason: Mapped[SessionEnd | None] = enum_column(
        "end_reason", SessionEnd, comment="why it ended", nullable=True
    )
    ip_address: Mapped[str | None] = mapped_column(INET, comment="address the request came from")
    user_agent: Mapped[str | None] = mapped_column(comment="program the request came from")

    user: Mapped[User] = relationship(
        back_populates="sessions", lazy="raise", primaryjoin="User.id == foreign(Session.user_id)"
    )


class LinkPurpose(StrEnum):
    INVITE = "invite"
    RESET = "reset"


class LinkClose(StrEnum):
    USED = "used"
    REPLACED = "replaced"
    ACCOUNT_CHANGED = "account_changed"


class PasswordLink(Row):
    """A link by e-mail that sets a password once: an invitation, or the answer to a forgotten one."""

    __tablename__ = "password_links"
    __table_args__ = (
        UniqueConstraint("token_hash"),
        CheckConstraint("(closed_at IS NULL) = (close_reason IS NULL)", name="closed_pair"),
        CheckConstraint("expires_at > created_at", name="expires_later"),
        Index(None, "user_id", "created_at"),
        # A new link closes the one before it; two at once cannot both stay open.
        Index("password_links_open_key", "user_id", unique=True, postgresql_where=text("closed_at IS NULL")),
    )

    # RESTRICT: users are never deleted.
    user_id: Mapped[UUID] = mapped_column(user_fk("RESTRICT"), comment="the user it belongs to")
    purpose: Mapped[LinkPurpose] = enum_column("purpose", LinkPurpose, comment="invite or reset")
    token_hash: Mapped[str] = mapped_column(
        deferred=True, deferred_raiseload=True, comment="SHA-256 of the token in the link, hex"
    )
    expires_at: Mapped[datetime] = mapped_column(comment="instant it lapses")
    closed_at: Mapped[datetime | None] = mapped_column(comment="instant it was closed; NULL = it still works")
    close_reason: Mapped[LinkClose | None] = enum_column(
        "close_reason", LinkClose, comment="why it works no more", nullable=True
    )


class DelayKind(StrEnum):
    ACCOUNT = "account"
    ADDRESS = "address"


class SignInDelay(Row):
    """Failed sign-ins of one account or from one address, and how long the next one has to wait.

    The key is a hash of what was typed, so that an account that does not exist has its row like one that does."""

    __tablename__ = "sign_in_delays"
    __table_args__ = (
        UniqueConstraint("kind", "key_hash"),
        CheckConstraint("failures >= 0", name="failures_range"),
    )

    kind: Mapped[DelayKind] = enum_column("kind", DelayKind, comment="account or address")
    key_hash: Mapped[str] = mapped_column(
        deferred=True, deferred_raiseload=True, comment="SHA-256 of the e-mail or the address, hex"
    )
    failures: Mapped[int] = mapped_column(
        server_default=text("0"), default=0, comment="attempts that have not succeeded, a count"
    )
    last_failed_at: Mapped[datetime | None] = mapped_column(comment="instant of the newest of them")
    next_attempt_at: Mapped[datetime | None] = mapped_column(comment="no attempt is taken before")


class FormDraft(Row):
    """What somebody typed into a page and has not sent yet: his alone, given back to him on that page."""

    __tablename__ = "form_drafts"
    __table_args__ = (
        UniqueConstraint("user_id", "page", "form"),
        CheckConstraint("length(page) BETWEEN 1 AND 500", name="page_length"),
        CheckConstraint("length(form) BETWEEN 1 AND 500", name="form_length"),
        CheckConstraint("jsonb_typeof(fields) = 'object'", name="fields_object"),
    )

    # RESTRICT: users are never deleted.
    user_id: Mapped[UUID] = mapped_column(user_fk("RESTRICT"), comment="the user it belongs to")
    page: Mapped[str] = mapped_column(comment="path of the page")
    form: Mapped[str] = mapped_column(comment="path that the form is sent to")
    fields: Mapped[dict[str, Any]] = mapped_column(
        JSONB,
        server_default=text("'{}'"),
        default=dict,
        comment="name and value of each field, never a password; empty once sent",
    )


class IdempotencyKey(Row):
    """The first answer to a POST, given again when the same key comes with the same body (design 3)."""

    __tablename__ = "idempotency_keys"
    __table_args__ = (
        UniqueConstraint("user_id", "key"),
        CheckConstraint("length(key) BETWEEN 8 AND 200", name="key_length"),
        CheckConstraint("response_status BETWEEN 200 AND 599", name="response_status_range"),
        Index(None, "created_at"),
    )

    # RESTRICT: users are never deleted.
    user_id: Mapped[UUID] = mapped_column(user_fk("RESTRICT"), comment="the user it belongs to")
    key: Mapped[str] = mapped_column(comment="what the client sent as Idempotency-Key")
    request_hash: Mapped[str] = mapped_column(comment="SHA-256 of method, path and body, hex")
    response_status: Mapped[int | None] = mapped_column(comment="NULL while the first request still runs")
    response_body: Mapped[dict[str, Any] | None] = mapped_column(
        JSONB, comment="the first answer, given again"
    )
