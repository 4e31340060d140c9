"""Alembic's entry: runs the scripts on the connection that the repository hands over."""

from alembic import context

context.configure(connection=context.config.attributes["connection"])
context.run_migrations()
