"""docker-compose.yml: there is no Docker engine where the tests run, so the file itself is checked."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from jingjinji import paths

TEXT = (paths.PROJECT / "docker-compose.yml").read_text()
SECRET = re.compile(r"(PASSWORD|SECRET|KEY|_CONN|BACKEND|BROKER_URL|METADATA_URI)$")


@pytest.fixture(scope="module")
def services() -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load(TEXT)["services"]
    return found


def test_compose_has_database_broker_airflow_workers_and_superset(services: dict[str, Any]) -> None:
    airflow = {"setup", "airflow-api-server", "airflow-scheduler", "airflow-dag-processor", "worker"}
    assert set(services) == {"postgres", "redis", "superset"} | airflow
    assert {services[name]["environment"]["AIRFLOW__CORE__EXECUTOR"] for name in airflow} == {"CeleryExecutor"}


def test_compose_holds_no_password(services: dict[str, Any]) -> None:
    secrets = [(n, k, v) for n, s in services.items() for k, v in s.get("environment", {}).items() if SECRET.search(k)]
    assert len(secrets) > 10
    # The file is no secret itself, and its path ends in PASSWORDS_FILE; all else must come from the environment.
    assert [(n, k) for n, k, v in secrets if not re.search(r"\$\{\w+:\?[^}]+\}", v)] == []


def test_compose_servers_have_health_checks_and_volumes(services: dict[str, Any]) -> None:
    for name, service in services.items():
        assert service.get("volumes"), name
        assert name == "setup" or service["healthcheck"]["test"], name


def test_compose_ports_are_open_on_this_machine_only(services: dict[str, Any]) -> None:
    ports = [port for service in services.values() for port in service.get("ports", [])]
    assert ports and all(port.startswith("127.0.0.1:") for port in ports)


def test_compose_builds_from_the_locked_requirements(services: dict[str, Any]) -> None:
    files = {service["build"]["dockerfile"] for service in services.values() if "build" in service}
    for name in files:
        text = (paths.PROJECT / name).read_text()
        locks = re.findall(r"requirements/\w+\.txt", text)
        assert len(locks) >= 2 and all((paths.PROJECT / lock).exists() for lock in locks)
        assert text.count("--require-hashes") == len(locks)


def test_compose_mounts_files_that_exist(services: dict[str, Any]) -> None:
    mounts = [v.split(":")[0] for s in services.values() for v in s.get("volumes", []) if v.startswith("./")]
    assert mounts and all((paths.PROJECT / mount).is_file() for mount in mounts)


def test_server_lock_agrees_with_the_platform_lock() -> None:
    platform, server = (pins(f"requirements/{name}.txt") for name in ("platform", "server"))
    assert {name for name in platform.keys() & server.keys() if platform[name] != server[name]} == set()


def test_setup_calls_functions_that_exist(tmp_path: Path) -> None:
    """The last line of setup.sh, run as it stands, prepares Superset's folder in a home."""
    script = (paths.PROJECT / "docker" / "setup.sh").read_text()
    (command,) = re.findall(r"^python -c '(from jingjinji .*)'$", script, re.MULTILINE)
    subprocess.run([sys.executable, "-c", command], check=True, env=os.environ | {"JJJ_HOME": str(tmp_path)})
    assert any((tmp_path / "superset").iterdir())


def pins(lock: str) -> dict[str, str]:
    return dict(re.findall(r"^([A-Za-z0-9._-]+)==(\S+)", (paths.PROJECT / lock).read_text(), re.MULTILINE))
