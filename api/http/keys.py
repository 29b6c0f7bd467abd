"""API keys: several, named, scoped, kept only as hashes.

``RACKRATE_API_KEYS`` lists them, comma separated, as ``name:scopes:sha256-hex`` with scopes joined by ``+``
(`read`, `ask`, `admin`; each includes those before it). ``rackrate keys new NAME --scopes ask`` makes one. A
service bound to loopback may run without keys; bound elsewhere it refuses to start without them.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from collections.abc import Sequence
from dataclasses import dataclass

from tools.errors import InputError

SCOPES = ("read", "ask", "admin")
LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})
_NAME = re.compile(r"[A-Za-z0-9_.-]{1,64}")


@dataclass(frozen=True, slots=True)
class ApiKey:
    """A caller. `digest` is the SHA-256 of the key (256 random bits, so no salt or stretching is needed)."""

    name: str
    scopes: frozenset[str]
    digest: str

    def may(self, scope: str) -> bool:
        return any(SCOPES.index(held) >= SCOPES.index(scope) for held in self.scopes)

    def __str__(self) -> str:
        return f"{self.name}:{'+'.join(s for s in SCOPES if s in self.scopes)}:{self.digest}"


LOCAL = ApiKey("local", frozenset({"admin"}), "")


def parse_keys(text: str | None) -> tuple[ApiKey, ...]:
    """The keys of the setting. InputError (never with the value: it may hold a secret) when it does not parse."""
    return tuple(_parse(part.strip()) for part in (text or "").split(",") if part.strip())


def _parse(entry: str) -> ApiKey:
    parts = entry.split(":")
    if len(parts) != 3 or not _NAME.fullmatch(parts[0]) or not re.fullmatch(r"[0-9a-f]{64}", parts[2]):
        raise InputError("RACKRATE_API_KEYS", "an entry", "name:scopes:sha256-hex, comma separated")
    scopes = frozenset(parts[1].split("+"))
    if not scopes <= set(SCOPES):
        raise InputError("RACKRATE_API_KEYS", parts[1], f"scopes out of {', '.join(SCOPES)}")
    return ApiKey(parts[0], scopes, parts[2])


def new_key(name: str, scopes: Sequence[str]) -> tuple[str, ApiKey]:
    """A fresh key: the secret (shown once) and the entry to configure."""
    if not _NAME.fullmatch(name):
        raise InputError("name", name, "1 to 64 letters, digits, dots, dashes or underscores")
    secret = "rr_" + secrets.token_urlsafe(32)
    return secret, _parse(f"{name}:{'+'.join(scopes)}:{digest_of(secret)}")


def digest_of(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()


def find(keys: Sequence[ApiKey], secret: str) -> ApiKey | None:
    """The key a secret belongs to, in time that does not depend on which."""
    given, found = digest_of(secret), None
    for key in keys:
        if hmac.compare_digest(key.digest, given):
            found = key
    return found
