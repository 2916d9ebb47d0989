"""First revision: all tables. Frozen: later changes are revisions of their own."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import TIMESTAMP

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

_TIME = sa.BigInteger().with_variant(TIMESTAMP(timezone=True), "postgresql")
_SEQUENCE = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_TABLES = (
    "meta", "inbox", "quarantine", "cursors", "records", "due", "progress", "decisions", "alerts",
    "documents", "contents", "deliveries", "receipts", "audit", "audit_head",
)  # fmt: skip


def upgrade() -> None:
    """Creates the tables."""
    op.create_table("meta", _text("practice_id"), _text("name"), _bytes("value"),
                    sa.PrimaryKeyConstraint("practice_id", "name"))  # fmt: skip
    _intake()
    _projection()
    _documents()
    _deliveries()
    _audit()


def downgrade() -> None:
    """Drops the tables, and all data with them."""
    for name in reversed(_TABLES):
        op.drop_table(name)


def _intake() -> None:
    op.create_table(
        "inbox",
        sa.Column("seq", _SEQUENCE, primary_key=True, autoincrement=True),
        _text("practice_id"), _text("source"), _text("key"), _text("table_name"), _text("origin"),
        _time("as_of"), _whole("row_count"), _bytes("body", null=True), _text("state"),
        _time("received_at"), _time("done_at", null=True),
        sa.UniqueConstraint("practice_id", "source", "key", name="inbox_key"),
        sqlite_autoincrement=True,
    )  # fmt: skip
    op.create_index("inbox_state", "inbox", ["practice_id", "state", "seq"])
    op.create_table(
        "quarantine",
        _text("practice_id"), _text("id"), _text("source"), _text("scope"), _text("table_name"),
        _text("origin"), _whole("row_number", null=True), _text("code"), _text("message"),
        _text("field"), _bytes("body", null=True), _time("as_of"), _text("state"),
        _time("created_at"), _time("updated_at"),
        sa.PrimaryKeyConstraint("practice_id", "id"),
    )  # fmt: skip
    op.create_index("quarantine_state", "quarantine", ["practice_id", "state", "created_at"])
    op.create_table(
        "cursors",
        _text("practice_id"), _text("source"), _bytes("value"), _time("updated_at"),
        sa.PrimaryKeyConstraint("practice_id", "source"),
    )  # fmt: skip


def _projection() -> None:
    op.create_table(
        "records",
        _text("practice_id"), _text("id"), _text("kind"), _text("patient_id", null=True),
        _time("version"), _flag("deleted"), _text("digest"), _bytes("body"), _time("updated_at"),
        sa.PrimaryKeyConstraint("practice_id", "id"),
    )  # fmt: skip
    op.create_index("records_patient", "records", ["practice_id", "patient_id"])
    op.create_index("records_kind", "records", ["practice_id", "kind", "deleted", "id"])
    op.create_table(
        "due",
        _text("practice_id"), _text("patient_id"), _whole("generation"), _whole("evaluated"),
        _flag("waiting"), _time("added_at"),
        sa.PrimaryKeyConstraint("practice_id", "patient_id"),
    )  # fmt: skip
    op.create_index("due_waiting", "due", ["practice_id", "waiting", "added_at", "patient_id"])
    op.create_table(
        "progress",
        _text("practice_id"), _text("patient_id"), _text("decision"), _time("as_of"),
        _text("digest"), _text("decision_digest"), _text("facts"), _text("milestones"),
        _bytes("body"), _time("updated_at"),
        sa.PrimaryKeyConstraint("practice_id", "patient_id"),
    )  # fmt: skip
    op.create_index("progress_decision", "progress", ["practice_id", "decision"])
    op.create_table(
        "decisions",
        _text("practice_id"), _text("patient_id"),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        _text("decision"), _time("as_of"), _bytes("body"), _time("recorded_at"),
        sa.PrimaryKeyConstraint("practice_id", "patient_id", "number"),
    )  # fmt: skip


def _documents() -> None:
    op.create_table(
        "alerts",
        _text("practice_id"), _text("key"), _text("patient_id"), _text("severity"),
        _text("audience"), _text("state"), _bytes("body"), _bytes("note", null=True),
        _text("acknowledged_by", null=True), _time("raised_at"), _time("updated_at"),
        sa.PrimaryKeyConstraint("practice_id", "key"),
    )  # fmt: skip
    op.create_index("alerts_state", "alerts", ["practice_id", "state", "patient_id"])
    op.create_table(
        "documents",
        _text("practice_id"), _text("document_id"), _text("kind"), _text("patient_id"),
        sa.Column("as_of", sa.Date(), nullable=False), _text("digest"), _text("release"),
        _bytes("spec", null=True), _time("updated_at"),
        sa.PrimaryKeyConstraint("practice_id", "document_id"),
    )  # fmt: skip
    op.create_index("documents_patient", "documents", ["practice_id", "patient_id"])
    op.create_index("documents_updated", "documents", ["practice_id", "updated_at"])
    op.create_table(
        "contents",
        _text("practice_id"), _text("document_id"), _text("format"), _text("sha256"),
        _whole("size"), _bytes("body"), _time("rendered_at"),
        sa.PrimaryKeyConstraint("practice_id", "document_id", "format"),
        sa.ForeignKeyConstraint(
            ["practice_id", "document_id"], ["documents.practice_id", "documents.document_id"],
            name="contents_document",
        ),
    )  # fmt: skip


def _deliveries() -> None:
    op.create_table(
        "deliveries",
        sa.Column("seq", _SEQUENCE, primary_key=True, autoincrement=True),
        _text("practice_id"), _text("key"), _text("destination"), _text("document_id"),
        _text("format"), _text("kind"), _text("path"), _text("media_type"), _text("labels"),
        _text("state"), _whole("attempts"), _time("due_at"), _text("code", null=True),
        _text("message", null=True), _time("created_at"), _time("updated_at"),
        sa.UniqueConstraint("practice_id", "key", name="deliveries_key"),
        sqlite_autoincrement=True,
    )  # fmt: skip
    op.create_index(
        "deliveries_state", "deliveries", ["practice_id", "state", "destination", "seq"]
    )
    op.create_index("deliveries_document", "deliveries", ["practice_id", "document_id"])
    op.create_table(
        "receipts",
        _text("practice_id"), _text("key"), _bytes("reference"), _time("received_at"),
        sa.PrimaryKeyConstraint("practice_id", "key"),
        sa.ForeignKeyConstraint(
            ["practice_id", "key"], ["deliveries.practice_id", "deliveries.key"],
            name="receipts_delivery",
        ),
    )  # fmt: skip


def _audit() -> None:
    op.create_table(
        "audit",
        _text("practice_id"),
        sa.Column("seq", sa.BigInteger(), autoincrement=False, nullable=False),
        _text("at"), _text("action"), _text("subject"), _text("actor"), _text("outcome"),
        _text("detail"), _text("prev_hash"), _text("hash"),
        sa.PrimaryKeyConstraint("practice_id", "seq"),
    )  # fmt: skip
    op.create_table(
        "audit_head",
        _text("practice_id"), _whole("seq"), _text("hash"), _text("at"), _text("signature"),
        sa.PrimaryKeyConstraint("practice_id"),
    )  # fmt: skip


def _text(name: str, *, null: bool = False) -> sa.Column[Any]:
    return sa.Column(name, sa.Text(), nullable=null)


def _bytes(name: str, *, null: bool = False) -> sa.Column[Any]:
    return sa.Column(name, sa.LargeBinary(), nullable=null)


def _whole(name: str, *, null: bool = False) -> sa.Column[Any]:
    return sa.Column(name, sa.BigInteger(), nullable=null)


def _time(name: str, *, null: bool = False) -> sa.Column[Any]:
    return sa.Column(name, _TIME, nullable=null)


def _flag(name: str) -> sa.Column[Any]:
    return sa.Column(name, sa.Boolean(), nullable=False)
