"""The database that replicas share, by one URL: SQLite in the data folder, or PostgreSQL (extra `postgres`)."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from tools.errors import InputError

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncEngine

    from agent.settings import Settings

ALLOWED = "sqlite:///path or postgresql://user:password@host/name"
BUSY_S = 10
CONNECT_S = 5


def is_postgres(url: str | None) -> bool:
    return (url or "").startswith(("postgresql://", "postgres://", "postgresql+psycopg://"))


def sqlite_file(settings: Settings, what: str) -> Path:
    """Where SQLite keeps `what`: `threads` in the file of the URL or the data folder, the rest in files beside it.

    Each has a file of its own: threads are written on the event loop, which another writer's open transaction in the
    same file would block from the commit that ends it.
    """
    url = settings.database_url
    if not url:
        return settings.home / f"{what}.sqlite"
    scheme, separator, rest = url.partition(":///")
    if not separator or scheme != "sqlite":
        raise InputError("RACKRATE_DATABASE_URL", f"{scheme[:20]}…", ALLOWED)
    threads = Path(rest)
    return threads if what == "threads" else threads.with_name(f"{threads.stem}-{what}.sqlite")


def postgres_url(settings: Settings) -> str:
    """SQLAlchemy's URL of the PostgreSQL database."""
    _, _, rest = (settings.database_url or "").partition("://")
    return f"postgresql+psycopg://{rest}"


def engine_of(settings: Settings, what: str) -> AsyncEngine:
    """An engine for `what` in that database; connections are made on first use. Imports SQLAlchemy (0.3 s).

    InputError, which never shows the URL: it may hold a password.
    """
    from sqlalchemy import event
    from sqlalchemy.ext.asyncio import create_async_engine

    if is_postgres(settings.database_url):
        how = {"connect_timeout": CONNECT_S}
        return create_async_engine(
            postgres_url(settings), pool_pre_ping=True, pool_size=10, max_overflow=20, connect_args=how
        )
    path = sqlite_file(settings, what)
    path.parent.mkdir(parents=True, exist_ok=True)
    url = f"sqlite+aiosqlite:///{path}"
    engine = create_async_engine(url, connect_args={"timeout": BUSY_S})

    @event.listens_for(engine.sync_engine, "connect")
    def _pragmas(connection: object, _: object) -> None:
        cursor = connection.cursor()  # type: ignore[attr-defined]
        cursor.execute("PRAGMA journal_mode = WAL")
        cursor.execute("PRAGMA synchronous = NORMAL")
        cursor.close()

    return engine
