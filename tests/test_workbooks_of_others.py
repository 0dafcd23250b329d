"""Workbooks as other programs than Excel write them, and as people fill them: no cell may quietly say something else, or nothing."""

from __future__ import annotations

import datetime as dt
import io
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import openpyxl
import pytest
from native_files import hebei_workbook, report
from raw_workbooks import (
    EMPTY_TEXT,
    STRICT,
    Xml,
    error,
    formula,
    lot,
    place,
    sheet_xml,
    stock_headers,
    stock_rows,
    styled,
    xls,
    xlsx,
)
from resource_files import receipt

from jingjinji.contracts import load_contracts
from jingjinji.landing import Outcome, detect, land, packages, secrecy

LOTS = [lot(number) for number in range(1, 31)]
NO_RESULT = "#公式没有计算结果"
MERGED = "#数据区合并单元格"


@pytest.fixture(autouse=True)
def _own_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JJJ_HOME", str(tmp_path / "home"))


@pytest.fixture(params=["small", "in pieces"])
def size(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Every case is judged alone and as part of a large delivery, whose sheet is cut where that is sure."""
    if request.param != "small":
        monkeypatch.setattr(detect, "LARGE", 0)
        monkeypatch.setattr(packages, "PIECE", 5_000)
        monkeypatch.setattr(packages, "TOP_ROWS", 3)
    return str(request.param)


def sent(tmp_path: Path, content: bytes, feed: str = "supplies/tianjin", name: str = "2026-03-31.xlsx") -> Outcome:
    (tmp_path / name).write_bytes(content)
    return land(feed, tmp_path / name)


def stock(first: dict[str, Any], merged: tuple[str, ...] = (), change: Callable[[str], str] = str) -> bytes:
    """A workbook of thirty lots, the first of which (row 3) has some values of its own."""
    return xlsx({"库存": change(sheet_xml(stock_rows([lot(1, **first), *LOTS[1:]]), merged))})


def faults(outcome: Outcome) -> list[tuple[int, str, str, str]]:
    assert outcome.status == "accepted", outcome.messages
    return [(f["row"], f["column"], f["value"], f["code"]) for f in receipt(outcome)["row_faults"]]


def accepted(outcome: Outcome) -> list[dict[str, Any]]:
    assert outcome.receipt is not None and outcome.status == "accepted", outcome.messages
    found = duckdb.sql(f"select * from '{outcome.receipt.parent}/accepted.parquet' order by row_number")
    return [dict(zip(found.columns, row, strict=True)) for row in found.fetchall()]


def refused_as(outcome: Outcome) -> list[str]:
    assert outcome.status == "refused", outcome.rows
    return [message["code"] for message in outcome.messages]


def prefixed(xml: str) -> str:
    xml = xml.replace("</", "</x:").replace("<", "<x:").replace("<x:/x:", "</x:")
    return xml.replace("xmlns=", "xmlns:x=")


def single_quoted(xml: str) -> str:
    return xml.replace('"', "'")


def strict(xml: str) -> str:
    for usual, other in STRICT.items():
        xml = xml.replace(usual, other)
    return xml


@pytest.mark.parametrize("change", [str, prefixed, single_quoted, strict])
def test_cases_are_cut_into_pieces(tmp_path: Path, size: str, change: Callable[[str], str]) -> None:
    path = tmp_path / "a.xlsx"
    path.write_bytes(stock({}, change=change))
    package = packages.unpack(path, None)
    assert package and (len(packages.pieces(package)) > 2) == (size == "in pieces")


# ---------------------------------------------------------------- cells without a value


@pytest.mark.parametrize("change", [str, prefixed, single_quoted, strict])
@pytest.mark.parametrize(
    ("cell", "told"),
    [
        ('<c r="{r}"><f>1+2</f></c>', NO_RESULT),
        ('<c r="{r}"><f>1+2</f><v></v></c>', NO_RESULT),
        ('<c r="{r}"><f>1+2</f><v /></c>', NO_RESULT),
        ('<c r="{r}" t="str"><f>A1</f></c>', NO_RESULT),
        ('<c r="{r}" t="e"><v>#N/A</v></c>', "#N/A"),
        ('<c r="{r}" t="e"><v xml:space="preserve">#N/A</v></c>', "#N/A"),
        ('<c r="{r}" t="e"/>', "#ERROR"),
    ],
)
def test_cell_without_a_value_is_not_taken_for_not_reported(
    tmp_path: Path, size: str, cell: str, told: str, change: Callable[[str], str]
) -> None:
    outcome = sent(tmp_path, stock({"reserved_quantity": Xml(cell)}, change=change))
    assert faults(outcome) == [(3, "数量/预留", told, "R11")]


def test_formula_may_give_an_empty_text(tmp_path: Path) -> None:
    cell = Xml('<c r="{r}" t="str"><f>IF(A1="","",1)</f><v></v></c>')
    outcome = sent(tmp_path, stock({"reserved_quantity": cell}))
    assert not faults(outcome) and accepted(outcome)[0]["reserved_quantity"] is None


def test_error_in_a_cell_that_does_not_say_where_it_stands(tmp_path: Path) -> None:
    def unplaced(xml: str) -> str:
        for name in ("reserved_quantity", "on_hand_quantity"):
            xml = xml.replace(f'<c r="{place(name, 3)}"', "<c")
        return xml

    error_cell = Xml('<c r="{r}" t="e"><v>#N/A</v></c>')
    outcome = sent(tmp_path, stock({"reserved_quantity": error_cell}, change=unplaced))
    assert faults(outcome) == [(3, "数量/预留", "#N/A", "R11")]


@pytest.mark.parametrize("change", [prefixed, single_quoted, strict])
def test_far_cell_is_seen_however_the_sheet_is_written(tmp_path: Path, change: Callable[[str], str]) -> None:
    far = '<row r="1048576"><c r="XFD1048576"><v>1</v></c></row></sheetData>'
    outcome = sent(tmp_path, stock({}, change=lambda xml: change(xml.replace("</sheetData>", far))))
    assert refused_as(outcome) == ["F15"]


# ---------------------------------------------------------------- formats

SERIAL = (dt.date(2026, 8, 1) - dt.date(1899, 12, 30)).days


@pytest.mark.parametrize("change", [str, prefixed, single_quoted])
@pytest.mark.parametrize("style", ["timed", "own_hour"])
def test_midnight_with_a_time_of_day_is_not_the_end_of_the_day(
    tmp_path: Path, size: str, style: str, change: Callable[[str], str]
) -> None:
    first = {"as_of_at": styled(style, SERIAL - 123), "reported_at": None}
    assert str(accepted(sent(tmp_path, stock(first, change=change)))[0]["as_of_at"]) == "2026-03-31 00:00:00"


@pytest.mark.parametrize("style", ["month", "month_17", "month_27", "month_36", "month_50", "own_month"])
def test_cell_that_shows_a_month_means_its_end(tmp_path: Path, size: str, style: str) -> None:
    outcome = sent(tmp_path, stock({"expiry_date": styled(style, SERIAL)}))
    assert str(accepted(outcome)[0]["expiry_date"]) == "2026-08-31"


@pytest.mark.parametrize("style", ["day", "own_day"])
def test_cell_that_shows_a_day_means_that_day(tmp_path: Path, style: str) -> None:
    outcome = sent(tmp_path, stock({"expiry_date": styled(style, SERIAL)}))
    assert str(accepted(outcome)[0]["expiry_date"]) == "2026-08-01"


def test_cell_that_shows_a_year_means_its_end(tmp_path: Path) -> None:
    path = hebei_workbook(tmp_path / "2023-08-02.xlsx", [report(unit_code="130100", as_of_at=dt.date(2023, 1, 1))])
    book = openpyxl.load_workbook(path)
    (cell,) = (cell for row in book.active.iter_rows() for cell in row if isinstance(cell.value, dt.date))
    cell.number_format = 'yyyy"年"'
    book.save(path)
    (row,) = accepted(land("disaster_losses/hebei", path))
    assert str(row["as_of_at"]) == "2023-12-31 23:59:59"


@pytest.mark.parametrize("size", ["small", "in pieces"], indirect=True)
def test_identifiers_keep_their_zeros_and_their_digits(tmp_path: Path, size: str) -> None:
    first = {
        "warehouse_id": styled("zeros", 7),
        "lot_number": 2023080112345678,
        "on_hand_quantity": styled("zeros", 12),
    }
    row = accepted(sent(tmp_path, stock(first)))[0]
    assert (row["warehouse_id"], row["lot_number"], row["on_hand_quantity"]) == ("000007", "2023080112345678", 12)


@pytest.mark.parametrize("sign", ['date1904="1"', 'date1904="true"', "date1904='1'"])
def test_serial_dates_count_from_1904_however_that_is_written(tmp_path: Path, sign: str) -> None:
    rows = stock_rows([lot(1, as_of_at=SERIAL - 123 - 1462 + 0.5, reported_at=None)])
    outcome = sent(tmp_path, xlsx({"库存": sheet_xml(rows)}, properties=f"<workbookPr {sign}/>"))
    assert str(accepted(outcome)[0]["as_of_at"]) == "2026-03-31 12:00:00"


# ---------------------------------------------------------------- merged cells


def test_value_merged_over_two_columns_belongs_to_neither(tmp_path: Path, size: str) -> None:
    area = f"{place('on_hand_quantity', 3)}:{place('reserved_quantity', 3)}"
    outcome = sent(tmp_path, stock({"reserved_quantity": None}, merged=(area,)))
    assert faults(outcome) == [(3, "数量/库存", MERGED, "R11"), (3, "数量/预留", MERGED, "R11")]


def test_value_merged_with_columns_that_have_no_header_is_the_value(tmp_path: Path) -> None:
    last = place("reported_at", 3)
    outcome = sent(tmp_path, stock({}, merged=(f"{last}:Z3",)))
    assert not faults(outcome) and str(accepted(outcome)[0]["reported_at"]) == "2026-03-31 19:00:00"


def test_merged_cells_that_only_hold_a_format_are_no_content(tmp_path: Path) -> None:
    empty = Xml('<c r="{r}" s="2"/>')
    outcome = sent(
        tmp_path, stock({"expiry_date": empty, "reported_at": None}, merged=(f"{place('expiry_date', 3)}:P3",))
    )
    assert place("as_of_at", 3) == "P3" and [fault[3] for fault in faults(outcome)] == []


def test_footnote_may_be_merged_over_the_table(tmp_path: Path) -> None:
    rows = [*stock_rows(LOTS), ["注：虚构数据"], []]
    outcome = sent(tmp_path, xlsx({"库存": sheet_xml(rows, ("A33:Q34",))}))
    assert not faults(outcome) and outcome.rows["ignored"] == 1


# ---------------------------------------------------------------- parts and sheets


def test_second_sheet_with_the_header_is_not_left_unread(tmp_path: Path) -> None:
    columns = load_contracts().feed("supplies/tianjin").columns
    required = [at for at, name in enumerate(stock_headers()[0]) if not columns[name].optional]
    rows = stock_rows(LOTS)
    second = [[row[at] for at in required[: (len(required) + 1) // 2]] for row in rows]
    outcome = sent(tmp_path, xlsx({"库存": sheet_xml(rows), "续表": sheet_xml(second)}))
    assert refused_as(outcome) == ["F14"]


def test_second_sheet_that_says_something_else_is_named_only(tmp_path: Path) -> None:
    others = sheet_xml([["仓库", "说明"], ["编号", "说明"], ["津-1", "虚构"]])
    outcome = sent(tmp_path, xlsx({"库存": sheet_xml(stock_rows(LOTS)), "说明": others}))
    assert not faults(outcome) and [message["code"] for message in receipt(outcome)["messages"]] == ["N03"]


def test_chart_before_the_table_is_no_sheet_of_data(tmp_path: Path) -> None:
    chart = '<chartsheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"/>'
    rows = stock_rows([lot(1, reserved_quantity=Xml('<c r="{r}" t="e"><v>#N/A</v></c>')), *LOTS[1:]])
    outcome = sent(tmp_path, xlsx({"图": chart, "库存": sheet_xml(rows)}))
    assert faults(outcome) == [(3, "数量/预留", "#N/A", "R11")]
    assert not receipt(outcome)["messages"]


def test_strict_form_of_the_format_is_read(tmp_path: Path, size: str) -> None:
    first = {"as_of_at": styled("timed", SERIAL - 123), "reported_at": None, "expiry_date": styled("month", SERIAL)}
    with zipfile.ZipFile(io.BytesIO(stock(first))) as archive:
        parts = {name: strict(archive.read(name).decode()) for name in archive.namelist()}
    row = accepted(sent(tmp_path, xlsx({}, more=parts)))[0]
    assert (str(row["as_of_at"]), str(row["expiry_date"])) == ("2026-03-31 00:00:00", "2026-08-31")


@pytest.mark.parametrize("part", ["SharedStrings.xml", "strings.xml"])
def test_texts_are_found_wherever_they_stand(tmp_path: Path, size: str, part: str) -> None:
    rows = stock_rows([lot(1, lot_number=Xml('<c r="{r}" t="s"><v>0</v></c>')), *LOTS[1:]])
    content = xlsx({"库存": sheet_xml(rows)}, texts="<si><t>批</t></si>", texts_part=part)
    assert accepted(sent(tmp_path, content))[0]["lot_number"] == "批"


# ---------------------------------------------------------------- secrecy

MARK = "机密★10年"
SHARED = {"warehouse_name": Xml('<c r="{r}" t="s"><v>0</v></c>')}


def with_part(part: str, xml: str | bytes) -> bytes:
    return xlsx({"库存": sheet_xml(stock_rows(LOTS))}, more={part: xml})


def shared(texts: str, part: str = "sharedStrings.xml") -> bytes:
    return xlsx({"库存": sheet_xml(stock_rows([lot(1, **SHARED), *LOTS[1:]]))}, texts=texts, texts_part=part)


MARKED = {
    "as numbers": stock({"warehouse_name": MARK}, change=lambda xml: xml.replace("机密", "&#26426;&#x5bc6;")),
    "another name of the part": shared(f"<si><t>{MARK}</t></si>", "texts.xml"),
    "capitals in the name of the part": shared(f"<si><t>{MARK}</t></si>", "SharedStrings.xml"),
    "two formats": shared("<si><r><t>密级</t></r><r><rPr><b/></rPr><t>：机密</t></r><rPh sb='0' eb='1'><t>ji</t></rPh></si>"),
    "two formats in the cell": stock(
        {"warehouse_name": Xml('<c r="{r}" t="inlineStr"><is><r><t>机</t></r><r><t>密★</t></r></is></c>')}
    ),
    "a section of characters": stock({"warehouse_name": MARK}, change=lambda x: x.replace(MARK, f"<![CDATA[{MARK}]]>")),
    "a prefix": stock({"warehouse_name": MARK}, change=prefixed),
    "a comment": with_part("xl/comments1.xml", f"<comments><comment><text><r><t>{MARK}</t></r></text></comment></comments>"),
    "a box": with_part("xl/drawings/drawing1.xml", "<x><a:p><a:r><a:t>密级：</a:t></a:r><a:r><a:t>秘密</a:t></a:r></a:p></x>"),
    "the header of the page": stock(
        {}, change=lambda x: x.replace("</worksheet>", "<headerFooter><oddHeader>&amp;C机密</oddHeader></headerFooter></worksheet>")
    ),
    "the name of a sheet": xlsx({"库存": sheet_xml(stock_rows(LOTS)), "机密": sheet_xml([])}),
    "another encoding": with_part(
        "xl/worksheets/sheet1.xml", f'<?xml version="1.0" encoding="GB18030"?><t>{MARK}</t>'.encode("gb18030")
    ),
    "also a cell far away": stock(
        {"warehouse_name": "&#23494;级：机密"},
        change=lambda x: x.replace("&amp;#", "&#").replace("</sheetData>", '<row r="1048576"><c r="XFD1048576"><v>1</v></c></row></sheetData>'),
    ),
}  # fmt: skip
OLD_MARKED = {
    "xls": xls(stock_rows([lot(1, warehouse_name=MARK), *LOTS[1:]])),
    "xls, the header of the page": xls(stock_rows(LOTS), header="&C机密"),
}


@pytest.mark.parametrize("content", [*MARKED.values(), *OLD_MARKED.values()], ids=[*MARKED, *OLD_MARKED])
def test_marking_is_found_however_it_is_written(tmp_path: Path, content: bytes) -> None:
    outcome = sent(tmp_path, content)
    assert refused_as(outcome) == ["F08"]
    kept = [path.read_bytes() for path in (tmp_path / "home").rglob("*") if path.is_file()]
    assert kept and content not in kept


@pytest.mark.parametrize("name", ["a.xlsx", "a.xls", "a"])
@pytest.mark.parametrize("content", [MARKED["two formats"], OLD_MARKED["xls"]], ids=["xlsx", "xls"])
def test_marking_is_found_whatever_the_file_is_called(tmp_path: Path, content: bytes, name: str) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(detect.UnreadableError, match="密级"):
        secrecy.refuse_secret(tmp_path / name, detect.detect(tmp_path / name))


def test_name_of_a_place_is_no_marking(tmp_path: Path) -> None:
    outcome = sent(tmp_path, shared("<si><r><t>密云</t></r><r><t>区&#26426;</t></r></si><si><t>非密</t></si>"))
    assert accepted(outcome)[0]["warehouse_name"] == "密云区机"


# ---------------------------------------------------------------- xls


def old(first: dict[str, Any], **how: Any) -> bytes:
    return xls(stock_rows([lot(1, **first), *LOTS[1:]]), **how)


@pytest.mark.parametrize(
    ("cell", "told"),
    [
        (error(0x2A), "#N/A"),
        (formula(EMPTY_TEXT), NO_RESULT),  # as libraries write it that do not calculate
        (formula(0.0, flags=2), NO_RESULT),  # the same
        (formula(b"\x02\x00\x07" + bytes(3) + b"\xff\xff"), "#DIV/0!"),
        (formula(bytes(6) + b"\xff\xff"), NO_RESULT),  # a text that is not there
    ],
)
def test_cell_of_an_xls_without_a_value_is_not_taken_for_not_reported(tmp_path: Path, cell: Any, told: str) -> None:
    outcome = sent(tmp_path, old({"reserved_quantity": cell}), name="2026-03-31.xls")
    assert faults(outcome) == [(3, "数量/预留", told, "R11")]


def test_formula_of_an_xls_may_give_zero_or_an_empty_text_where_others_have_results(tmp_path: Path) -> None:
    first = {"reserved_quantity": formula(EMPTY_TEXT), "on_hand_quantity": formula(0.0)}
    row = accepted(sent(tmp_path, old(first)))[0]
    assert (row["on_hand_quantity"], row["reserved_quantity"]) == (0, None)


@pytest.mark.parametrize(
    ("style", "column", "value", "text"),
    [
        ("timed", "as_of_at", SERIAL - 123, "2026-03-31 00:00:00"),
        ("day", "as_of_at", SERIAL - 123, "2026-03-31 23:59:59"),
        ("month", "expiry_date", SERIAL, "2026-08-31"),
        ("own_month", "expiry_date", SERIAL, "2026-08-31"),
        ("zeros", "warehouse_id", 7, "000007"),
    ],
)
def test_cell_of_an_xls_is_read_as_its_format_shows_it(
    tmp_path: Path, style: str, column: str, value: float, text: str
) -> None:
    texts = {name: str(n) for name, n in LOTS[0].items() if isinstance(n, int)}
    others = [lot(number, **texts) for number in range(2, 31)]
    content = xls(stock_rows([lot(1, **{**texts, "reported_at": None, column: value}), *others]), style=style)
    assert str(accepted(sent(tmp_path, content))[0][column]) == text


def test_serial_dates_of_an_xls_count_from_1904(tmp_path: Path) -> None:
    content = old({"as_of_at": SERIAL - 123 - 1462 + 0.5, "reported_at": None}, epoch_1904=True)
    assert str(accepted(sent(tmp_path, content))[0]["as_of_at"]) == "2026-03-31 12:00:00"


def test_value_merged_in_an_xls_belongs_to_neither(tmp_path: Path) -> None:
    column = 11
    assert place("on_hand_quantity", 3) == "L3"
    content = old({"reserved_quantity": None}, merged=(2, 2, column, column + 1))
    assert [fault[2] for fault in faults(sent(tmp_path, content))] == [MERGED, MERGED]


def test_xls_that_is_not_understood_is_refused(tmp_path: Path) -> None:
    content = old({}).replace(b"\x09\x08\x10\x00\x00\x06\x05", b"\x09\x08\x10\x00\x00\x05\x05")  # Excel 95
    assert refused_as(sent(tmp_path, content)) == ["F02"]
