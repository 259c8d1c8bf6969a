"""Alembic's environment: runs the migrations in the transaction that `trueware.storage.postgres.migrating` has open."""

from alembic import context

given = context.config.attributes
context.configure(connection=given["connection"], version_table="revision", version_table_schema=given["schema"])
context.run_migrations()
