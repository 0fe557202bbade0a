"""Words that may be used once and were: the states of sign-ins through another site."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "spent",
        sa.Column("word_hash", sa.String(length=64), nullable=False),
        sa.Column("at", sa.String(length=32), nullable=False),
        sa.PrimaryKeyConstraint("word_hash", name=op.f("pk_spent")),
    )


def downgrade() -> None:
    """Take the table away."""
    op.drop_table("spent")
