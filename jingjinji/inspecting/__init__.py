"""`jjj inspect`: what a foreign file is, column by column, and a feed YAML drafted for a human to finish.

A foreign file may be damaged or built to exhaust memory, so it is read in a child process with limits; when that dies, the
answer says so and the next file is taken up by a new one.
"""

from __future__ import annotations

import json
import os
import select
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from jingjinji.codes import code_list
from jingjinji.contracts import ContractError, load_contracts
from jingjinji.errors import UserError
from jingjinji.inspecting.drafting import DraftError, draft
from jingjinji.inspecting.examining import unreadable
from jingjinji.inspecting.facts import DatasetMatch, FileFacts, TableFacts
from jingjinji.inspecting.opening import dimensions

__all__ = ["DraftError", "WishError", "as_json", "best_table", "check_wish", "draft_feed", "inspect", "write_draft"]

FORMATS = ("text", "json")
MEMORY_LIMIT = 3 << 30  # bytes of address space of the child
SECONDS_PER_FILE = 120.0


class WishError(UserError):
    """Options that do not go together, or a value that is none; the message names what may be written."""

    exit_code = 2


def inspect(
    paths: Sequence[Path], dataset: str | None = None, *, seconds: float = SECONDS_PER_FILE, memory: int = MEMORY_LIMIT
) -> list[FileFacts]:
    """Facts of each file, in the order given; never raises because of what a file holds.

    Args:
        paths: files of any kind.
        dataset: compare with this standard; with all, nearest first, when None.
        seconds: wall time one file may take.
        memory: bytes of address space a file may take.

    Raises:
        ContractError: there is no such standard; the message lists those there are.
    """
    known = load_contracts().standards
    if dataset and dataset not in known:
        raise ContractError(f"there is no standard {dataset!r}; standards are: {', '.join(sorted(known))}")
    found: list[FileFacts] = []
    while len(found) < len(paths):
        rest = list(paths[len(found) :])
        answered = list(_answers(rest, dataset, seconds, memory))
        found += answered
        if len(answered) < len(rest):
            found.append(_given_up(rest[len(answered)]))
    return found


def check_wish(form: str, draft: Path | None, files: int, region_code: str | None) -> None:
    """Refuse options that would be passed over in silence.

    Raises:
        WishError: an unknown form or region, or a draft of several files.
    """
    if form not in FORMATS:
        raise WishError(f"--format {form}: write one of {', '.join(FORMATS)}")
    if draft and files > 1:
        raise WishError(f"--draft writes the feed of one file, and {files} were given: name one")
    regions = code_list("ref_reporting_units.region_code")
    if region_code is not None and region_code not in regions:
        raise WishError(f"--region-code {region_code}: write one of {', '.join(dict.fromkeys(regions))}")


def best_table(file: FileFacts) -> tuple[TableFacts, DatasetMatch]:
    """The table of a file that is nearest to a standard, and that standard.

    Raises:
        DraftError: no table has a column that is known.
    """
    ranked = [(match.score, table, match) for table in file.tables for match in table.matches if match.matched]
    if not ranked:
        why = "；".join(file.findings) or "没有一列与约定的列相近"
        raise DraftError(f"{file.name}：无法起草（{why}）；用 --standard 指明数据集，或参照 feeds/ 下的例子手写")
    _, table, match = max(ranked, key=lambda item: item[0])
    return table, match


def draft_feed(file: FileFacts, region_code: str | None = None) -> str:
    """The drafted feed YAML of the file's best table; see `drafting.draft`."""
    table, match = best_table(file)
    return draft(file, table, match, load_contracts(), region_code)


def write_draft(file: FileFacts, path: Path, region_code: str | None = None) -> Path:
    """Write the drafted feed; never over a file that is there.

    Raises:
        DraftError: the file exists, or nothing can be drafted; the message says what to do.
    """
    text = draft_feed(file, region_code)
    try:
        with path.open("x", encoding="utf-8") as written:
            written.write(text)
    except OSError as error:
        raise DraftError(f"{path}：{error.strerror}；请换一个尚不存在的文件名，文件夹要先建好") from error
    return path


def _answers(paths: list[Path], dataset: str | None, seconds: float, memory: int) -> Iterator[FileFacts]:
    """Facts from one child process, until it ends, dies or takes too long over a file."""
    command = [sys.executable, "-m", "jingjinji.inspecting.child", str(memory), dataset or "", *map(str, paths)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as child:
        assert child.stdout is not None
        try:
            for line in _lines(child.stdout.fileno(), seconds):
                yield FileFacts.model_validate_json(line)
        finally:
            child.kill()


def _lines(descriptor: int, seconds: float) -> Iterator[bytes]:
    """Whole lines of the child, until it ends or says nothing for `seconds`."""
    rest = b""
    while select.select([descriptor], [], [], seconds)[0] and (block := os.read(descriptor, 1 << 16)):
        *whole, rest = (rest + block).split(b"\n")
        yield from whole


def _given_up(path: Path) -> FileFacts:
    """A file whose reading exhausted memory or time: what its outside says."""
    try:
        spans = "；".join(f"{name}自称{span}" for name, span in dimensions(path).items())
    except Exception:  # no workbook, or a damaged one
        spans = ""
    note = "读取时超出内存或时间上限，已停止" + (f"（{spans}）" if spans else "")
    return unreadable(path, note)


def as_json(files: Sequence[FileFacts]) -> str:
    """`--format json`: a list with one object per file."""
    return json.dumps([file.model_dump(mode="json") for file in files], ensure_ascii=False, indent=1)
