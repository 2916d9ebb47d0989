"""Versions of the configuration with their files, and which patients are one person."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import TIMESTAMP

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

_TIME = sa.BigInteger().with_variant(TIMESTAMP(timezone=True), "postgresql")


def upgrade() -> None:
    """Adds the tables: the first start keeps the configuration that it finds as version 1."""
    op.create_table(
        "config_versions",
        sa.Column("practice_id", sa.Text(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False, autoincrement=False),
        *(sa.Column(name, sa.Text(), nullable=False) for name in ("digest", "files", "parts")),
        sa.Column("seen_at", _TIME, nullable=False),
        sa.Column("proposed_by", sa.Text(), nullable=True),
        sa.Column("proposed_at", _TIME, nullable=True),
        sa.Column("approved_by", sa.Text(), nullable=True),
        sa.Column("approved_at", _TIME, nullable=True),
        sa.Column("in_force_at", _TIME, nullable=True),
        sa.PrimaryKeyConstraint("practice_id", "number"),
        sa.UniqueConstraint("practice_id", "digest", name="config_versions_digest"),
    )
    op.create_table(
        "config_files",
        *(sa.Column(name, sa.Text(), nullable=False) for name in ("practice_id", "digest")),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("practice_id", "digest"),
    )
    op.create_table(
        "identities",
        *(sa.Column(name, sa.Text(), nullable=False) for name in ("practice_id", "patient_id")),
        sa.Column("chart_id", sa.Text(), nullable=True),
        *(sa.Column(name, sa.Text(), nullable=False) for name in ("state", "reason", "by")),
        sa.Column("decided_at", _TIME, nullable=False),
        sa.Column("before", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("practice_id", "patient_id"),
    )
    op.create_index("identities_chart", "identities", ["practice_id", "chart_id"])
    op.create_index("identities_state", "identities", ["practice_id", "state"])
    names = ("practice_id", "patient_id", "key", "source")
    op.create_table(
        "identity_keys",
        *(sa.Column(name, sa.Text(), nullable=False) for name in names),
        sa.PrimaryKeyConstraint("practice_id", "patient_id", "key"),
    )
    op.create_index("identity_keys_key", "identity_keys", ["practice_id", "key"])


def downgrade() -> None:
    """Drops them: every patient is judged alone again, older configurations are forgotten."""
    for table in ("identity_keys", "identities", "config_files", "config_versions"):
        op.drop_table(table)
