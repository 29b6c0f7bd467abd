"""Settings of every test: no property test is timed, since CI machines are shared."""

from __future__ import annotations

from hypothesis import settings

settings.register_profile("rackrate", deadline=None)
settings.load_profile("rackrate")
