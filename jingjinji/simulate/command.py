"""What `jjj simulate` does around the simulation: where to, how far, and what it came to."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from pathlib import Path

from jingjinji.paths import home
from jingjinji.simulate import ANSWERS, DATASETS, MANIFEST, Account, SimulationError, Wish, simulate


def simulate_with_progress(
    first: str,
    last: str,
    scale: float,
    seed: int,
    faults: float,
    to_folder: Path | None,
    datasets: tuple[str, ...],
    every: int,
    dry_run: bool,
) -> None:
    """Simulate with a progress bar and print the account.

    Args:
        first, last: days as text, for example 2016-01-01.
        to_folder: None means the inbox of the home, which is marked as simulated.

    Raises:
        SimulationError: a day cannot be read, the wish makes no sense, or the folder cannot be written.
        HomeError: the folder is the inbox of a home that holds real data.
    """
    import typer
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

    wish = Wish(_day(first, "--from"), _day(last, "--to"), scale, seed, faults, datasets or DATASETS, every)
    folder = None if dry_run else to_folder or home().inbox
    bar = Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.fields[rows]} 行"),
        TimeRemainingColumn(),
        console=Console(stderr=True),
    )
    with bar:
        task = bar.add_task(str(wish.first), total=(wish.last - wish.first).days + 1, rows=0)
        account = simulate(
            wish, folder, lambda day, so_far: bar.update(task, advance=1, description=str(day), rows=f"{so_far.rows:,}")
        )
    typer.echo(account_text(account, folder))


def _day(text: str, option: str) -> dt.date:
    try:
        return dt.date.fromisoformat(text)
    except ValueError as error:
        raise SimulationError(f"{option} {text!r} is no day; write it as 2016-01-01") from error


def account_text(account: Account, folder: Path | None) -> str:
    """What a person reads when it is done."""
    by_outcome: Counter[str] = Counter()
    for (outcome, _), count in account.planted.items():
        by_outcome[outcome] += count
    planted = "，".join(f"{outcome} {count:,}" for outcome, count in sorted(by_outcome.items())) or "无"
    lines = [
        f"{'写入' if folder else '将写入'}{account.files:,}个文件，{account.rows:,}行，{account.bytes / 1e6:,.1f} MB",
        f"埋入的差错：{planted}",
        f"期末尚未报出的行：{account.not_yet_reported:,}",
    ]
    if folder:
        lines += [f"收件箱：{folder}", f"参数与依据：{folder / MANIFEST}", f"答案：{folder / ANSWERS}"]
        by_hand = f"在模拟数据专用的 JJJ_HOME 中对每个数据源运行 jjj land <数据源> {folder}/<数据集>/<地区>/*"
        lines.append(f"下一步：{'jjj run' if folder == home().inbox else by_hand}")
    return "\n".join(lines)
