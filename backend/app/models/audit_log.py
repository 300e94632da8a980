"""The audit trail (S26, S53, domain 5.12): written by triggers and audit_event(), changed by nobody, and its seals."""

from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Identity,
    Index,
    LargeBinary,
    PrimaryKeyConstraint,
    SmallInteger,
    func,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from app.core.ids import new_id
from app.models.base import INET, JSONB, Base, Row, enum_column, user_fk


class AuditAction(StrEnum):
    """FHIR AuditEvent.action."""

    CREATE = "C"
    READ = "R"
    UPDATE = "U"
    DELETE = "D"
    EXECUTE = "E"


class AuditLog(Base):
    """One event. Partitioned by month of created_at; nothing refers to it."""

    __tablename__ = "audit_logs"
    __table_args__ = (
        PrimaryKeyConstraint("id", "created_at"),
        CheckConstraint("updated_at = created_at", name="append_only"),
        CheckConstraint("outcome IN (0, 4, 8, 12)", name="outcome_code"),
        Index(None, "resource_type", "resource_id", "created_at"),
        Index(None, "user_id", "created_at"),
        Index(None, "patient_id", "created_at"),
        Index(None, "hospital_id", "created_at"),
        # What administrators may read, newest first; access/policies.py names the same tables.
        Index(
            "audit_logs_of_organisation_idx",
            "created_at",
            postgresql_where=text(
                "resource_type IN ('roles', 'regions', 'hospitals', 'users', 'sessions', 'audit_logs')"
            ),
        ),
        Index(None, "transaction_id"),
        {"postgresql_partition_by": "RANGE (created_at)"},
    )

    id: Mapped[UUID] = mapped_column(default=new_id, comment="UUID version 7")
    created_at: Mapped[datetime] = mapped_column(server_default=func.now(), comment="instant of the event")
    updated_at: Mapped[datetime] = mapped_column(server_default=func.now(), comment="equal to created_at")
    seq: Mapped[int] = mapped_column(BigInteger, Identity(always=True), comment="order of writing")
    transaction_id: Mapped[int] = mapped_column(
        BigInteger,
        server_default=text("(pg_current_xact_id())::text::bigint"),
        comment="of the writer, for sealing",
    )
    # RESTRICT: SET NULL would have to change an audit row.
    user_id: Mapped[UUID | None] = mapped_column(
        user_fk("RESTRICT"), comment="NULL = a command or nobody signed in"
    )
    user_role: Mapped[str | None] = mapped_column(comment="role the user acted in, as it was then")
    # No reference: a check on every event would lock the hospital's row, and hospitals are never deleted.
    user_hospital_id: Mapped[UUID | None] = mapped_column(comment="hospital the user acted for")
    action: Mapped[AuditAction] = enum_column("action", AuditAction, comment="C, R, U, D or E")
    act: Mapped[str | None] = mapped_column(comment="name of the act or command")
    event_type: Mapped[str | None] = mapped_column(comment="DICOM DCM or rest code of AuditEvent.type")
    subtype: Mapped[str | None] = mapped_column(comment="DICOM DCM code of AuditEvent.subtype")
    purpose: Mapped[str | None] = mapped_column(comment="v3-ActReason: TREAT, ETREAT ...; NULL = not said")
    outcome: Mapped[int] = mapped_column(SmallInteger, server_default=text("0"), comment="0 ok, 4, 8, 12")
    outcome_desc: Mapped[str | None] = mapped_column(comment="why it failed")
    resource_type: Mapped[str] = mapped_column(comment="table")
    resource_id: Mapped[UUID | None] = mapped_column(comment="id of the row in resource_type")
    patient_id: Mapped[UUID | None] = mapped_column(comment="whose record it was")
    hospital_id: Mapped[UUID | None] = mapped_column(comment="hospital whose row or user it was")
    region_id: Mapped[UUID | None] = mapped_column(comment="region whose row or user it was")
    before_state: Mapped[dict[str, Any] | None] = mapped_column(
        JSONB, comment="whole row on D, changed fields on U"
    )
    after_state: Mapped[dict[str, Any] | None] = mapped_column(
        JSONB, comment="whole row on C, changed fields on U"
    )
    query: Mapped[dict[str, Any] | None] = mapped_column(
        JSONB, comment="of a search: what was asked, how many found"
    )
    request_id: Mapped[str | None] = mapped_column(comment="the request that did it")
    ip_address: Mapped[str | None] = mapped_column(INET, comment="address the request came from")
    user_agent: Mapped[str | None] = mapped_column(comment="program the request came from")

    def __repr__(self) -> str:
        shown = {name: self.__dict__.get(name) for name in ("id", "action", "resource_type")}
        return f"<AuditLog {' '.join(f'{name}={value}' for name, value in shown.items())}>"


class SealKind(StrEnum):
    """What a seal tells of."""

    ROWS = "rows"
    PRUNED = "pruned"


class AuditSeal(Row):
    """One link of the chain that shows tampering: the rows of some finished transactions, or a month that was dropped.

    Sealed by a key that the database never sees (audit/sealing.py)."""

    __tablename__ = "audit_seals"
    __table_args__ = (
        CheckConstraint("updated_at = created_at", name="append_only"),
        CheckConstraint("number >= 1", name="number_range"),
        CheckConstraint("month ~ '^[0-9]{4}-[0-9]{2}$'", name="month_format"),
        CheckConstraint("upper_transaction >= lower_transaction", name="transactions_order"),
        CheckConstraint("octet_length(entries) = 48 * row_count", name="entries_complete"),
        CheckConstraint("previous_seal ~ '^[0-9a-f]{64}$' AND seal ~ '^[0-9a-f]{64}$'", name="seal_hex"),
    )

    number: Mapped[int] = mapped_column(
        BigInteger, unique=True, comment="place in the chain, from 1, without gaps"
    )
    kind: Mapped[SealKind] = enum_column(
        "kind", SealKind, comment="rows, or a month that was dropped by policy"
    )
    month: Mapped[str] = mapped_column(comment="month of created_at in UTC, YYYY-MM")
    lower_transaction: Mapped[int] = mapped_column(BigInteger, comment="first transaction of the batch")
    upper_transaction: Mapped[int] = mapped_column(
        BigInteger, comment="transaction that ends the batch, not in it"
    )
    # A server that was restored from a dump counts transactions from lower on; the order of writing goes on.
    after_seq: Mapped[int] = mapped_column(
        BigInteger, comment="audit_logs.seq after which this server's count of transactions holds"
    )
    last_seq: Mapped[int] = mapped_column(BigInteger, comment="highest audit_logs.seq under the chain so far")
    row_count: Mapped[int] = mapped_column(comment="count of rows under this seal")
    first_id: Mapped[UUID | None] = mapped_column(comment="audit_logs.id of the first row; NULL = no rows")
    last_id: Mapped[UUID | None] = mapped_column(comment="audit_logs.id of the last row; NULL = no rows")
    entries: Mapped[bytes] = mapped_column(
        LargeBinary, comment="id (16 bytes) and SHA-256 (32 bytes) of each row, in their order of writing"
    )
    previous_seal: Mapped[str] = mapped_column(comment="seal of the link before, hex; zeros for the first")
    seal: Mapped[str] = mapped_column(comment="HMAC-SHA-256 over the previous seal and this link, hex")
    key_id: Mapped[str] = mapped_column(comment="which key sealed it")
