"""Expected courses worked out from the practice's own episodes, as a director approved them."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import TIMESTAMP

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

_TIME = sa.BigInteger().with_variant(TIMESTAMP(timezone=True), "postgresql")


def upgrade() -> None:
    """Adds the table; until somebody approves a course, the default one holds."""
    op.create_table(
        "benchmarks",
        *(sa.Column(name, sa.Text(), nullable=False) for name in ("practice_id", "instrument")),
        sa.Column("number", sa.Integer(), nullable=False, autoincrement=False),
        *(sa.Column(name, sa.Text(), nullable=False) for name in ("course", "method")),
        sa.Column("approved_by", sa.Text(), nullable=False),
        sa.Column("approved_at", _TIME, nullable=False),
        sa.Column("ended_by", sa.Text(), nullable=True),
        sa.Column("ended_at", _TIME, nullable=True),
        sa.PrimaryKeyConstraint("practice_id", "instrument", "number"),
    )
    in_force = sa.text("ended_at IS NULL")
    op.create_index(
        "benchmarks_in_force", "benchmarks", ["practice_id", "instrument"], unique=True,
        sqlite_where=in_force, postgresql_where=in_force,
    )  # fmt: skip


def downgrade() -> None:
    """Drops it: the default course holds for everything again."""
    op.drop_table("benchmarks")
