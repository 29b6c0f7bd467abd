"""Turns are written before they are answered: whose they are, and until when."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.add_column("turns", sa.Column("token", sa.Text, nullable=False, server_default=""))
    op.add_column("turns", sa.Column("lease_until", sa.Double, nullable=False, server_default="0"))
    op.add_column("turns", sa.Column("as_of", sa.Text))
    op.create_index("unanswered", "turns", ["thread"], postgresql_where=sa.text("answer = ''"))
    op.execute("DROP TABLE IF EXISTS unfinished")  # what the columns took the place of


def downgrade() -> None:
    op.drop_index("unanswered", "turns")
    op.execute("DELETE FROM turns WHERE answer = ''")
    op.drop_column("turns", "as_of")
    op.drop_column("turns", "lease_until")
    op.drop_column("turns", "token")
