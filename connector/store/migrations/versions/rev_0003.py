"""Drafts that wait for a person, what was written into them, signatures and releases."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import TIMESTAMP

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

_TIME = sa.BigInteger().with_variant(TIMESTAMP(timezone=True), "postgresql")
_SEQUENCE = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Adds the tables; documents from before that must be released become drafts."""
    op.create_table(
        "drafts",
        sa.Column("seq", _SEQUENCE, primary_key=True, autoincrement=True),
        *_texts("practice_id", "document_id", "packet_id", "kind", "patient_id"),
        _time("made_at"),
        _time("withdrawn_at", null=True),
        sa.Column("note", sa.LargeBinary(), nullable=True),
        sa.UniqueConstraint("practice_id", "document_id", name="drafts_document"),
        sqlite_autoincrement=True,
    )
    op.create_index("drafts_patient", "drafts", ["practice_id", "patient_id", "kind", "seq"])
    op.create_table(
        "draft_fields",
        *_texts("practice_id", "document_id", "field"),
        sa.Column("value", sa.LargeBinary(), nullable=False),
        *_texts("filled_by"),
        _time("filled_at"),
        sa.PrimaryKeyConstraint("practice_id", "document_id", "field"),
    )
    op.create_table(
        "signatures",
        *_texts("practice_id", "document_id", "draft_id", "kind", "patient_id", "reference"),
        sa.Column("version", sa.BigInteger(), nullable=False),
        *_texts("digest"),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        _time("signed_at"),
        _time("withdrawn_at", null=True),
        sa.PrimaryKeyConstraint("practice_id", "document_id"),
    )
    live = sa.text("withdrawn_at IS NULL")
    op.create_index(
        "signatures_draft", "signatures", ["practice_id", "draft_id"], unique=True,
        sqlite_where=live, postgresql_where=live,
    )  # fmt: skip
    op.create_index(
        "signatures_line", "signatures", ["practice_id", "patient_id", "kind", "reference"]
    )
    # Which report an old manifest belongs to is sealed; the next evaluation makes a new pair.
    op.execute(
        sa.text(
            "INSERT INTO drafts "
            "(practice_id, document_id, packet_id, kind, patient_id, made_at) "
            "SELECT practice_id, document_id, document_id, kind, patient_id, updated_at "
            "FROM documents WHERE release <> 'none' ORDER BY as_of, updated_at, document_id"
        )
    )


def downgrade() -> None:
    """Drops them: nothing is signed or released any more."""
    for name in ("signatures", "draft_fields", "drafts"):
        op.drop_table(name)


def _texts(*names: str) -> list[sa.Column[str]]:
    return [sa.Column(name, sa.Text(), nullable=False) for name in names]


def _time(name: str, *, null: bool = False) -> sa.Column[int]:
    return sa.Column(name, _TIME, nullable=null)
