"""Messages to people, over five channels (S25, domain 5.11)."""

from datetime import datetime
from enum import StrEnum
from typing import ClassVar
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, SmallInteger, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import Machine, Moving, Row, enum_column, user_fk


class Channel(StrEnum):
    EMAIL = "email"
    SMS = "sms"
    WHATSAPP = "whatsapp"
    PUSH = "push"
    IN_APP = "in_app"


class NotificationStatus(StrEnum):
    PENDING = "pending"
    SENDING = "sending"
    SENT = "sent"
    DELIVERED = "delivered"
    FAILED = "failed"
    CANCELLED = "cancelled"
    EXPIRED = "expired"


N = NotificationStatus


class Notification(Row, Moving):
    __tablename__ = "notifications"
    __table_args__ = (
        # Told once: one message of a kind about one thing to one person over one channel.
        UniqueConstraint("notification_type", "subject_id", "recipient_user_id", "channel"),
        CheckConstraint("btrim(message) <> ''", name="message_given"),
        CheckConstraint("retry_count BETWEEN 0 AND max_retries", name="retry_count_range"),
        CheckConstraint("status <> 'sent' OR sent_at IS NOT NULL", name="sent_pair"),
        CheckConstraint("status <> 'delivered' OR delivered_at IS NOT NULL", name="delivered_pair"),
        CheckConstraint(
            "status <> 'failed' OR (failed_at IS NOT NULL AND failure_reason IS NOT NULL)", name="failed_pair"
        ),
        CheckConstraint("channel = 'in_app' OR recipient_address IS NOT NULL", name="address_given"),
        Index(None, "status", "created_at"),
        Index(None, "recipient_user_id", text("created_at DESC")),
        Index(None, "hospital_id", "created_at"),
        Index(
            "notifications_unread_idx",
            "recipient_user_id",
            postgresql_where=text("channel = 'in_app' AND read_at IS NULL"),
        ),
        Index("notifications_due_idx", "next_attempt_at", postgresql_where=text("status = 'pending'")),
    )
    machine: ClassVar[Machine] = Machine(
        first=N.PENDING,
        moves={
            N.PENDING: frozenset({N.SENDING, N.CANCELLED, N.EXPIRED}),
            N.SENDING: frozenset({N.SENT, N.PENDING, N.FAILED}),
            N.SENT: frozenset({N.DELIVERED, N.FAILED}),
            N.FAILED: frozenset({N.PENDING}),
        },
    )

    # RESTRICT: a hospital with anything in it is closed, never deleted. NULL = a message of the network.
    hospital_id: Mapped[UUID | None] = mapped_column(
        ForeignKey("hospitals.id", ondelete="RESTRICT"), comment="hospital it is sent for; NULL = the network"
    )
    # SET NULL: the message went to the address; the user is a soft reference.
    recipient_user_id: Mapped[UUID | None] = mapped_column(
        user_fk("SET NULL"), comment="who is told, where he has a login"
    )
    notification_type: Mapped[str] = mapped_column(comment="kind of message")
    subject_id: Mapped[UUID | None] = mapped_column(comment="the row the message is about")
    channel: Mapped[Channel] = enum_column("channel", Channel, comment="how it travels")
    recipient_address: Mapped[str | None] = mapped_column(comment="e-mail or number; NULL for in_app")
    subject: Mapped[str | None] = mapped_column(comment="line above the message")
    message: Mapped[str] = mapped_column(comment="what is told")
    status: Mapped[NotificationStatus] = enum_column(
        "status", NotificationStatus, comment="domain 5.11; moves by its machine", default=N.PENDING
    )
    next_attempt_at: Mapped[datetime | None] = mapped_column(
        comment="instant of the next try; NULL = at once"
    )
    sent_at: Mapped[datetime | None] = mapped_column(comment="instant it was handed over")
    delivered_at: Mapped[datetime | None] = mapped_column(comment="instant it arrived")
    failed_at: Mapped[datetime | None] = mapped_column(comment="instant it was given up")
    failure_reason: Mapped[str | None] = mapped_column(comment="why it was given up")
    read_at: Mapped[datetime | None] = mapped_column(comment="in_app: opened by the recipient")
    retry_count: Mapped[int] = mapped_column(
        SmallInteger, server_default=text("0"), default=0, comment="tries made after the first, a count"
    )
    max_retries: Mapped[int] = mapped_column(
        SmallInteger, server_default=text("5"), default=5, comment="most tries after the first, a count"
    )
