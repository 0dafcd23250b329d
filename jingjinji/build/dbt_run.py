"""dbt as one process of its own on a candidate, and what came of each model, seed and test."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jingjinji.errors import UserError
from jingjinji.paths import PROJECT

PROJECT_DIR = PROJECT / "dbt_project"
# Told as they end; all else in dbt's log is for its file.
ENDED = ("LogModelResult", "LogSeedResult", "LogTestResult", "LogNodeResult")
GOOD = ("success", "pass", "warn", "no-op")


class BuildError(UserError):
    """No build was made; everybody stays on the current release. The message says what to correct."""


@dataclass(frozen=True)
class ModelResult:
    """One node of the dbt project in one run: model, seed or test. `seconds` is wall time."""

    name: str
    kind: str
    status: str
    seconds: float
    failures: int | None
    message: str | None


def run_dbt(
    path: Path,
    select: str | None = None,
    *,
    unit_tests: bool = False,
    on_progress: Callable[[str], None] = lambda _: None,
) -> tuple[ModelResult, ...]:
    """Seeds, models and data tests on the candidate, in one dbt process.

    Args:
        path: `builds/<run_id>/warehouse.duckdb`; nobody else may have it open.
        select: dbt node selection; everything when absent.
        unit_tests: run the unit tests of the models too. They judge the SQL, not the data, so a build leaves them out.
        on_progress: called with a line as each node ends.

    Raises:
        BuildError: a node failed or dbt could not run; names the nodes, the reason and the log file.
    """
    work = path.parent / "dbt"
    command = [sys.executable, "-m", "dbt.cli.main", "--log-format", "json", "build"]
    command += ["--project-dir", str(PROJECT_DIR), "--profiles-dir", str(PROJECT_DIR)]
    command += [] if unit_tests else ["--exclude-resource-type", "unit_test"]
    command += ["--select", select] if select else []
    lines: list[str] = []
    with subprocess.Popen(
        command,
        env=_environment(path, work),
        cwd=PROJECT_DIR,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    ) as process:
        assert process.stdout is not None
        for line in process.stdout:
            lines.append(line)
            _tell(line, on_progress)
    results = _results(work / "run_results.json")
    if process.returncode:
        raise BuildError(_why_failed(results, lines, work))
    return results


def _environment(path: Path, work: Path) -> dict[str, str]:
    own = {"JJJ_CANDIDATE": str(path), "DBT_TARGET_PATH": str(work), "DBT_LOG_PATH": str(work)}
    return {**os.environ, **own, "DBT_SEND_ANONYMOUS_USAGE_STATS": "false", "PYTHONWARNINGS": "ignore"}


def _tell(line: str, on_progress: Callable[[str], None]) -> None:
    try:
        info = json.loads(line)["info"]
    except (ValueError, KeyError, TypeError):
        return
    if info.get("name") in ENDED:
        on_progress(str(info["msg"]).strip())


def _results(file: Path) -> tuple[ModelResult, ...]:
    if not file.exists():
        return ()
    return tuple(_result(node) for node in json.loads(file.read_text(encoding="utf-8"))["results"])


def _result(node: dict[str, Any]) -> ModelResult:
    kind, _, name = node["unique_id"].partition(".")
    seconds = round(float(node.get("execution_time") or 0), 3)
    return ModelResult(name.split(".", 1)[-1], kind, node["status"], seconds, node.get("failures"), node.get("message"))


def _why_failed(results: tuple[ModelResult, ...], lines: list[str], work: Path) -> str:
    bad = [r for r in results if r.status not in GOOD]
    reasons = [f"  {r.kind} {r.name}: {r.status}: {(r.message or '').strip()}" for r in bad] or [
        f"  {line.strip()[:500]}" for line in lines[-5:]
    ]
    return "dbt failed, everybody stays on the current release:\n" + "\n".join(reasons) + f"\nLog: {work / 'dbt.log'}"
