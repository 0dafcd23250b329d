"""How much landing costs beside the least it could cost: ratios within one run, so that the machine does not matter.

Floor of a text: a bare DuckDB `create table as` over the same text into a file. Floor of a workbook: python-calamine reading the
same sheet. Measured: landing with contract, quarantine, receipt and lineage; copying the bytes into the archive is measured on
its own and taken off. Each measurement is a process of its own, so that its peak memory is its own.

    make bench                                   # 300,000 rows
    .venv/bin/python benchmarks/landing.py 5000000
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import duckdb

REPEATS = 3
DAYS = 100  # small deliveries
SHEET_ROWS = 200_000  # at most, of the workbook
HEADER = (
    "序号,灾害事件编号,灾害事件名称,灾种,填报单位代码,报告阶段,灾害发生时间,数据截至时间,报告时间,受灾人口(人),因灾死亡人口(人),因灾失踪人口(人),"
    "转移人口(人),农作物受灾面积(亩),农作物绝收面积(亩),倒塌房屋间数(间),严重损坏房屋间数(间),直接经济损失(万元)"
)
REPORT = """
    'e' || i as id, '虚构暴雨' as name, '120119' as unit, case when i % 1000 = 0 then -1 else 100 + i % 900 end as affected,
    i % 3 as dead, i % 2 as missing, case when i % 100 = 7 then 1000 else i % 90 end as relocated, i % 700 as crops, i % 100 as failed, i % 50 as houses, i % 60 as damaged,
    i % 9999 as loss"""


def write_csv(path: Path, rows: int) -> None:
    """Invented rows in the shape of the Tianjin feed, as UTF-8; one in a thousand has a negative count, one in a hundred a warning."""
    body = path.with_suffix(".body")
    duckdb.sql(f"""
        copy (
            select i, id, name, '洪涝', unit, '续报', '2023年7月29日', '2023年8月1日6时', null, affected, dead, missing, relocated,
                crops, failed, houses, damaged, loss
            from (select i, {REPORT} from range({rows}) t(i)))
        to '{body}' (format csv, header false)""")
    path.write_text(HEADER + "\n", encoding="utf-8")
    with path.open("ab") as whole, body.open("rb") as part:
        shutil.copyfileobj(part, whole)
    body.unlink()


def write_json(path: Path, rows: int) -> None:
    """The same in the shape of the Beijing feed: one document."""
    body = path.with_suffix(".body")
    duckdb.sql(f"""
        copy (
            select {{'id': id, 'name': name, 'kind': '暴雨洪涝', 'occurred_at': '2023-07-29'}} as event, '110119' as reporting_unit,
                '续报' as stage, '2023-08-01T06:00+08:00' as as_of, null as reported_at,
                {{'affected': affected, 'dead': dead, 'missing': missing, 'relocated': relocated}} as people,
                {{'collapsed_wan_jian': houses, 'severely_damaged_wan_jian': damaged}} as houses,
                {{'affected_wan_mu': crops, 'failed_wan_mu': 0}} as crops, loss as direct_loss_yuan
            from (select i, {REPORT} from range({rows}) t(i)))
        to '{body}' (format json, array true)""")
    path.write_text('{"reports": ', encoding="utf-8")
    with path.open("ab") as whole, body.open("rb") as part:
        shutil.copyfileobj(part, whole)
        whole.write(b"}\n")
    body.unlink()


def write_sheet(path: Path, rows: int) -> None:
    """The same rows as a workbook in the shape of the Tianjin feed (any format is taken from any feed)."""
    from openpyxl import Workbook

    book = Workbook(write_only=True)
    sheet = book.create_sheet()
    sheet.append(HEADER.split(","))
    for i in range(rows):
        counts = [
            -1 if i % 1000 == 0 else 100 + i % 900,
            i % 3,
            i % 2,
            1000 if i % 100 == 7 else i % 90,
            i % 700,
            i % 100,
            i % 50,
            i % 60,
            i % 9999,
        ]
        texts = [i, f"e{i}", "虚构暴雨", "洪涝", "120119", "续报", "2023年7月29日", "2023年8月1日6时", None]
        sheet.append([*texts, *counts])
    book.save(path)


# ---------------------------------------------------------------- what is measured, each in a process of its own


def floor_csv(path: Path, home: Path) -> None:
    """The text into a table of texts, in a file."""
    with duckdb.connect(str(home / "floor.duckdb")) as con:
        con.execute("create table t as select * from read_csv(?, all_varchar = true)", [str(path)])


def floor_json(path: Path, home: Path) -> None:
    """The document into a table, in a file; its one object must be allowed to be as large as it is."""
    size = 2 * path.stat().st_size
    with duckdb.connect(str(home / "floor.duckdb")) as con:
        con.execute(
            f"""create table t as select unnest(reports, recursive := true)
            from read_json(?, maximum_object_size = {size})""",
            [str(path)],
        )


def floor_lines(path: Path, home: Path) -> None:
    """The same records as one line each, the form DuckDB likes best: what no sender of ours sends."""
    with duckdb.connect(str(home / "floor.duckdb")) as con:
        con.execute("create table t as select * from read_json(?)", [str(path)])


def floor_sheet(path: Path, home: Path) -> None:
    """The values of the sheet, as python-calamine gives them."""
    import python_calamine

    python_calamine.load_workbook(str(path)).get_sheet_by_index(0).to_python()


def copied(path: Path, home: Path) -> None:
    """The bytes into the archive, flushed."""
    target = home / "copy"
    shutil.copyfile(path, target)
    with target.open("rb") as written:
        os.fsync(written.fileno())


def landed(path: Path, home: Path) -> None:
    """One file through the landing zone of a home of its own."""
    from jingjinji import landing

    os.environ["JJJ_HOME"] = str(home)
    feed = "disaster_losses/beijing" if path.suffix == ".json" else "disaster_losses/tianjin"
    outcome = landing.land(feed, path, data_origin="simulated")
    assert outcome.status == "accepted", outcome.messages


def landed_days(path: Path, home: Path) -> None:
    """DAYS small files one after the other."""
    from jingjinji import landing

    os.environ["JJJ_HOME"] = str(home)
    outcomes = landing.land_files("disaster_losses/tianjin", sorted(path.iterdir()), data_origin="simulated")
    assert all(outcome.status == "accepted" for outcome in outcomes)


WORKS: dict[str, Callable[[Path, Path], None]] = {
    work.__name__: work for work in (floor_csv, floor_json, floor_lines, floor_sheet, copied, landed, landed_days)
}


def measured(work: str, path: Path) -> tuple[float, float]:
    """Least wall time in s and most memory in MiB of REPEATS runs; importing is not counted."""
    seconds, memory = [], []
    for _ in range(REPEATS):
        run = subprocess.run([sys.executable, __file__, work, str(path)], capture_output=True, text=True, check=False)
        if run.returncode:
            return float("nan"), float("nan")
        found = json.loads(run.stdout.splitlines()[-1])
        seconds.append(found["seconds"])
        memory.append(found["mib"])
    return min(seconds), max(memory)


def work_once(work: str, path: Path) -> None:
    """Run one of WORKS and print what it took."""
    import python_calamine  # noqa: F401

    import jingjinji.landing  # noqa: F401

    with tempfile.TemporaryDirectory(dir=path.parent) as home:
        start, cpu_start = time.perf_counter(), time.process_time()
        WORKS[work](path, Path(home))
        seconds, cpu = time.perf_counter() - start, time.process_time() - cpu_start
    print(json.dumps({"seconds": seconds, "cpu": cpu, "mib": peak_kib() / 1024}))


def peak_kib() -> int:
    """Most memory of this process in KiB. What getrusage says begins with the memory of the process that started it."""
    status = Path("/proc/self/status").read_text(encoding="utf-8")
    return int(status.partition("VmHWM:")[2].split()[0])


def compare(label: str, path: Path, *floors: str) -> None:
    """Print what landing a file takes beside each floor."""
    (whole, peak), (copy, _) = measured("landed", path), measured("copied", path)
    for name in floors:
        least, floor_peak = measured(name, path.with_suffix(".lines") if name == "floor_lines" else path)
        print(
            f"{label:28s} {name:12s} floor {least:7.2f} s ({floor_peak:6,.0f} MiB)   landing {whole:7.2f} s"
            f" ({peak:6,.0f} MiB)   copy {copy:5.2f} s   (landing - copy) / floor = {(whole - copy) / least:5.2f}",
            flush=True,
        )


def main() -> None:
    rows = int(sys.argv[1]) if len(sys.argv) > 1 else 300_000
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        write_csv(place / "2023-08-01.csv", rows)
        compare(f"{rows:,} rows of CSV", place / "2023-08-01.csv", "floor_csv")
        write_json(place / "2023-08-01.json", rows)
        lines = f"copy (from read_json('{place}/2023-08-01.json', maximum_object_size = 4000000000)) to '{place}/x' (format json)"
        with duckdb.connect() as con:
            con.execute(lines.replace("from read_json", "select unnest(reports, max_depth := 2) from read_json"))
        (place / "x").rename(place / "2023-08-01.lines")
        compare(f"{rows:,} records of JSON", place / "2023-08-01.json", "floor_json", "floor_lines")
        sheet_rows = min(rows, SHEET_ROWS)
        write_sheet(place / "2023-08-01.xlsx", sheet_rows)
        compare(f"{sheet_rows:,} rows of a workbook", place / "2023-08-01.xlsx", "floor_sheet")
        days = place / "days"
        days.mkdir()
        for day in range(DAYS):
            write_csv(days / f"2023-{1 + day // 28:02d}-{1 + day % 28:02d}.csv", 20 + day)
        print(f"{DAYS} deliveries of 20 rows and more: {measured('landed_days', days)[0] / DAYS * 1000:.1f} ms each")


if __name__ == "__main__":
    if len(sys.argv) == 3:
        work_once(sys.argv[1], Path(sys.argv[2]))
    else:
        main()
