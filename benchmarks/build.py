"""What a day costs on ten years of history beside the same day on one year: ratios within one run, step by step.

The copy of the warehouse file grows with it and is shown on its own. Measured is what `jjj build` does, on invented
deliveries (`benchmarks/history.py`) of three regions and every dataset on every day. Processor time, that of dbt
included, is told beside the time that passed: on a machine with other work only the first compares.

    make bench-build                               # 1 and 10 years
    .venv/bin/python benchmarks/build.py 1 3       # other lengths
"""

from __future__ import annotations

import datetime as dt
import os
import resource
import shutil
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

sys.path.insert(0, str(Path(__file__).parent))

from history import LAST_DAY, days_back, write_history

from jingjinji import audit, build, quality
from jingjinji.build.finding import is_unchanged
from jingjinji.paths import Home

T = TypeVar("T")
Steps = dict[str, float]
PROCESSOR = ", processor"


def main(lengths: list[int]) -> None:
    measured = {years: measure(years) for years in lengths}
    print("\n" + f"{'seconds':36}" + "".join(f"{years:>10} y" for years in lengths) + "     ratio")
    for step in measured[lengths[0]]:
        values = [measured[years][step] for years in lengths]
        ratio = f"{values[-1] / values[0]:10.2f}" if values[0] > 0.005 else f"{'':>10}"
        print(f"{step:36}" + "".join(f"{value:12.2f}" for value in values) + ratio)


def measure(years: int) -> Steps:
    """Seconds of each step: the first build of all of it, then one day more, then a rebuild from nothing."""
    with tempfile.TemporaryDirectory(prefix="jjj-bench-") as folder:
        os.environ["JJJ_HOME"] = folder
        place = Home(Path(folder))
        print(f"{years} years: writing", flush=True)
        number = write_history(place, days_back(years))
        steps: Steps = {"deliveries (number)": float(number)}
        _timed(steps, "first build", lambda: _build(full=True))
        _timed(steps, "nothing new", lambda: is_unchanged((build.last_build() or {})["deliveries"]))
        write_history(place, [LAST_DAY + dt.timedelta(days=1)])
        day = _day()
        kept = {name: seconds for name, seconds in day.items() if not name.startswith("day: copy of the file")}
        total = sum(seconds for name, seconds in kept.items() if not name.endswith(PROCESSOR))
        steps |= day | {"day: load and build": total, f"day: load and build{PROCESSOR}": sum(kept.values()) - total}
        _timed(steps, "rebuild, compacted", lambda: _build(full=True))
        shutil.rmtree(place.compacted, ignore_errors=True)
        return steps


def _build(*, full: bool) -> None:
    made = build.build(full=full)
    audit.record("release.create", release_id=made.run_id, run_id=made.run_id)


def _day() -> Steps:
    """The steps of `build.build`, each on its own."""
    steps: Steps = {}
    copy, copying = shutil.copyfile, "day: copy of the file"
    shutil.copyfile = lambda *files: _timed(steps, copying, lambda: copy(*files))  # type: ignore[assignment]
    try:
        candidate = _timed(steps, "day: find and prepare", lambda: build.prepare_candidate("day"))
    finally:
        shutil.copyfile = copy
    assert candidate is not None
    for kind in ("", PROCESSOR):
        steps[f"day: find and prepare{kind}"] -= steps[f"{copying}{kind}"]
    _timed(steps, "day: load", lambda: build.load_deliveries(candidate))
    _timed(steps, "day: incoming check", lambda: quality.check_incoming(candidate))
    models = _timed(steps, "day: dbt", lambda: build.run_dbt(candidate))
    _timed(steps, "day: finish", lambda: build.finish_build(candidate))
    slowest = sorted(models, key=lambda model: -model.seconds)[:12]
    print("  slowest: " + ", ".join(f"{model.name} {model.seconds:.2f}" for model in slowest), flush=True)
    return steps


def _timed(steps: Steps, name: str, work: Callable[[], T]) -> T:
    begun, begun_processor = time.perf_counter(), _processor_seconds()
    result = work()
    steps[name] = time.perf_counter() - begun
    steps[f"{name}{PROCESSOR}"] = _processor_seconds() - begun_processor
    print(f"  {name}: {steps[name]:.2f} s, processor {steps[f'{name}{PROCESSOR}']:.2f} s", flush=True)
    return result


def _processor_seconds() -> float:
    """Of this process and of those it has waited for, which dbt is."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(found.ru_utime + found.ru_stime for found in used)


if __name__ == "__main__":
    main([int(argument) for argument in sys.argv[1:]] or [1, 10])
