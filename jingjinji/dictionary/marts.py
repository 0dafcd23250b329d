"""Pages of what goes out: the marts, column by column. Pure: models → (path, page)."""

from __future__ import annotations

from collections.abc import Iterator

from jingjinji.dictionary.agreed import Pages
from jingjinji.dictionary.collecting import Dictionary, Mart
from jingjinji.dictionary.markup import Entry, cards, code, esc, facts, heading, link, page, table, tag
from jingjinji.release.marts import MartColumn

KINDS = (("fct_", "事实 Facts"), ("agg_", "汇总 Aggregates"), ("dim_", "维度 Dimensions"), ("", "对照 Other"))
TIMES = {
    "as_of": "可问某日：jjj query --as-of，或表宏 {name}_as_of(known_by)",
    "versions": "逐版保存：known_from 起、known_to 止",
    "changes": "按得知时间：known_from",
    "now": "与日期无关，按现状",
}


def mart_pages(book: Dictionary) -> Pages:
    """One page per mart and the list of them by kind."""
    parts = [heading("数据表", "Marts"), "<p class=about>发布里只有这些表。名称、单位与标准中同名的列一致；说明写在各表自己的 .yml 里（英文）；列名来自标准、各表自己的 .yml 和 superset/labels.yml。</p>"]  # fmt: skip
    placed: set[str] = set()
    for prefix, title in KINDS:
        names = [n for n in sorted(book.marts) if n.startswith(prefix) and n not in placed]
        placed.update(names)
        if names:
            items = [(f"{n}.html", f"{esc(book.marts[n].facts.zh)} {code(n)}", _about(book.marts[n])) for n in names]
            parts.append(heading(title, level=2) + cards(items))
    yield "marts/index.html", page("marts/index.html", "数据表", "".join(parts))
    for name, mart in sorted(book.marts.items()):
        yield f"marts/{name}.html", page(f"marts/{name}.html", f"{mart.facts.zh} {name}", _mart(mart, book))


def _about(mart: Mart) -> str:
    return " ".join((mart.facts.description or "").split())


def _mart(mart: Mart, book: Dictionary) -> str:
    children = sorted(n for n, other in book.marts.items() if mart.name in other.parents)
    about = facts([
        ("主键 Key", "、".join(code(c) for c in mart.facts.key)),
        ("时间 Time", esc(TIMES[mart.time].format(name=mart.name))),
        ("来自数据集 Datasets", "、".join(link(f"../standards/{d}.html", code(d)) for d in mart.datasets)),
        ("上游数据表 From", "、".join(link(f"{p}.html", code(p)) for p in mart.parents if p in book.marts)),
        ("下游数据表 To", "、".join(link(f"{c}.html", code(c)) for c in children)),
        ("代码表 Code lists", "、".join(link(f"../codes/{s}.html", code(s)) for s in mart.seeds if s in book.code_lists)),
        ("dbt", link(f"../dbt/index.html#!/model/model.jingjinji.{mart.name}", "SQL 与血缘 lineage") if mart.path.endswith(".sql") else ""),
        ("定义见 Made by", code(mart.path)),
        ("一行从哪来 Explain", code(f"jjj explain {mart.name} …")),
    ])  # fmt: skip
    rows = [_column(column, mart) for column in mart.facts.columns]
    columns = table(
        ("列 Column", "中文", "English", "类型 Type", "单位 Unit", "代码表 Codes", "说明 Description"),
        rows,
        [c.name for c in mart.facts.columns],
    )
    return (
        heading(mart.facts.zh or mart.name, f"{mart.facts.en} · {mart.name}")
        + f"<p class=about>{esc(_about(mart))}</p>"
        + about
        + heading("列", "Columns", 2)
        + columns
    )


def _column(column: MartColumn, mart: Mart) -> list[str]:
    mark = f" {tag('key', 'key')}" if column.name in mart.facts.key else ""
    codes = link(f"../codes/{column.codes.split('.')[0]}.html", code(column.codes)) if column.codes else ""
    return [code(column.name) + mark, esc(column.zh), esc(column.en), code(column.type), esc(column.unit), codes,
            esc(" ".join((column.definition or "").split()))]  # fmt: skip


def entries(book: Dictionary) -> Iterator[Entry]:
    """Marts and their columns."""
    for name, mart in sorted(book.marts.items()):
        yield Entry("数据表", name, mart.facts.zh or "", f"{mart.facts.en}: {_about(mart)[:120]}", f"marts/{name}.html")
        for column in mart.facts.columns:
            about = f"{column.en or ''} · {name}" + (f" · {column.unit}" if column.unit else "")
            yield Entry("数据表的列", column.name, column.zh or "", about, f"marts/{name}.html#{column.name}")
