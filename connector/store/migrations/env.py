"""Run by Alembic: applies migrations on the connection (and in the transaction) it was given."""

from __future__ import annotations

from alembic import context

from connector.store.schema import VERSION_TABLE, metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    version_table=VERSION_TABLE,
)
with context.begin_transaction():
    context.run_migrations()
