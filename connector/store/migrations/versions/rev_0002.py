"""Destinations that are off, order of deliveries by patient, deliveries that need a person."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import TIMESTAMP

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Adds them."""
    time = sa.BigInteger().with_variant(TIMESTAMP(timezone=True), "postgresql")
    op.create_table(
        "destinations",
        *(sa.Column(name, sa.Text(), nullable=False) for name in ("practice_id", "name")),
        *(sa.Column(name, sa.Text(), nullable=False) for name in ("code", "message")),
        sa.Column("disabled_at", time, nullable=False),
        sa.PrimaryKeyConstraint("practice_id", "name"),
    )
    # Deliveries from before are in order without it: they are older than all that have it.
    op.add_column("deliveries", sa.Column("patient_id", sa.Text(), nullable=True))
    op.add_column(
        "deliveries",
        sa.Column("needs_person", sa.Boolean(), nullable=False, server_default=sa.false()),
    )
    waiting = sa.text("state = 'pending'")
    op.create_index(
        "deliveries_waiting", "deliveries", ["practice_id", "destination", "patient_id", "seq"],
        sqlite_where=waiting, postgresql_where=waiting,
    )  # fmt: skip


def downgrade() -> None:
    """Drops them: every destination is on again."""
    op.drop_index("deliveries_waiting", "deliveries")
    with op.batch_alter_table("deliveries") as table:
        table.drop_column("needs_person")
        table.drop_column("patient_id")
    op.drop_table("destinations")
