"""How much landing costs beside the least it could cost: ratios within one run, so that the machine does not matter.

Floor: a bare DuckDB `create table as` over the same text, all columns as text. Measured: landing with contract, quarantine,
receipt and lineage, without the copy of the bytes into the archive, which is shown on its own.

    make bench                                   # 300,000 rows
    .venv/bin/python benchmarks/landing.py 5000000
"""

from __future__ import annotations

import os
import resource
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import duckdb

REPEATS = 3
HEADER = (
    "序号,灾害事件编号,灾害事件名称,灾种,填报单位代码,报告阶段,灾害发生时间,数据截至时间,报告时间,受灾人口(人),因灾死亡人口(人),因灾失踪人口(人),"
    "转移人口(人),农作物受灾面积(亩),农作物绝收面积(亩),倒塌房屋间数(间),严重损坏房屋间数(间),直接经济损失(万元)"
)


def write_rows(path: Path, rows: int) -> None:
    """Invented rows in the shape of the Tianjin feed, as UTF-8; one in a thousand has a negative count."""
    path.write_text(HEADER + "\n", encoding="utf-8")
    body = path.with_suffix(".body")
    duckdb.sql(f"""
        copy (
            select i, 'e' || i, '虚构暴雨', '洪涝', '120119', '续报', '2023年7月29日', '2023年8月1日6时', null,
                case when i % 1000 = 0 then -1 else 100 + i % 900 end, i % 3, i % 2, i % 500, i % 700, i % 100, i % 50, i % 60, i % 9999
            from range({rows}) t(i))
        to '{body}' (format csv, header false)""")
    with path.open("ab") as whole, body.open("rb") as part:
        shutil.copyfileobj(part, whole)
    body.unlink()


def seconds(work: Callable[[], object]) -> float:
    """Median wall time of REPEATS runs."""
    times = []
    for _ in range(REPEATS):
        start = time.perf_counter()
        work()
        times.append(time.perf_counter() - start)
    return statistics.median(times)


def floor(path: Path) -> None:
    """The least: the text into a table of texts, in a file."""
    with tempfile.TemporaryDirectory() as folder, duckdb.connect(f"{folder}/floor.duckdb") as con:
        con.execute("create table t as select * from read_csv(?, all_varchar = true)", [str(path)])


def landed(path: Path) -> None:
    """The same file through the landing zone of a home of its own."""
    from jingjinji import landing

    with tempfile.TemporaryDirectory() as folder:
        os.environ["JJJ_HOME"] = folder
        outcome = landing.land("disaster_losses/tianjin", path, data_origin="simulated")
        assert outcome.status == "accepted", outcome.messages


def main() -> None:
    rows = int(sys.argv[1]) if len(sys.argv) > 1 else 300_000
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "2023-08-01.csv"
        write_rows(path, rows)
        least, copied, whole = (
            seconds(lambda: floor(path)),
            seconds(lambda: shutil.copyfile(path, f"{folder}/copy")),
            seconds(lambda: landed(path)),
        )
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"{rows:,} rows: floor {least:.2f} s, copy {copied:.2f} s, landing {whole:.2f} s")
    print(
        f"landing without the copy / floor = {(whole - copied) / least:.2f}; peak memory of this process {peak:,.0f} MiB"
    )


if __name__ == "__main__":
    main()
