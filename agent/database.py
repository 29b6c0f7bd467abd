"""The database that replicas share, by one URL: SQLite in the data folder, or PostgreSQL (extra `postgres`)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tools.errors import InputError

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncEngine

    from agent.settings import Settings

ALLOWED = "sqlite:///path or postgresql://user:password@host/name"
BUSY_S = 10


def is_postgres(url: str | None) -> bool:
    return (url or "").startswith(("postgresql://", "postgres://", "postgresql+psycopg://"))


def async_url(settings: Settings) -> str:
    """SQLAlchemy's URL of the database. InputError, which never shows the URL: it may hold a password."""
    url = settings.database_url
    if not url:
        return f"sqlite+aiosqlite:///{settings.home / 'threads.sqlite'}"
    scheme, separator, rest = url.partition("://")
    if separator and scheme == "sqlite":
        return f"sqlite+aiosqlite://{rest}"
    if separator and is_postgres(url):
        return f"postgresql+psycopg://{rest}"
    raise InputError("RACKRATE_DATABASE_URL", f"{scheme[:20]}://…", ALLOWED)


def engine_of(settings: Settings) -> AsyncEngine:
    """An engine of that database; connections are made on first use. Imports SQLAlchemy (0.3 s)."""
    from sqlalchemy import event
    from sqlalchemy.ext.asyncio import create_async_engine

    url = async_url(settings)
    if not url.startswith("sqlite"):
        return create_async_engine(url, pool_pre_ping=True, pool_size=10, max_overflow=20)
    settings.home.mkdir(parents=True, exist_ok=True)
    engine = create_async_engine(url, connect_args={"timeout": BUSY_S})

    @event.listens_for(engine.sync_engine, "connect")
    def _pragmas(connection: object, _: object) -> None:
        cursor = connection.cursor()  # type: ignore[attr-defined]
        cursor.execute("PRAGMA journal_mode = WAL")
        cursor.execute("PRAGMA synchronous = NORMAL")
        cursor.close()

    return engine
