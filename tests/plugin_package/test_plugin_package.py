"""A separate distribution beside the product: found by every way in, and harmless when it is broken.

The package is laid out as an installer would (its modules and a `.dist-info` with the entry points of its own
`pyproject.toml`), in a folder that only a fresh process has on its path: nothing is fetched or built.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest

HERE = Path(__file__).parent
QUESTION = "How many hours must the crane run to hoist 120 racks at 15 minutes per lift?"


def install(target: Path, name: str, groups: dict[str, dict[str, str]], version: str = "1.0") -> None:
    """Write the `.dist-info` of a distribution with these entry points."""
    info = target / f"{name.replace('-', '_')}-{version}.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
    lines = [
        line
        for group, points in groups.items()
        for line in (f"[{group}]", *(f"{k} = {v}" for k, v in points.items()))
    ]
    (info / "entry_points.txt").write_text("\n".join(lines) + "\n")


@pytest.fixture
def site(tmp_path: Path) -> Path:
    """A folder with the sample installed."""
    target = tmp_path / "site"
    project = tomllib.loads((HERE / "pyproject.toml").read_text())["project"]
    shutil.copytree(HERE / "rackrate_sample", target / "rackrate_sample")
    install(target, project["name"], project["entry-points"], project["version"])
    return target


def rackrate(site: Path, *arguments: str, **env: str) -> subprocess.CompletedProcess[str]:
    """Run the command in a fresh process that has the folder on its path."""
    clean = {k: v for k, v in os.environ.items() if not k.startswith(("RACKRATE_", "ANTHROPIC_", "OPENAI_"))}
    settings = {"PYTHONPATH": str(site), "RACKRATE_HOME": str(site.parent / "home"), **env}
    code = "import sys; from api.cli import main; sys.exit(main())"
    return subprocess.run(
        [sys.executable, "-c", code, *arguments],
        env=clean | settings,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def answer(site: Path, question: str, **env: str) -> dict[str, Any]:
    done = rackrate(site, "ask", question, "--json", **env)
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def test_the_offline_reader_understands_its_calculator_from_the_schema(site: Path) -> None:
    found = answer(site, QUESTION)
    assert [t["tool"] for t in found["tool_calls"]] == ["crane_hours"]
    assert (found["headline"]["value"], found["headline"]["unit"]) == (30.0, "hour")


def test_it_is_listed_and_run_by_the_command_line(site: Path) -> None:
    assert "crane_hours" in rackrate(site, "tools", "list").stdout
    done = rackrate(
        site,
        "tools",
        "run",
        "crane_hours",
        "--input",
        '{"n_racks": 8, "minutes_per_lift": "15 min"}',
        "--json",
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["output"]["crane_hours"] == 2.0


def test_its_chat_model_answers_with_its_calculator(site: Path) -> None:
    found = answer(site, "anything at all?", RACKRATE_PROVIDER="parrot")
    assert found["provider"] == "parrot"
    assert found["headline"]["value"] == 5.0
    assert found["ledger"]["unsupported"] == []


def test_its_chip_and_its_loader_are_known(site: Path) -> None:
    assert answer(site, "How many GB of memory do 2 Sample One chips have?")["headline"][
        "value"
    ] == pytest.approx(1554, rel=0.01)
    note = site.parent / "talk.minutes"
    note.write_text(
        "00:05 Gallium arsenide prices doubled in the spring.\n12:30 Nobody expects them to fall.\n"
    )
    assert rackrate(site, "knowledge", "add", str(note)).returncode == 0
    done = rackrate(site, "knowledge", "search", "gallium arsenide prices", "--json")
    assert "00:00:05" in done.stdout


def test_a_broken_one_takes_nothing_down_and_the_doctor_says_so(site: Path) -> None:
    (site / "rackrate_broken.py").write_text("raise RuntimeError('no luck today')\n")
    groups = ("calculators", "loaders", "chat_models", "catalogs")
    install(site, "rackrate-broken", {f"rackrate.{g}": {f"broken_{g}": "rackrate_broken:x"} for g in groups})
    assert answer(site, QUESTION)["headline"]["value"] == 30.0
    done = rackrate(site, "doctor")
    assert "broken_calculators" in done.stdout + done.stderr
    assert "no luck today" in done.stdout + done.stderr


def test_two_of_one_name_are_an_error_that_names_both(site: Path) -> None:
    (site / "rackrate_second.py").write_text("from rackrate_sample.crane import crane_hours as other\n")
    install(site, "rackrate-second", {"rackrate.calculators": {"crane_hours": "rackrate_second:other"}})
    done = rackrate(site, "tools", "run", "crane_hours", "--input", '{"n_racks": 8, "minutes_per_lift": 15}')
    assert done.returncode != 0
    assert "declared 2 times" in done.stderr
    assert "rackrate_second:other" in done.stderr
    assert rackrate(site, "tools", "list").returncode == 0
