"""Real servers on loopback that a test may kill: replicas of the service, PostgreSQL, Redis, Chroma."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import httpx
import pytest
from running import free_port

START_S = 90.0


class Server:
    """A process (with its children, in a group of its own) on a port, started, killed and started again."""

    def __init__(
        self, command: list[str], port: int, ready: Callable[[], bool], environment: dict[str, str]
    ) -> None:
        self.port, self._command, self._ready = port, command, ready
        self._environment = {**os.environ, **environment}
        self._process: subprocess.Popen[bytes] | None = None
        self.log = ""

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    def begin(self) -> Server:
        """Start without waiting."""
        self._process = subprocess.Popen(
            self._command, env=self._environment, start_new_session=True,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        return self

    def wait(self) -> Server:
        assert self._process is not None
        deadline = time.monotonic() + START_S
        while not self._ready():
            assert self._process.poll() is None, f"{self._command} ended with {self._process.returncode}"
            assert time.monotonic() < deadline, f"{self._command} does not answer"
            time.sleep(0.05)
        return self

    def start(self) -> Server:
        return self.begin().wait()

    def kill(self) -> None:
        """kill -9, of the process and its children."""
        if self._process is None:
            return
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        self._process = None


def _answers(url: str) -> Callable[[], bool]:
    def ready() -> bool:
        try:
            return httpx.get(url, timeout=2).status_code == 200
        except httpx.TransportError:
            return False

    return ready


def replica(home: Path, workers: int = 1, **settings: str) -> Server:
    """A replica of the service, offline; settings are those of `RACKRATE_…` in lower case. Not started yet."""
    port = free_port()
    environment = {"RACKRATE_HOME": str(home), "RACKRATE_PROVIDER": "offline"}
    environment |= {f"RACKRATE_{name.upper()}": value for name, value in settings.items()}
    command = [sys.executable, "-c", "from api.cli import main; main()", "serve", "--port", str(port)]
    command += ["--workers", str(workers)]
    return Server(command, port, _answers(f"http://127.0.0.1:{port}/readyz"), environment)


@contextmanager
def started(*servers: Server) -> Iterator[None]:
    """The servers, started side by side; whatever of them still runs at the end is killed."""
    try:
        for server in servers:
            server.begin()
        for server in servers:
            server.wait()
        yield
    finally:
        for server in servers:
            server.kill()


def chroma(folder: Path) -> Server:
    """`chroma run`."""
    command = Path(sys.executable).with_name("chroma")
    if not command.exists():
        pytest.skip("chroma is not installed beside this Python")
    port = free_port()
    line = [str(command), "run", "--path", str(folder), "--host", "127.0.0.1", "--port", str(port)]
    return Server(
        line,
        port,
        _answers(f"http://127.0.0.1:{port}/api/v2/heartbeat"),
        {"CHROMA_ANONYMIZED_TELEMETRY": "0"},
    )


def redis(folder: Path) -> Server:
    """A Redis that keeps nothing."""
    if shutil.which("redis-server") is None:
        pytest.skip("redis-server is not installed")
    port = free_port()

    def ready() -> bool:
        asked = subprocess.run(["redis-cli", "-p", str(port), "ping"], capture_output=True, check=False)
        return asked.stdout.strip() == b"PONG"

    line = ["redis-server", "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--dir", str(folder)]
    return Server(line, port, ready, {})


class Postgres:
    """A PostgreSQL cluster of a test's own, which it may crash."""

    def __init__(self) -> None:
        found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
        if not found or os.geteuid() != 0:
            pytest.skip("needs Debian's PostgreSQL and root, to start a cluster as its user")
        pytest.importorskip("psycopg", reason="the extra `postgres` is not installed")
        self._bin, self.port = found[-1].parent, free_port()
        # a folder of its own: pytest closes its folders to other users whenever one starts
        self._folder = Path(tempfile.mkdtemp(prefix="rackrate-postgres-"))
        self.url = f"postgresql://postgres@127.0.0.1:{self.port}/postgres"
        shutil.chown(self._folder, "postgres", "postgres")
        self._run("initdb", "-D", f"{self._folder}/data", "-A", "trust", "-U", "postgres", "--no-sync")

    def start(self) -> None:
        options = f"-p {self.port} -k {self._folder} -c listen_addresses=127.0.0.1 -c fsync=off"
        self._run(
            "pg_ctl", "-D", f"{self._folder}/data", "-w", "-l", f"{self._folder}/log", "-o", options, "start"
        )

    def crash(self) -> None:
        """End without a shutdown: open transactions are lost, the next start recovers."""
        self._run("pg_ctl", "-D", f"{self._folder}/data", "-m", "immediate", "stop")

    def remove(self) -> None:
        with suppress(AssertionError):  # it may be down
            self.crash()
        shutil.rmtree(self._folder, ignore_errors=True)

    def _run(self, program: str, *arguments: str) -> None:
        command = [
            "setpriv",
            "--reuid=postgres",
            "--regid=postgres",
            "--clear-groups",
            str(self._bin / program),
        ]
        done = subprocess.run([*command, *arguments], cwd="/", capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr + done.stdout


@contextmanager
def postgres() -> Iterator[Postgres]:
    server = Postgres()
    server.start()
    try:
        yield server
    finally:
        server.remove()
