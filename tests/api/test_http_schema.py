"""The OpenAPI document taken at its word: schemathesis makes requests from it and finds no server error."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from running import running

CHECKS = "not_a_server_error,content_type_conformance,response_schema_conformance"


def test_no_server_error_and_only_documented_answers(tmp_path: Path) -> None:
    pytest.importorskip("schemathesis", reason="schemathesis is not installed")
    program = Path(sys.executable).with_name("schemathesis")
    with running(tmp_path / "home") as address:
        done = subprocess.run(
            [
                program, "run", f"{address}/openapi.json", "--checks", CHECKS, "--max-examples", "8",
                "--phases", "examples,coverage,fuzzing", "--request-timeout", "30", "--no-color",
            ],
            cwd=tmp_path, capture_output=True, text=True, timeout=300, check=False,
        )  # fmt: skip
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-500:]
    assert "Tested: 1" in done.stdout  # ten operations or more
