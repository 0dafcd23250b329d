"""`jjj doctor`: is everything there that the warehouse needs, and what to do where it is not. Takes about a second."""

from __future__ import annotations

import importlib.metadata
import json
import os
import re
import shutil
import stat
import subprocess
import sys
import uuid
from collections.abc import Callable, Collection, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal

from jingjinji import audit
from jingjinji.contracts import ContractError, load_contracts
from jingjinji.export.agreements import AgreementError, load_agreements
from jingjinji.operate import services
from jingjinji.operate.airflow_site import DEFAULT_PORT, PORT_VARIABLE
from jingjinji.operate.demo import SUPERSET_DEFAULT_PORT, SUPERSET_PORT_VARIABLE
from jingjinji.paths import PROJECT, Home, home
from jingjinji.release.store import WAREHOUSE, ReleaseError, current_release, sha256_of

Status = Literal["OK", "WARN", "FAIL"]

PYTHON = (3, 11)  # Superset 6.1 has no wheels for 3.13, Airflow 3.3 with these pins was tried on 3.11 only
# A build copies the whole file and three builds and several releases are kept, beside logs and archives.
DISK_LOW_BYTES, DISK_FULL_BYTES = 5 * 1024**3, 1024**3
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
# The environments are installed without them, or bring them themselves.
NOT_LOCKED = {"jingjinji", "pip", "setuptools", "wheel", "uv"}


@dataclass(frozen=True)
class Finding:
    """One thing looked at: how it is, and for whoever reads it what to do (Chinese)."""

    check: str
    status: Status
    message: str


def examine(only: Collection[str] | None = None) -> list[Finding]:
    """Look at everything; a check that cannot look is itself a FAIL and does not stop the others.

    Args:
        only: names of the checks to make, all when absent.
    """
    place = home()
    findings: list[Finding] = []
    chosen = {name: look for name, look in _checks(place).items() if only is None or name in only}
    for check, look in chosen.items():
        try:
            findings += [Finding(check, status, message) for status, message in look()]
        except Exception as error:  # whatever breaks here is what the reader has to know
            findings.append(Finding(check, "FAIL", f"检查时出错：{type(error).__name__}: {error}"))
    return findings


Found = Iterator[tuple[Status, str]]


def _checks(place: Home) -> dict[str, Callable[[], Found]]:
    return {
        "Python": _python,
        "数据标准与数据源": _contracts,
        "共享协议": _agreements,
        "平台环境": lambda: _environment(
            "platform", [Path(p) for p in sys.path if p.endswith("site-packages")], "FAIL"
        ),
        "Superset 环境": lambda: _environment("superset", _superset_site_packages(), "WARN"),
        "DuckDB 版本": _duckdb,
        "数据目录": lambda: _writable(place),
        "磁盘空间": lambda: _disk(place),
        "端口": _ports,
        "浏览器与字体": _browser,
        "数据性质": lambda: _origin(place),
        "当前发布": lambda: _release(place),
        "审计日志": lambda: _audit(place),
        "密钥": lambda: _keys(place),
    }


def _python() -> Found:
    found = ".".join(map(str, sys.version_info[:3]))
    if sys.version_info[:2] == PYTHON:
        yield "OK", found
    else:
        yield "FAIL", f"当前为 {found}，需要 3.11：安装后执行 make setup PYTHON=/usr/bin/python3.11"


def _contracts() -> Found:
    try:
        contracts = load_contracts()
    except ContractError as error:
        yield "FAIL", f"请按提示修改：{error}"
        return
    yield "OK", f"{len(contracts.standards)} 个数据标准，{len(contracts.feeds)} 个数据源，代码表齐全"
    for message in contracts.unfinished.values():
        yield "WARN", f"草稿，不会入库，请逐项回答：{message}"
    for dataset in sorted(set(contracts.standards) - {feed.dataset for feed in contracts.feeds.values()}):
        yield "WARN", f"{dataset} 没有数据源：在 feeds/{dataset}/ 下添加 <地区>.yml"


def _agreements() -> Found:
    try:
        agreements = load_agreements()
    except AgreementError as error:
        yield "FAIL", f"请按提示修改：{error}"
        return
    if agreements:
        yield "OK", f"{len(agreements)} 份协议：{'、'.join(sorted(agreements))}"
    else:
        yield "WARN", "没有共享协议，不会向任何单位导出；需要时在 exports/ 下添加 <协议编号>.yml"


def _environment(name: str, site_packages: list[Path], when_absent: Status) -> Found:
    lock = PROJECT / "requirements" / f"{name}.txt"
    if not any(path.is_dir() for path in site_packages):
        yield when_absent, "环境不存在：执行 make setup"
        return
    wanted, there = locked_versions(lock), installed_versions(site_packages)
    wrong = [f"{p} 应为 {v}，实为 {there.get(p, '未安装')}" for p, v in sorted(wanted.items()) if there.get(p) != v]
    if wrong:
        more = f"等 {len(wrong)} 个" if len(wrong) > 5 else ""
        yield "FAIL", f"与 {lock.relative_to(PROJECT)} 不一致：{'；'.join(wrong[:5])}{more}。执行 make setup"
    else:
        yield "OK", f"{len(wanted)} 个软件包与 {lock.relative_to(PROJECT)} 一致"


def locked_versions(lock: Path) -> dict[str, str]:
    """Version of each package a lock file pins for this machine, by normalised name."""
    lines = re.findall(r"^([A-Za-z0-9._-]+)==([^\s;\\]+)(?:\s*;\s*([^\\\n]+))?", lock.read_text(encoding="utf-8"), re.M)
    return {_normal(name): version for name, version, marker in lines if _applies(marker) and name not in NOT_LOCKED}


def installed_versions(site_packages: list[Path]) -> dict[str, str]:
    """Version of each package installed in an environment, by normalised name; the environment is not started."""
    found = importlib.metadata.distributions(path=[str(path) for path in site_packages])
    return {_normal(one.metadata["Name"]): one.version for one in found if one.metadata["Name"]}


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def _applies(marker: str) -> bool:
    from packaging.markers import Marker

    return not marker or Marker(marker.strip()).evaluate()


def _superset_site_packages() -> list[Path]:
    return sorted((PROJECT / ".venv-superset").glob("lib/python*/site-packages"))


def _duckdb() -> Found:
    ours = importlib.metadata.version("duckdb")
    theirs = installed_versions(_superset_site_packages()).get("duckdb") if _superset_site_packages() else None
    if theirs is None:
        yield "OK", f"平台 {ours}；Superset 环境未安装"
    elif theirs == ours:
        yield "OK", f"两个环境均为 {ours}"
    else:
        yield (
            "FAIL",
            f"平台 {ours}，Superset {theirs}：文件格式可能互不兼容，改 requirements/superset.in 后 make lock setup",
        )


def _writable(place: Home) -> Found:
    try:
        place.root.mkdir(parents=True, exist_ok=True)
        probe = place.root / f".doctor.{uuid.uuid4().hex}"
        probe.write_bytes(b"")
        probe.unlink()
    except OSError as error:
        yield "FAIL", f"{place.root} 不可写（{error.strerror}）：改权限，或用 JJJ_HOME 指定别处"
        return
    blocked = [
        p for p in place.root.iterdir() if p.is_dir() and not p.is_symlink() and not os.access(p, os.W_OK | os.X_OK)
    ]
    if blocked:
        yield "FAIL", f"不可写：{'、'.join(map(str, blocked))}。chown 给运行用户 {os.getuid()}"
    else:
        yield "OK", f"{place.root} 可写"


def _disk(place: Home) -> Found:
    free = shutil.disk_usage(place.root).free
    text = f"{place.root} 所在磁盘剩余 {free / 1024**3:.1f} GB"
    if free < DISK_FULL_BYTES:
        yield "FAIL", f"{text}，构建会失败：清理磁盘或用 JJJ_HOME 指定别处"
    elif free < DISK_LOW_BYTES:
        yield "WARN", f"{text}，建议保留 5 GB 以上"
    else:
        yield "OK", text


def _ports() -> Found:
    servers = {
        "Airflow": (PORT_VARIABLE, DEFAULT_PORT),
        "Superset": (SUPERSET_PORT_VARIABLE, SUPERSET_DEFAULT_PORT),
    }
    for name, (variable, default) in servers.items():
        try:
            port = services.port_of(variable, default)
        except services.ServiceError:
            yield "FAIL", f"{variable}={os.environ[variable]} 不是端口号：改为 1–65535 的整数"
            continue
        try:
            services.require_free(port, name, variable)
            yield "OK", f"{name} 端口 {port} 空闲"
        except services.ServiceError:
            yield "WARN", f"{name} 端口 {port} 已被占用（可能正在运行 make up）：结束占用者，或设 {variable} 换端口"


def _browser() -> Found:
    browser = next((path for name in BROWSERS if (path := shutil.which(name))), None)
    if browser:
        yield "OK", f"浏览器 {browser}"
    else:
        yield "WARN", "没有找到 Chromium（仅测试需要）：make test 会尝试用 apt 安装"
    fonts = _chinese_fonts()
    if fonts is None:
        yield "WARN", "没有 fc-list，无法确认中文字体（仅测试截图需要）：apt-get install fontconfig fonts-wqy-microhei"
    elif fonts:
        yield "OK", f"{fonts} 个中文字体"
    else:
        yield "WARN", "没有中文字体，截图中的汉字会显示为方框（仅测试需要）：apt-get install fonts-wqy-microhei"


def _chinese_fonts() -> int | None:
    if not shutil.which("fc-list"):
        return None
    listed = subprocess.run(["fc-list", ":lang=zh", "family"], capture_output=True, text=True, timeout=10, check=False)
    return len(listed.stdout.splitlines())


def _origin(place: Home) -> Found:
    if not place.marker.exists():
        yield "OK", "尚未收到数据，首次交付决定本目录存放真实数据还是模拟数据"
        return
    try:
        origin = json.loads(place.marker.read_text(encoding="utf-8"))["data_origin"]
    except (ValueError, KeyError, TypeError):
        yield "FAIL", f'{place.marker} 无法读取：内容应为 {{"data_origin": "real"}} 或 "simulated"，按实际情况改正'
        return
    if origin in ("real", "simulated"):
        yield "OK", {"real": "真实数据", "simulated": "模拟数据"}[origin]
    else:
        yield "FAIL", f"{place.marker} 的 data_origin 为 {origin}：只能是 real 或 simulated"


def _release(place: Home) -> Found:
    if not place.current.is_symlink():
        yield "OK", "尚无发布：执行 jjj run 或 make demo"
        return
    try:
        release = current_release(place)
    except (ReleaseError, ValueError, OSError) as error:
        yield "FAIL", f"{place.current} 指向的发布无法读取（{error}）：执行 jjj release rollback 换到完好的版本"
        return
    assert release is not None  # the link is there
    warehouse = place.releases / release.release_id / WAREHOUSE
    if not warehouse.exists() or sha256_of(warehouse) != release.file_sha256:
        yield (
            "FAIL",
            f"{warehouse} 缺失或已被改动（sha256 与 release.json 不符）：执行 jjj release rollback 换到完好的版本",
        )
    else:
        yield "OK", f"{release.release_id}，文件完整"


def _audit(place: Home) -> Found:
    try:
        chain = audit.verify_chain(place)
    except audit.AuditError as error:
        yield "FAIL", f"审计链断裂：{error}"
        return
    yield "OK", f"{chain.records} 条记录，首尾相连"


def _keys(place: Home) -> Found:
    if not place.keys.is_dir():
        yield "OK", "尚未生成，首次导出时生成"
        return
    private = [p for p in sorted(place.keys.iterdir()) if p.is_file() and "public" not in p.name]
    exposed = [p for p in private if stat.S_IMODE(p.stat().st_mode) & 0o077]
    if exposed:
        yield "FAIL", f"他人可读的私钥：chmod 600 {' '.join(map(str, exposed))}；若他人可能读过，请更换密钥"
    else:
        yield "OK", f"{len(private)} 个私钥文件仅本用户可读"


def as_json(findings: list[Finding]) -> str:
    """The findings for programs."""
    return json.dumps([asdict(finding) for finding in findings], ensure_ascii=False, indent=2)


def print_table(findings: list[Finding]) -> None:
    """The findings for people; colour only where it is shown."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    colours = {"OK": "green", "WARN": "yellow", "FAIL": "bold red"}
    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in ("检查", "结果", "说明"):
        table.add_column(name, no_wrap=name != "说明")
    for finding in findings:
        status = Text(finding.status, style=colours[finding.status])
        table.add_row(finding.check, status, Text(finding.message, overflow="fold"))
    Console().print(table)
