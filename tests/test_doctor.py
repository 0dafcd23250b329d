"""`jjj doctor` finds what is planted, says what to do, and harms nothing."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest
from synthetic_build import make_build
from typer.testing import CliRunner

from jingjinji import audit
from jingjinji.cli import app
from jingjinji.operate import doctor
from jingjinji.release import create_release


@pytest.fixture(autouse=True)
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("JJJ_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


def found(check: str) -> list[doctor.Finding]:
    return doctor.examine([check])


def test_this_project_is_healthy_and_the_answer_is_quick() -> None:
    start = time.monotonic()
    done = subprocess.run(
        [sys.executable, "-c", "from jingjinji.cli import app; app()", "doctor", "--format", "json"],
        capture_output=True,
        text=True,
        check=False,
    )
    took = time.monotonic() - start
    findings = json.loads(done.stdout)
    assert done.returncode == 0, [finding for finding in findings if finding["status"] == "FAIL"]
    assert {"check", "status", "message"} == set(findings[0]) and len(findings) >= 14
    assert took < 10, "about one second on an idle machine; no Great Expectations, dbt or Airflow is imported"


def test_heavy_libraries_are_not_imported() -> None:
    code = "import sys; from jingjinji.operate import doctor; doctor.examine(); print([m for m in sys.modules if m in HEAVY])"
    heavy = "HEAVY = {'airflow', 'dbt', 'great_expectations', 'cosmos'}; "
    done = subprocess.run([sys.executable, "-c", heavy + code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_changed_audit_log_fails_and_names_the_line(place: Path) -> None:
    for number in range(3):
        audit.record("test", number=number)
    assert found("审计日志")[0] == doctor.Finding("审计日志", "OK", "3 条记录，首尾相连")
    log = place / "audit.jsonl"
    log.write_text(log.read_text(encoding="utf-8").replace('"number":1,', '"number":9,', 1), encoding="utf-8")
    broken = found("审计日志")[0]
    assert broken.status == "FAIL" and "line" in broken.message
    assert CliRunner().invoke(app, ["doctor"]).exit_code == 1


def test_readable_private_key_fails_and_a_public_one_does_not(place: Path) -> None:
    (place / "keys").mkdir(parents=True)
    for name, mode in (("manifest_private.pem", 0o600), ("manifest_public.pem", 0o644)):
        (place / "keys" / name).write_text("-")
        (place / "keys" / name).chmod(mode)
    assert found("密钥")[0].status == "OK"
    (place / "keys" / "manifest_private.pem").chmod(0o640)
    assert "chmod 600" in found("密钥")[0].message and found("密钥")[0].status == "FAIL"


@pytest.mark.parametrize("content", ["", "[]", '{"data_origin": "test"}'])
def test_unreadable_home_marker_fails(place: Path, content: str) -> None:
    place.mkdir(parents=True)
    (place / "home.json").write_text(content)
    assert found("数据性质")[0].status == "FAIL"


def test_taken_port_is_named_with_the_variable_that_moves_it(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        monkeypatch.setenv("JJJ_AIRFLOW_PORT", str(taken.getsockname()[1]))
        message = found("端口")[0].message
    assert "已被占用" in message and "JJJ_AIRFLOW_PORT" in message
    monkeypatch.setenv("JJJ_AIRFLOW_PORT", "eighty")
    assert found("端口")[0].status == "FAIL"


def test_package_that_differs_from_the_lock_file_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "requirements").mkdir()
    lock = tmp_path / "requirements" / "platform.txt"
    lock.write_text(
        "duckdb==0.0.1 \\\n    --hash=sha256:00\nno-such-package==1.0\npywin32==1.0 ; sys_platform == 'win32'\n"
    )
    monkeypatch.setattr(doctor, "PROJECT", tmp_path)
    finding = found("平台环境")[0]
    assert finding.status == "FAIL" and "make setup" in finding.message
    assert "duckdb 应为 0.0.1" in finding.message and "no-such-package 应为 1.0，实为 未安装" in finding.message
    assert "pywin32" not in finding.message
    assert found("Superset 环境")[0] == doctor.Finding("Superset 环境", "WARN", "环境不存在：执行 make setup")


def test_current_release_that_is_gone_or_changed_fails(place: Path) -> None:
    place.mkdir(parents=True)
    (place / "current").symlink_to(place / "releases" / "gone")
    assert found("当前发布")[0].status == "FAIL" and "rollback" in found("当前发布")[0].message


def test_changed_byte_in_the_current_release_fails(place: Path) -> None:
    released = create_release(make_build("r1"))
    assert found("当前发布")[0] == doctor.Finding("当前发布", "OK", f"{released.release_id}，文件完整")
    released.warehouse.chmod(0o644)
    with released.warehouse.open("r+b") as stream:
        stream.seek(-1, 2)
        last = stream.read(1)
        stream.seek(-1, 2)
        stream.write(bytes([last[0] ^ 1]))
    assert found("当前发布")[0].status == "FAIL" and "已被改动" in found("当前发布")[0].message


def test_folder_of_somebody_else_is_named(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Root may write anywhere, so what the system answers is planted instead of a real owner."""
    (place / "landing").mkdir(parents=True)
    monkeypatch.setattr(doctor.os, "access", lambda path, mode: Path(path).name != "landing")
    finding = found("数据目录")[0]
    assert finding.status == "FAIL" and str(place / "landing") in finding.message


@pytest.mark.parametrize(("free_gb", "status"), [(100, "OK"), (4, "WARN"), (0.5, "FAIL")])
def test_full_disk_is_told_before_a_build_dies_of_it(
    monkeypatch: pytest.MonkeyPatch, free_gb: float, status: str
) -> None:
    usage = type("usage", (), {"free": int(free_gb * 1024**3)})
    monkeypatch.setattr(doctor.shutil, "disk_usage", lambda path: usage)
    assert found("磁盘空间")[0].status == status
