"""Pages of what was agreed and what comes in: standards, their rules, feeds, code lists. Pure: models → (path, page)."""

from __future__ import annotations

from collections.abc import Iterator

from jingjinji.codes import rows_of, units
from jingjinji.contracts import Column, Feed, FeedColumn, RowRule, Standard, rule_set_version
from jingjinji.dictionary.collecting import CodeList, Dictionary
from jingjinji.dictionary.markup import Entry, cards, code, esc, facts, filtered, heading, link, page, table, tag
from jingjinji.landing.receipts import ROW_REASONS
from jingjinji.landing.sheets import shown_header

TYPES = {
    "text": "文字", "code": "代码", "count": "计数（整数）", "money": "金额（2位小数）", "area": "面积（4位小数）",
    "number": "数（6位小数）", "year": "年份", "date": "日期", "timestamp": "时间（北京时间）",
}  # fmt: skip
SEVERITY = {"error": ("隔离 error", "error"), "warning": ("警告 warning", "warning"), "info": ("提示 info", "")}
COLUMNS_SHOWN = 4
LONG_LIST = 30  # rows from which a filter box is worth its place

Pages = Iterator[tuple[str, str]]


def standard_pages(book: Dictionary) -> Pages:
    """One page per standard and the list of them."""
    listed = [
        (f"{d}.html", f"{esc(s.title.zh)} <code>{d}</code>", f"{s.title.en}: {s.each_row_is}（{len(s.columns)} 列，{len(s.rules)} 条规则）")
        for d, s in sorted(book.contracts.standards.items())
    ]  # fmt: skip
    lead = "<p class=about>每个数据集约定的一张表：各地用自己的格式报送，入库后都是这些列、这些单位。空值是“未报”，不是 0。</p>"
    yield (
        "standards/index.html",
        page("standards/index.html", "数据标准", heading("数据标准", "Standards") + lead + cards(listed)),
    )
    for dataset, standard in sorted(book.contracts.standards.items()):
        path = f"standards/{dataset}.html"
        yield path, page(path, f"{standard.title.zh} {dataset}", _standard(standard, book))


def _standard(standard: Standard, book: Dictionary) -> str:
    feeds = [f for f in sorted(book.contracts.feeds) if book.contracts.feeds[f].dataset == standard.dataset]
    key = "、".join(code(name) for name in standard.key)
    known = "、".join(code(name) for name in standard.known_from)
    about = facts([
        ("一行是 Each row is", esc(standard.each_row_is)), ("依据 Source", esc(standard.source)), ("主键 Key", key),
        ("何时得知 Known from", f"{known}（第一个有值的）"),
        ("数据来源 Feeds", "、".join(link(f"../feeds/{standard.dataset}.html#{f.split('/')[1]}", code(f)) for f in feeds)),
        ("文件 File", code(f"feeds/{standard.dataset}/_standard.yml")),
    ])  # fmt: skip
    rows = [_column_row(name, column, standard) for name, column in standard.columns.items()]
    columns = table(
        ("列 Column", "中文", "English", "类型 Type", "单位 Unit", "代码表 Codes", "", "说明 Definition"),
        rows,
        list(standard.columns),
    )
    rules = _rules_table(standard.rules, standard)
    title = heading(f"{standard.title.zh}", f"{standard.title.en} · {standard.dataset}")
    return title + about + heading("列", "Columns", 2) + columns + heading("规则", "Rules", 2, "rules") + rules


def _column_row(name: str, column: Column, standard: Standard) -> list[str]:
    marks = [tag("主键 key", "key")] if name in standard.key else []
    marks += [tag("必填 required")] if column.required else []
    marks += [tag("个人信息 personal", "personal")] if column.personal else []
    kind = TYPES[column.type]
    if column.type in ("date", "timestamp"):
        marks.append(tag("只写到日、月、年时取末尾" if column.partial == "end" else "只写到日、月、年时取开头"))
    codes = link(f"../codes/{column.codes.split('.')[0]}.html", code(column.codes)) if column.codes else ""
    return [code(name), esc(column.zh), esc(column.en), f"{esc(kind)}<br>{code(column.sql_type)}", esc(column.unit), codes, " ".join(marks), esc(column.definition)]  # fmt: skip


def _rules_table(rules: dict[str, RowRule], standard: Standard) -> str:
    rows = [
        [code(name), tag(*SEVERITY[rule.severity]), f"{esc(rule.zh)}<br><small>{esc(rule.en)}</small>", _columns_of(rule, standard),
         esc(rule.fix), esc(rule.source), code(rule.check)]
        for name, rule in rules.items()
    ]  # fmt: skip
    heads = ("规则 Rule", "级别 Severity", "说明 What", "列 Columns", "怎么改 Fix", "依据 Source", "须成立 Must hold")
    return table(heads, rows, [f"rule-{name}" for name in rules]) if rows else "<p class=none>没有行规则。</p>"


def _columns_of(rule: RowRule, standard: Standard) -> str:
    page = f"../standards/{standard.dataset}.html"
    shown = [link(f"{page}#{c}", esc(standard.columns[c].zh)) for c in rule.columns[:COLUMNS_SHOWN]]
    return "<br>".join(shown) + (f"<br>… 共{len(rule.columns)}列" if len(rule.columns) > COLUMNS_SHOWN else "")


# ---------------------------------------------------------------- rules


def rule_page(book: Dictionary) -> Pages:
    """All rules on one page: what every row is checked for, each standard's own, and what only the history shows."""
    general = [
        [code(k), esc(zh.replace("{column}", "…").replace("{value}", "…")), esc(fix)]
        for k, (zh, _, fix) in ROW_REASONS.items()
    ]
    parts = [
        heading("规则", "Rules"),
        "<p class=about>一份报送能看出来的在接收时判定（隔离的行不入库，警告的行入库并告知）；要对照历史才能看出来的，由数据仓库标出，写进二次回执。</p>",
        heading("每一行都要过的", "Every row", 2), table(("代码", "说明", "怎么改"), general, [f"row-{k}" for k in ROW_REASONS]),
    ]  # fmt: skip
    for dataset, standard in sorted(book.contracts.standards.items()):
        if standard.rules:
            title = heading(standard.title.zh, f"{dataset}", 2, dataset)
            parts.append(title + _rules_table(standard.rules, standard))
    if "ref_flag_rules" in book.code_lists:
        found = rows_of("ref_flag_rules")
        rows = [
            [code(r["rule_id"]), code(r["dataset"]), tag(*SEVERITY[r["severity"]]), f"{esc(r['title_zh'])}<br><small>{esc(r['title_en'])}</small>",
             esc(r["fix_zh"]), esc(r["source"])] for r in found
        ]  # fmt: skip
        heads = ("规则 Rule", "数据集", "级别", "说明 What", "怎么办 Fix", "依据 Source")
        parts += [
            heading("对照历史才能看出来的", "From history", 2, "history"),
            table(heads, rows, [f"flag-{r['rule_id']}-{r['dataset']}" for r in found]),
        ]
    yield "rules/index.html", page("rules/index.html", "规则", "".join(parts))


# ---------------------------------------------------------------- feeds


def feed_pages(book: Dictionary) -> Pages:
    """Per dataset, what each region sends for each agreed column."""
    datasets = sorted({feed.dataset for feed in book.contracts.feeds.values()})
    listed = []
    for dataset in datasets:
        feeds = _feeds_of(book, dataset)
        title = f"{esc(book.contracts.standards[dataset].title.zh)} <code>{dataset}</code>"
        listed.append((f"{dataset}.html", title, "；".join(f"{f.region}：{f.sender}，{f.format}" for f in feeds)))
        path = f"feeds/{dataset}.html"
        yield path, page(path, f"数据来源 {dataset}", _feeds(book, dataset))
    lead = "<p class=about>各地各用自己的格式、表头、代码、单位和时间写法；这里写明每一列从哪里来、怎么换算。</p>"
    yield "feeds/index.html", page("feeds/index.html", "数据来源", heading("数据来源", "Feeds") + lead + cards(listed))


def _feeds_of(book: Dictionary, dataset: str) -> list[Feed]:
    return [f for _, f in sorted(book.contracts.feeds.items()) if f.dataset == dataset]


def _feeds(book: Dictionary, dataset: str) -> str:
    standard, feeds = book.contracts.standards[dataset], _feeds_of(book, dataset)
    about = [_feed_row(feed, standard) for feed in feeds]
    heads = (
        "来源 Feed",
        "报送单位 Sender",
        "地区代码",
        "格式 Format",
        "间隔 Every",
        "怎么读 How it is read",
        "不读的列 Ignored",
        "规则版本",
    )
    rows = []
    for name, column in standard.columns.items():
        label = f"{link(f'../standards/{dataset}.html#{name}', code(name))}<br>{esc(column.zh)}{f'（{column.unit}）' if column.unit else ''}"
        rows.append([label, *(_filled(feed, name, feed.columns.get(name)) for feed in feeds)])
    title = heading(f"{standard.title.zh}：各地怎么报", f"Feeds of {dataset}")
    matrix = table(
        ("约定的列 Agreed", *(f"{esc(f.title.zh)}<br>{code(f.feed_id)}" for f in feeds)),
        rows,
        [f"col-{n}" for n in standard.columns],
    )
    return title + table(heads, about, [f.region for f in feeds]) + heading("逐列", "Column by column", 2) + matrix


def _feed_row(feed: Feed, standard: Standard) -> list[str]:
    how = [feed.encoding.upper()] if feed.format == "csv" else []
    how += [f"分隔符 {feed.delimiter!r}"] if feed.format == "csv" and feed.delimiter != "," else []
    how += [f"工作表 {feed.sheet}"] if feed.sheet else []
    how += ["两行表头"] if feed.header_rows == 2 else []
    how += [f"记录在 {feed.records}"] if feed.format == "json" else []
    how += [f"表尾以 {'、'.join(feed.footer_starts_with)} 开头"] if feed.footer_starts_with else []
    how += [f"每个“{feed.unpivot.header}”列成一行"] if feed.unpivot else []
    how.append(f"空值写法 {' '.join(feed.null_values)}")
    how.append(f"错行超过{feed.max_reject_share:.0%}整批退回")
    every = f"{feed.expected_every_days}天" if feed.expected_every_days else "不定期"
    return [code(feed.feed_id), esc(feed.sender), code(feed.region_code), code(feed.format), every, esc("；".join(how)), esc("、".join(feed.ignore)),
            code(rule_set_version(standard, feed))]  # fmt: skip


def _filled(feed: Feed, name: str, source: FeedColumn | None) -> str:
    if source is None:
        unpivoted = feed.unpivot and name in (feed.unpivot.name, feed.unpivot.value)
        return (
            f"每个“{esc(feed.unpivot.header)}”列" if unpivoted and feed.unpivot else '<span class="none">不报 —</span>'
        )
    if source.value is not None:
        return f"固定为 {code(source.value)}"
    parts = [esc(shown_header(feed, source.source or ""))]
    parts += [f"单位 {esc(source.unit)}"] if source.unit else []
    parts += (
        [f"写法 {' '.join(source.formats)}"] if source.formats != FeedColumn.model_fields["formats"].default else []
    )
    parts += ["对照 " + "，".join(f"{esc(k)}→{esc(v)}" for k, v in source.map.items())] if source.map else []
    parts += ["可缺列"] if source.optional else []
    return parts[0] + "".join(f"<br><small>{part}</small>" for part in parts[1:])


# ---------------------------------------------------------------- code lists


def code_pages(book: Dictionary) -> Pages:
    """One page per seed, with every row and its source."""
    listed = [
        (f"{name}.html", code(name), f"{len(one.rows)} 行。{one.about}")
        for name, one in sorted(book.code_lists.items())
    ]
    lead = "<p class=about>代码、限值、口径和对照都是带来源的数据行，不写在程序里；有生效起止的按当时有效的取。certainty 写明把握：verified 已核对原文，one_source 只有一处来源，unverified 未核实。</p>"
    yield "codes/index.html", page("codes/index.html", "代码表", heading("代码表", "Code lists") + lead + cards(listed))
    for name, one in sorted(book.code_lists.items()):
        yield f"codes/{name}.html", page(f"codes/{name}.html", f"代码表 {name}", _code_list(one))


def _code_list(one: CodeList) -> str:
    used = "、".join(link(f"../standards/{d}.html#{c}", code(f"{d}.{c}")) for d, c in one.used_by)
    about = f"<p class=about>{esc(one.about)}</p>" + facts([
        ("用于 Used by", used), ("行数 Rows", str(len(one.rows))), ("文件 File", code(f"dbt_project/seeds/{one.name}.csv")),
    ])  # fmt: skip
    at = next((one.columns.index(c) for c in one.code_columns if c in one.columns), 0)
    rows = [[code(cell) if i == at else esc(cell) for i, cell in enumerate(row)] for row in one.rows]
    anchors = [f"code-{row[at]}" for row in one.rows]
    box = filtered("rows") if len(rows) > LONG_LIST else ""
    return (
        heading(one.name)
        + about
        + box
        + table([esc(c) for c in one.columns], rows, anchors if len(set(anchors)) == len(anchors) else (), "rows")
    )


# ---------------------------------------------------------------- what the search box finds


def entries(book: Dictionary) -> Iterator[Entry]:
    """Standards, their columns and rules, feeds, code lists and the codes that agreed columns may hold."""
    for dataset, standard in sorted(book.contracts.standards.items()):
        yield Entry("标准", dataset, standard.title.zh, standard.title.en, f"standards/{dataset}.html")
        for name, column in standard.columns.items():
            about = f"{column.en} · {dataset}" + (f" · {column.unit}" if column.unit else "")
            yield Entry("列", name, column.zh, about, f"standards/{dataset}.html#{name}")
        for name, rule in standard.rules.items():
            yield Entry("规则", name, rule.zh, f"{rule.en} · {dataset}", f"standards/{dataset}.html#rule-{name}")
    for feed_id, feed in sorted(book.contracts.feeds.items()):
        yield Entry(
            "来源",
            feed_id,
            feed.title.zh,
            f"{feed.title.en} · {feed.sender}",
            f"feeds/{feed.dataset}.html#{feed.region}",
        )
    for name, one in sorted(book.code_lists.items()):
        yield Entry("代码表", name, "", one.about, f"codes/{name}.html")
        yield from _codes(one)
    for unit in sorted(units().values(), key=lambda u: (u.dimension, u.name)):
        factor = f"× {unit.numerator}" + (f" ÷ {unit.denominator}" if unit.denominator != 1 else "")
        yield Entry(
            "单位", unit.name, f"{factor} = {unit.base_unit}", unit.dimension, f"codes/ref_units.html#code-{unit.name}"
        )


def _codes(one: CodeList) -> Iterator[Entry]:
    """The codes of a list, with the first other cells of the row as their names."""
    at = next((one.columns.index(c) for c in one.code_columns if c in one.columns), None)
    if at is None or one.name == "ref_units":
        return
    anchors = {row[at] for row in one.rows}
    for row in one.rows:
        names = [cell for i, cell in enumerate(row[:5]) if i != at and cell]
        where = f"#code-{row[at]}" if len(anchors) == len(one.rows) else ""
        yield Entry(
            "代码",
            row[at],
            " ".join(names[:1]),
            f"{' '.join(names[1:3])} · {one.name}",
            f"codes/{one.name}.html{where}",
        )
