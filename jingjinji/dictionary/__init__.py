"""`jjj docs`: the data dictionary in Chinese and English, and dbt's documentation, as pages that need no network.

Made from the owners of each fact (standards, feeds, seeds, the marts' files); the same project always gives the same bytes.
"""

from __future__ import annotations

import shutil
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

from jingjinji.dictionary import agreed, marts
from jingjinji.dictionary.collecting import Dictionary, collect
from jingjinji.dictionary.dbt_docs import write_dbt_page
from jingjinji.dictionary.markup import cards, heading, page, search_script
from jingjinji.errors import UserError

__all__ = ["DocsError", "pages", "serve", "write"]

MARK = "search.js"  # stands in every dictionary; a folder without it is not replaced


class DocsError(UserError):
    """The pages cannot be written there; the message says what to choose instead."""


def write(target: Path, *, with_dbt: bool = True) -> Path:
    """Write the whole site beside `target` and put it into its place.

    Args:
        target: folder of the site; an older dictionary there is replaced, anything else is left alone.
        with_dbt: also dbt's documentation, which takes some seconds to parse.

    Returns:
        `index.html` of the site.

    Raises:
        DocsError: `target` holds something else, or is or lies below a file.
        BuildError: dbt cannot parse the project.
    """
    if file := next((path for path in (target, *target.parents) if path.exists() and not path.is_dir()), None):
        raise DocsError(f"{file} 是文件，不是文件夹，没有改动；请另选一个文件夹（--output）")
    if target.exists() and any(target.iterdir()) and not (target / MARK).exists():
        raise DocsError(f"{target} 里有别的文件，没有改动；请另选一个文件夹（--output）")
    draft = target.with_name(f".{target.name}-{uuid.uuid4().hex[:8]}")
    try:
        for path, text in pages(collect()):
            file = draft / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text, encoding="utf-8")
        if with_dbt:
            write_dbt_page(draft / "dbt", draft / ".dbt")
            shutil.rmtree(draft / ".dbt")
        shutil.rmtree(target, ignore_errors=True)
        draft.rename(target)
    finally:
        shutil.rmtree(draft, ignore_errors=True)
    return target / "index.html"


def pages(book: Dictionary) -> Iterator[tuple[str, str]]:
    """(path, text) of every file of the dictionary, dbt's page aside."""
    yield "index.html", page("index.html", "京津冀应急数据字典", _overview(book))
    yield from agreed.standard_pages(book)
    yield from agreed.rule_page(book)
    yield from agreed.feed_pages(book)
    yield from agreed.code_pages(book)
    yield from marts.mart_pages(book)
    yield MARK, search_script([*agreed.entries(book), *marts.entries(book)])


def _overview(book: Dictionary) -> str:
    standards, feeds = book.contracts.standards, book.contracts.feeds
    rules = sum(len(standard.rules) for standard in standards.values())
    lead = (
        "<p class=about>约定了什么（标准）、各地报什么（来源）、按什么判定（规则、代码表）、对外是什么（数据表）。每个事实只有一个出处，本字典由它们生成："
        "标准和来源在 feeds/，代码表在 dbt_project/seeds/，数据表的说明在 dbt_project/models/marts/。</p>"
        "<p class=about>What was agreed, what comes in, by which rules it is judged, and what goes out. Generated from the owners of each fact; "
        "NULL means not reported and is never 0; times are wall clock Asia/Shanghai; units are base units (人, 间, 户, 公顷, 元).</p>"
    )
    sections = cards([
        ("standards/index.html", f"数据标准 Standards（{len(standards)}）", "每个数据集约定的列、类型、单位、代码和定义"),
        ("feeds/index.html", f"数据来源 Feeds（{len(feeds)}）", "每个地区每一列从哪里来：表头、单位、时间写法、代码对照"),
        ("rules/index.html", f"规则 Rules（{rules} 条行规则）", "级别、怎么改、依据；以及对照历史才能看出来的"),
        ("codes/index.html", f"代码表 Code lists（{len(book.code_lists)}）", "代码、限值、口径和对照，每行有来源"),
        ("marts/index.html", f"数据表 Marts（{len(book.marts)}）", "发布里的表：列、中文名、单位、能否问某日、从哪里来"),
        ("dbt/index.html", "dbt 文档", "每个模型的 SQL、检验和血缘图"),
    ])  # fmt: skip
    named = [
        (f"standards/{d}.html", s.title.zh, f"{s.title.en}: {s.each_row_is}") for d, s in sorted(standards.items())
    ]
    return (
        heading("京津冀应急数据字典", "Data dictionary")
        + lead
        + sections
        + heading("数据集", "Datasets", 2)
        + cards(named)
    )


def serve(folder: Path, port: int, told: Callable[[str], None]) -> None:
    """Serve the site on 127.0.0.1 until Ctrl-C."""
    from functools import partial
    from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer

    handler = partial(SimpleHTTPRequestHandler, directory=str(folder))
    with ThreadingHTTPServer(("127.0.0.1", port), handler) as server:
        told(f"http://127.0.0.1:{server.server_port}/  （Ctrl-C 结束）")
        try:
            server.serve_forever()
        except KeyboardInterrupt:
            told("stopped")
