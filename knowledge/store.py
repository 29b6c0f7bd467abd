"""The index of added documents: one SQLite file in the data folder, the truth that Chroma is filled from.

A document, its passages, their full-text rows and their vectors are written in one transaction, so that a
process killed at any moment leaves either the whole document or nothing of it. Vectors computed before the
kill are kept by text hash (`vector_cache`), so that the next run goes on where this one stopped.
Several processes may use one folder: SQLite's own locks order the writers.
"""

from __future__ import annotations

import hashlib
import sqlite3
import uuid
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import astuple, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from knowledge.chunks import Passage
from knowledge.errors import HomeError

SCHEMA_VERSION = 1
_BUSY_SECONDS = 60.0
_LOCK_SECONDS = 600.0
_SCHEMA = """
CREATE TABLE IF NOT EXISTS meta(key TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS documents(
  id TEXT PRIMARY KEY, path TEXT NOT NULL, title TEXT NOT NULL, as_of TEXT, loader TEXT NOT NULL,
  sha256 TEXT NOT NULL UNIQUE, passages INTEGER NOT NULL, added_at TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS passages(
  id INTEGER PRIMARY KEY AUTOINCREMENT, document TEXT NOT NULL REFERENCES documents(id), ordinal INTEGER NOT NULL,
  start_s REAL, end_s REAL, page INTEGER, locator TEXT NOT NULL, vector BLOB, UNIQUE(document, ordinal));
CREATE VIRTUAL TABLE IF NOT EXISTS passages_text USING fts5(text, heading, tokenize='porter unicode61');
CREATE VIRTUAL TABLE IF NOT EXISTS passages_terms USING fts5vocab(passages_text, 'row');
CREATE TABLE IF NOT EXISTS vector_cache(sha256 TEXT PRIMARY KEY, vector BLOB NOT NULL) WITHOUT ROWID;
"""


@dataclass(frozen=True, slots=True)
class StoredDocument:
    """A row of `documents`; `path` is where it was read, `sha256` of its bytes."""

    id: str
    path: str
    title: str
    as_of: str | None
    loader: str
    sha256: str
    passages: int
    added_at: str


@dataclass(frozen=True, slots=True)
class StoredPassage:
    """A passage with its place; times in seconds."""

    id: int
    document: str
    ordinal: int
    text: str
    start: float | None
    end: float | None
    page: int | None
    locator: str


class Store:
    """One open database. Not to be shared between threads without a lock."""

    def __init__(self, path: Path, *, create: bool) -> None:
        """Open (and with `create` make) the database. Raises HomeError."""
        self.path = path
        try:
            if create:
                path.parent.mkdir(parents=True, exist_ok=True)
            self._db = self._connect(create)
        except (sqlite3.Error, OSError) as error:
            raise HomeError(f"the data folder {path.parent} cannot be used: {error}") from error

    def _connect(self, create: bool) -> sqlite3.Connection:
        mode = "rwc" if create else "ro"
        uri = f"{self.path.resolve().as_uri()}?mode={mode}"
        db = sqlite3.connect(
            uri, uri=True, timeout=_BUSY_SECONDS, isolation_level=None, check_same_thread=False
        )
        try:
            if create:
                db.execute("PRAGMA journal_mode=WAL")
                db.execute("BEGIN IMMEDIATE")
                for statement in filter(str.strip, _SCHEMA.split(";")):
                    db.execute(statement)
                for key, value in _first_meta():
                    db.execute("INSERT OR IGNORE INTO meta VALUES(?,?)", (key, value))
                db.execute("COMMIT")
            (schema,) = db.execute("SELECT value FROM meta WHERE key='schema'").fetchone() or ("none",)
            if int(schema) != SCHEMA_VERSION:
                raise sqlite3.DatabaseError(f"index format {schema}, this version reads {SCHEMA_VERSION}")
        except BaseException:
            db.close()
            raise
        return db

    @property
    def db(self) -> sqlite3.Connection:
        """The connection, for the lexical scorer (reads only)."""
        return self._db

    def close(self) -> None:
        self._db.close()

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        try:
            self._db.execute("BEGIN IMMEDIATE")
        except sqlite3.Error as error:
            raise HomeError(f"the data folder {self.path.parent} cannot be written: {error}") from error
        try:
            yield self._db
            self._db.execute("COMMIT")
        except BaseException as error:
            with suppress(sqlite3.Error):
                self._db.execute("ROLLBACK")
            if isinstance(error, sqlite3.OperationalError):
                raise HomeError(f"the data folder {self.path.parent} cannot be written: {error}") from error
            raise

    # ---- reading

    def meta(self, key: str) -> str:
        (value,) = self._db.execute("SELECT value FROM meta WHERE key=?", (key,)).fetchone()
        return str(value)

    def version(self) -> int:
        """Changes whenever another connection has written: the sign to reload what was cached."""
        (own,) = self._db.execute("SELECT total_changes()").fetchone()
        (others,) = self._db.execute("PRAGMA data_version").fetchone()
        return int(others) * 1_000_003 + int(own)

    def documents(self) -> list[StoredDocument]:
        return [
            StoredDocument(*row) for row in self._db.execute("SELECT * FROM documents ORDER BY added_at, id")
        ]

    def passages(self, ids: Iterable[int] | None = None, document: str | None = None) -> list[StoredPassage]:
        """Passages by id, or those of one document, or all."""
        where, values = "", []
        if ids is not None:
            values = list(map(str, ids))
            where = f"WHERE p.id IN ({','.join('?' * len(values))})"
        elif document is not None:
            where, values = "WHERE p.document=?", [document]
        rows = self._db.execute(
            "SELECT p.id, p.document, p.ordinal, t.text, p.start_s, p.end_s, p.page, p.locator "
            f"FROM passages p JOIN passages_text t ON t.rowid=p.id {where} ORDER BY p.id",
            values,
        )
        return [StoredPassage(*row) for row in rows]

    def vectors(self, ids: Sequence[int] | None = None) -> dict[int, bytes]:
        """Passage vectors by id, in order: 384 little-endian float32 each. All of them without `ids`."""
        if ids is None:
            return dict(
                self._db.execute("SELECT id, vector FROM passages WHERE vector IS NOT NULL ORDER BY id")
            )
        marks = ",".join("?" * len(ids))
        return dict(self._db.execute(f"SELECT id, vector FROM passages WHERE id IN ({marks})", list(ids)))

    def vector_keys(self) -> dict[str, tuple[int, str]]:
        """Key of each vector in Chroma (document hash and ordinal) → (passage id, document id)."""
        rows = self._db.execute(
            "SELECT substr(d.sha256, 1, 16) || ':' || p.ordinal, p.id, d.id FROM passages p "
            "JOIN documents d ON d.id=p.document WHERE p.vector IS NOT NULL"
        )
        return {str(key): (int(row), str(document)) for key, row, document in rows}

    def without_vector(self) -> list[tuple[int, str]]:
        """(passage id, text) of the passages that have no vector."""
        rows = self._db.execute(
            "SELECT p.id, t.text FROM passages p JOIN passages_text t ON t.rowid=p.id WHERE p.vector IS NULL"
        )
        return [(int(row), str(text)) for row, text in rows]

    def counts(self) -> tuple[int, int]:
        """(passages, passages with a vector)."""
        row = self._db.execute("SELECT count(*), count(vector) FROM passages").fetchone()
        return int(row[0]), int(row[1])

    def cached_vectors(self, hashes: Sequence[str]) -> dict[str, bytes]:
        found: dict[str, bytes] = {}
        for at in range(0, len(hashes), 500):
            part = hashes[at : at + 500]
            rows = self._db.execute(
                f"SELECT sha256, vector FROM vector_cache WHERE sha256 IN ({','.join('?' * len(part))})", part
            )
            found.update(rows)
        return found

    def chroma_synced(self, target: str) -> bool:
        """Whether Chroma at `target` was last filled from the present state."""
        row = self._db.execute("SELECT value FROM meta WHERE key='chroma'").fetchone()
        return bool(row) and row[0] == f"{self.meta('generation')} {target}"

    # ---- writing

    @contextmanager
    def exclusive(self) -> Iterator[None]:
        """Hold a lock between processes (freed by the system when its holder is killed)."""
        lock = sqlite3.connect(
            self.path.with_name("lock.sqlite3"), timeout=_LOCK_SECONDS, isolation_level=None
        )
        try:
            lock.execute("BEGIN EXCLUSIVE")
            yield
        except sqlite3.Error as error:
            raise HomeError(f"the data folder {self.path.parent} is in use: {error}") from error
        finally:
            lock.close()

    def mark_chroma(self, generation: str, target: str) -> None:
        """Record that Chroma at `target` holds the state of `generation`."""
        with self._transaction() as db:
            db.execute("INSERT OR REPLACE INTO meta VALUES('chroma', ?)", (f"{generation} {target}",))

    def cache_vectors(self, vectors: dict[str, bytes]) -> None:
        """Keep computed vectors until their document is written."""
        with self._transaction() as db:
            db.executemany("INSERT OR REPLACE INTO vector_cache VALUES(?,?)", vectors.items())

    def write_document(
        self, document: StoredDocument, passages: Sequence[Passage], vectors: Sequence[bytes] | None
    ) -> str:
        """Write a document as a whole, in place of the one that had its path or its very bytes.

        Returns its id: numbered when another document took the wanted one in the meantime.
        """
        with self._transaction() as db:
            old = db.execute(
                "SELECT id FROM documents WHERE path=? OR sha256=?", (document.path, document.sha256)
            ).fetchall()
            for (identifier,) in old:
                _delete(db, identifier)
            row = replace(document, id=_free_id(db, document.id))
            db.execute("INSERT INTO documents VALUES(?,?,?,?,?,?,?,?)", astuple(row))
            for ordinal, passage in enumerate(passages):
                _insert_passage(db, row, ordinal, passage, vectors[ordinal] if vectors is not None else None)
            hashes = [(text_hash(passage.text),) for passage in passages]
            db.executemany("DELETE FROM vector_cache WHERE sha256=?", hashes)
            _changed(db)
        return row.id

    def set_vectors(self, vectors: dict[int, bytes]) -> None:
        """Fill in vectors that were missing when their document was added."""
        with self._transaction() as db:
            db.executemany("UPDATE passages SET vector=? WHERE id=?", [(v, k) for k, v in vectors.items()])
            _changed(db)

    def delete(self, identifier: str) -> None:
        with self._transaction() as db:
            _delete(db, identifier)
            _changed(db)


def _first_meta() -> tuple[tuple[str, str], ...]:
    return ("schema", str(SCHEMA_VERSION)), ("collection", uuid.uuid4().hex[:12]), ("generation", "0")


def _changed(db: sqlite3.Connection) -> None:
    db.execute("UPDATE meta SET value=value+1 WHERE key='generation'")


def _free_id(db: sqlite3.Connection, wanted: str) -> str:
    taken = {str(identifier) for (identifier,) in db.execute("SELECT id FROM documents")}
    names = (wanted if n == 1 else f"{wanted}-{n}" for n in range(1, len(taken) + 2))
    return next(name for name in names if name not in taken)


def _insert_passage(
    db: sqlite3.Connection, document: StoredDocument, ordinal: int, passage: Passage, vector: bytes | None
) -> None:
    place = (passage.start, passage.end, passage.page, passage.locator)
    cursor = db.execute(
        "INSERT INTO passages(document, ordinal, start_s, end_s, page, locator, vector) VALUES(?,?,?,?,?,?,?)",
        (document.id, ordinal, *place, vector),
    )
    db.execute(
        "INSERT INTO passages_text(rowid, text, heading) VALUES(?,?,?)",
        (cursor.lastrowid, passage.text, f"{document.title} {passage.locator}"),
    )


def _delete(db: sqlite3.Connection, identifier: str) -> None:
    db.execute(
        "DELETE FROM passages_text WHERE rowid IN (SELECT id FROM passages WHERE document=?)", (identifier,)
    )
    db.execute("DELETE FROM passages WHERE document=?", (identifier,))
    db.execute("DELETE FROM documents WHERE id=?", (identifier,))


def text_hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def now() -> str:
    """UTC time of writing, for `added_at`."""
    return datetime.now(UTC).isoformat(timespec="microseconds")
