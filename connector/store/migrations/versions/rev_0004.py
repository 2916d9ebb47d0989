"""Who was told of an alert and when, who closed it, and how the channels did."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import TIMESTAMP

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

_TIME = sa.BigInteger().with_variant(TIMESTAMP(timezone=True), "postgresql")
_ADDED = ("told", "tell_at", "acknowledged_at", "resolved_by")


def upgrade() -> None:
    """Adds them. Alerts from before tell nobody: they wait in the list, as they did."""
    op.add_column("alerts", sa.Column("told", sa.BigInteger(), nullable=False, server_default="0"))
    op.add_column("alerts", _time("tell_at", null=True))
    op.add_column("alerts", _time("acknowledged_at", null=True))
    op.add_column("alerts", sa.Column("resolved_by", sa.Text(), nullable=True))
    op.execute(
        sa.text("UPDATE alerts SET acknowledged_at = updated_at WHERE state = 'acknowledged'")
    )
    told = sa.text("tell_at IS NOT NULL")
    op.create_index(
        "alerts_to_tell", "alerts", ["practice_id", "tell_at"],
        sqlite_where=told, postgresql_where=told,
    )  # fmt: skip
    op.create_table(
        "notices",
        *_texts("practice_id", "key", "alert_key"),
        _time("raised_at"),
        sa.Column("level", sa.BigInteger(), nullable=False),
        *_texts("person", "channel", "severity", "state"),
        sa.Column("attempts", sa.BigInteger(), nullable=False),
        _time("due_at"),
        *(sa.Column(name, sa.Text(), nullable=True) for name in ("by", "code", "message")),
        _time("created_at"),
        _time("updated_at"),
        sa.PrimaryKeyConstraint("practice_id", "key"),
    )
    op.create_index("notices_alert", "notices", ["practice_id", "alert_key"])
    op.create_index("notices_state", "notices", ["practice_id", "state", "due_at"])
    op.create_table(
        "channels",
        *_texts("practice_id", "name", "code", "message"),
        sa.Column("tested", sa.Boolean(), nullable=False),
        _time("tried_at"),
        _time("worked_at", null=True),
        sa.PrimaryKeyConstraint("practice_id", "name"),
    )


def downgrade() -> None:
    """Drops them: nobody is told by a channel any more."""
    op.drop_table("channels")
    op.drop_table("notices")
    op.drop_index("alerts_to_tell", "alerts")
    for name in _ADDED:
        op.drop_column("alerts", name)


def _texts(*names: str) -> list[sa.Column[str]]:
    return [sa.Column(name, sa.Text(), nullable=False) for name in names]


def _time(name: str, *, null: bool = False) -> sa.Column[int]:
    return sa.Column(name, _TIME, nullable=null)
