"""Alembic's environment: migrates over the connection it is given (agent.threads_postgres.migrate)."""

from __future__ import annotations

from alembic import context

context.configure(connection=context.config.attributes["connection"])
context.run_migrations()
