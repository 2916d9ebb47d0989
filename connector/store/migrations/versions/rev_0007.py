"""Requests for authorization: what happened to each, what ties answers to them; eligibility."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import TIMESTAMP

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

_TIME = sa.BigInteger().with_variant(TIMESTAMP(timezone=True), "postgresql")
_SEQUENCE = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Adds the tables, empty."""
    op.create_table(
        "authorization_events",
        sa.Column("seq", _SEQUENCE, primary_key=True, autoincrement=True),
        *_texts("practice_id", "event_id", "case_id", "patient_id", "kind"),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        _time("at"),
        _time("recorded_at"),
        sa.UniqueConstraint("practice_id", "event_id", name="authorization_events_id"),
        sqlite_autoincrement=True,
    )
    op.create_index(
        "authorization_events_case", "authorization_events", ["practice_id", "case_id", "seq"]
    )
    op.create_index(
        "authorization_events_patient", "authorization_events", ["practice_id", "patient_id"]
    )
    op.create_table(
        "authorization_ties",
        *_texts("practice_id", "name", "case_id"),
        sa.PrimaryKeyConstraint("practice_id", "name"),
    )
    op.create_table(
        "eligibility",
        *_texts("practice_id", "trace", "patient_id", "payer_id"),
        sa.Column("body", sa.LargeBinary(), nullable=True),
        sa.Column("changed", sa.Boolean(), nullable=False),
        _time("asked_at"),
        _time("answered_at", null=True),
        _time("changed_at", null=True),
        sa.PrimaryKeyConstraint("practice_id", "trace"),
    )


def downgrade() -> None:
    """Drops them."""
    op.drop_table("eligibility")
    op.drop_table("authorization_ties")
    op.drop_table("authorization_events")


def _texts(*names: str) -> list[sa.Column[str]]:
    return [sa.Column(name, sa.Text(), nullable=False) for name in names]


def _time(name: str, *, null: bool = False) -> sa.Column[int]:
    return sa.Column(name, _TIME, nullable=null)
