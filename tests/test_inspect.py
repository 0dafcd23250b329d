"""`jjj inspect`: what is said of foreign files, and drafts that land."""

from __future__ import annotations

import json
import os
import shutil
import zipfile
from pathlib import Path

import duckdb
import openpyxl
import pytest
from typer.testing import CliRunner

from jingjinji import contracts, inspecting
from jingjinji.cli import app
from jingjinji.inspecting import showing
from jingjinji.inspecting.examining import examine
from jingjinji.inspecting.facts import ColumnFacts, FileFacts
from jingjinji.inspecting.matching import agreed_names
from jingjinji.landing import Outcome, land
from jingjinji.paths import PROJECT, Home

DEMO = PROJECT / "demo" / "inbox"
MOBILE = "13912345678"  # invented
IDENTITY = "110101199003070978"  # invented, with a right check character


def inspected(path: Path, dataset: str | None = None) -> FileFacts:
    """Facts of one file, without the child process, which a few tests are about."""
    known = contracts.load_contracts()
    return examine(path, known, agreed_names(known), dataset)


def columns(facts: FileFacts) -> dict[str, ColumnFacts]:
    return {column.header: column for column in facts.tables[0].columns}


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project of the test's own: the seeds as they are, the feeds as a copy that may be changed."""
    root = tmp_path / "project"
    root.mkdir()
    (root / "dbt_project").symlink_to(PROJECT / "dbt_project")
    shutil.copytree(PROJECT / "feeds", root / "feeds")
    monkeypatch.setattr(contracts, "PROJECT", root)
    return root


# ---------------------------------------------------------------- drafts


@pytest.mark.parametrize(
    ("file", "forgotten", "code"),
    [
        ("accidents/tianjin/2016-02_casualties.csv", "accidents/tianjin", "120000"),
        ("accidents/hebei/2018-11-28_first.xlsx", "accidents/hebei", "130000"),
        ("disaster_losses/hebei/2023-08-10_losses.xlsx", "disaster_losses/hebei", "130000"),
        ("disaster_losses/beijing/2023-08-08.json", None, "110000"),
        ("statistics/tianjin/2026-06_gdp_population.csv", "statistics/tianjin", "120000"),
        ("statistics/hebei/2026-06_yearly.xlsx", "statistics/hebei", "130000"),
    ],
)
def test_draft_of_a_file_lands_its_rows(home: Home, project: Path, file: str, forgotten: str | None, code: str) -> None:
    """Without the feed that was written for the file, where other feeds and the standard speak its language."""
    dataset = file.split("/")[0]
    agreed = rows_of(land("/".join(file.split("/")[:2]), DEMO / file))
    if forgotten:
        (project / "feeds" / f"{forgotten}.yml").unlink()
    draft = inspecting.draft_feed(inspected(DEMO / file, dataset), code)
    (project / "feeds" / dataset / "drafted.yml").write_text(answered(draft), encoding="utf-8")
    assert rows_of(land(f"{dataset}/drafted", DEMO / file)) == agreed != []


def answered(draft: str) -> str:
    """The draft with the TODOs of who sends answered; what is asked about columns stays."""
    assert draft.count("\nsender: TODO\n") == 1
    return (
        draft.replace("zh: TODO ", "zh: ").replace("en: TODO ", "en: ").replace("\nsender: TODO\n", "\nsender: 某局\n")
    )


def rows_of(outcome: Outcome) -> list[tuple[object, ...]]:
    """Accepted rows without what differs from delivery to delivery."""
    assert outcome.receipt and outcome.status == "accepted", outcome.messages
    path = outcome.receipt.parent / "accepted.parquet"
    return duckdb.sql(f"select * exclude (delivery_id, landed_at) from '{path}' order by all").fetchall()


def test_draft_leaves_what_it_does_not_know_to_a_human(home: Home, project: Path, tmp_path: Path) -> None:
    path = tmp_path / "2023-08-09.csv"
    path.write_text("灾害事件编号,报告阶段,受灾人口,神秘列\nE1,初报,12,x\nE2,初报,13,y\n", encoding="utf-8")
    draft = inspecting.draft_feed(inspected(path, "disaster_losses"), None)
    assert "affected_persons: {from: 受灾人口, unit: TODO}" in draft
    assert "ignore: [神秘列]" in draft
    assert "TODO 数据截至时间" in draft
    drafted = project / "feeds/disaster_losses/drafted.yml"
    drafted.write_text(draft, encoding="utf-8")
    with pytest.raises(contracts.UnfinishedFeedError) as raised:  # a TODO is never taken for an answer
        land("disaster_losses/drafted", path)
    told = str(raised.value)
    open_keys = (
        "title.zh",
        "title.en",
        "sender",
        "region_code",
        "columns.as_of_at.from",
        "columns.affected_persons.unit",
    )
    assert str(drafted) in told and all(f"  {key}: TODO" in told for key in open_keys)
    drafted.write_text(answered(draft), encoding="utf-8")
    with pytest.raises(contracts.UnfinishedFeedError, match="affected_persons"):
        land("disaster_losses/drafted", path)
    assert land("disaster_losses/tianjin", path).status == "refused"  # the others are judged as ever


def test_draft_of_headers_with_line_breaks_and_odd_characters_is_yaml(
    home: Home, project: Path, tmp_path: Path
) -> None:
    book = openpyxl.Workbook()
    heads = ["灾害事件编号", "填报单位\n代码", "报告\n阶段", "数据截至时间", "受灾人口\n(人)", "备注: #1, [x]\n'y'"]
    book.active.append(heads)
    book.active.append(["E1", "120101", "初报", "2023-08-01", 12, "z"])
    book.save(tmp_path / "2023-08-01.xlsx")
    draft = inspecting.draft_feed(inspected(tmp_path / "2023-08-01.xlsx", "disaster_losses"), "120000")
    (project / "feeds/disaster_losses/drafted.yml").write_text(answered(draft), encoding="utf-8")
    assert land("disaster_losses/drafted", tmp_path / "2023-08-01.xlsx").rows["accepted"] == 1


@pytest.mark.parametrize(
    ("delimiter", "encoding"), [("\t", "utf-8"), ("\t", "utf-16"), ("|", "gb18030"), ("，", "utf-8")]
)
def test_draft_of_any_delimiter_lands(home: Home, project: Path, tmp_path: Path, delimiter: str, encoding: str) -> None:
    path = tmp_path / "2023-08-01.txt"
    rows = ["灾害事件编号,填报单位代码,报告阶段,数据截至时间,受灾人口(人)", "E1,120101,初报,2023-08-01,12"]
    path.write_text("".join(row.replace(",", delimiter) + "\r\n" for row in rows), encoding=encoding, newline="")
    facts = inspected(path, "disaster_losses")
    assert (facts.delimiter, facts.line_end) == (delimiter, "CRLF")
    (project / "feeds/disaster_losses/drafted.yml").write_text(
        answered(inspecting.draft_feed(facts, "120000")), encoding="utf-8"
    )
    assert land("disaster_losses/drafted", path).rows["accepted"] == 1


def test_words_that_may_mean_zero_are_asked_about(home: Home, project: Path, tmp_path: Path) -> None:
    path = tmp_path / "2023-08-01.csv"
    head = "灾害事件编号,填报单位代码,报告阶段,数据截至时间,受灾人口(人),因灾死亡人口(人)\n"
    path.write_text(head + "E1,120101,初报,2023-08-01,12,无\nE1,120102,初报,2023-08-01,/,--\n", encoding="utf-8")
    draft = inspecting.draft_feed(inspected(path, "disaster_losses"), "120000")
    assert "# TODO null_values: “无”（因灾死亡人口(人)×1）" in draft and "“/”（受灾人口(人)×1）" in draft
    assert "null_values: ['-', --, —]" in draft
    (project / "feeds/disaster_losses/drafted.yml").write_text(
        answered(draft).replace("max_reject", "").replace("columns:", "max_reject_share: 1\ncolumns:"), encoding="utf-8"
    )
    assert land("disaster_losses/drafted", path).rows["quarantined"] == 2  # told, and neither nothing nor zero


def test_a_date_among_serial_numbers_is_drafted_with_both_and_asked_about(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    path.write_text("灾害事件编号,报告时间\nE1,45498.5\nE2,45499.25\nE3,2024-07-26 08:00\n", encoding="utf-8")
    facts = inspected(path, "disaster_losses")
    assert columns(facts)["报告时间"].date_styles == ("iso", "excel")
    draft = inspecting.draft_feed(facts, "120000")
    assert "reported_at: {from: 报告时间, formats: [iso, excel]}" in draft
    assert "# TODO 核对：“报告时间”的写法不止一种（如第4行）" in draft
    path.write_text("灾害事件编号,报告时间\nE1,45498.5\n" + "E2,2024-07-26 08:00\n" * 30, encoding="utf-8")
    assert columns(inspected(path))["报告时间"].date_styles == ("iso", "excel")


def test_three_header_rows_are_told_and_not_drafted_as_one(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    rows = [
        "某年事故统计,,,,,,",
        "事故编号,事故,,伤亡,,,损失",
        ",类型,时间,死亡,受伤,,直接经济损失",
        ",,,人数,重伤,轻伤,万元",
        "A1,火灾,2024/3/1 15:30,1,2,3,100",
    ]
    path.write_text("\n".join(rows) + "\n", encoding="utf-8")
    facts = inspected(path)
    table = facts.tables[0]
    assert (table.header_row, table.header_rows, table.rows_of_data) == (2, 3, 1)
    assert list(columns(facts)) == [
        "事故编号", "事故/类型", "事故/时间", "伤亡/死亡/人数", "伤亡/受伤/重伤", "伤亡/受伤/轻伤", "损失/直接经济损失/万元"
    ]  # fmt: skip
    assert "header_rows: TODO" in inspecting.draft_feed(inspected(path, "accidents"), "120000")
    book = openpyxl.Workbook()
    for row in rows:
        book.active.append([cell or None for cell in row.split(",")])
    for area in ("A1:G1", "A2:A4", "B2:C2", "B3:B4", "C3:C4", "D2:F2", "E3:F3"):
        book.active.merge_cells(area)
    book.save(tmp_path / "x.xlsx")
    assert list(columns(inspected(tmp_path / "x.xlsx"))) == list(columns(facts))


def test_draft_maps_codes_as_other_feeds_do_and_names_the_others(tmp_path: Path) -> None:
    path = tmp_path / "2023-08-09.csv"
    path.write_text("灾害事件编号,灾种,受灾人口(万人)\nE1,暴雨洪涝,1.2\nE2,下雨,1\n", encoding="utf-8")
    draft = inspecting.draft_feed(inspected(path, "disaster_losses"), "120000")
    assert "map: {暴雨洪涝: 洪涝}" in draft
    assert "不在代码表 ref_disaster_kinds.kind_code 中：下雨" in draft
    assert "affected_persons: {from: '受灾人口({unit})', units: [万人]}" in draft


def test_a_header_that_two_feeds_read_differently_is_asked_about(tmp_path: Path) -> None:
    """市级 is the province in a municipality and a city in a province: reported_province_at in Tianjin, reported_city_at in Hebei."""
    path = tmp_path / "2025-01-01.csv"
    path.write_text("事故编号,市级收到时间\nA1,2025-01-01 08:00\n", encoding="utf-8")
    draft = inspecting.draft_feed(inspected(path, "accidents"), "120000")
    assert "# TODO 核对：有的来源把它读作" in draft


def test_names_of_the_standard_go_before_what_another_feed_calls_so(tmp_path: Path) -> None:
    path = tmp_path / "2025-01-01.csv"
    path.write_text("灾害事件编号,转移人口(人),紧急转移安置人口(人)\nE1,3,2\n", encoding="utf-8")
    matched = {m.header: m.column for m in inspected(path, "disaster_losses").tables[0].matches[0].matched}
    assert matched["转移人口(人)"] == "relocated_persons"
    assert matched["紧急转移安置人口(人)"] == "resettled_persons"


def test_two_header_rows_without_merged_cells(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    path.write_text("序号,队伍,队伍,人员\n,编号,名称,总数(人)\n1,T1,甲队,12\n2,T2,乙队,13\n", encoding="utf-8")
    assert list(columns(inspected(path))) == ["序号", "队伍/编号", "队伍/名称", "人员/总数(人)"]
    path.write_text("填报单位：某局,,,单位：人\n编号,名称,县,总数\nT1,甲队,乙县,12\n", encoding="utf-8")
    assert inspected(path).tables[0].header_row == 2 and next(iter(columns(inspected(path)))) == "编号"


def test_draft_is_never_written_over_a_file(tmp_path: Path) -> None:
    target = tmp_path / "there.yml"
    target.write_text("mine", encoding="utf-8")
    result = CliRunner().invoke(
        app, ["inspect", str(DEMO / "accidents/hebei/2018-11-28_first.xlsx"), "--draft", str(target)]
    )
    assert result.exit_code == 1
    assert target.read_text(encoding="utf-8") == "mine"


# ---------------------------------------------------------------- what is said


def test_header_titles_footers_and_ghosts_of_a_workbook(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    sheet = book.active
    rows = [
        ["某市灾情统计表"], [], ["编号", "人口", None, "面积(亩)"], [None, "受灾(人)", "死亡(人)", None],
        ["A1", 12, 0, 1.5], ["A2", 13, 1, 2.5], ["合计", 25, 1, 4], [], ["填表人：某某"],
    ]  # fmt: skip
    for row in rows:
        sheet.append(row)
    sheet.merge_cells("A1:D1")
    sheet.merge_cells("B3:C3")
    sheet.merge_cells("A3:A4")
    sheet.merge_cells("D3:D4")
    book.create_sheet("密件").sheet_state = "hidden"
    book.save(tmp_path / "x.xlsx")
    facts = inspected(tmp_path / "x.xlsx")
    table = facts.tables[0]
    assert (table.header_row, table.header_rows, table.titles) == (3, 2, ("某市灾情统计表",))
    assert list(columns(facts)) == ["编号", "人口/受灾(人)", "人口/死亡(人)", "面积(亩)"]
    assert (table.ghost_rows, table.footers, table.totals, table.rows_of_data) == (1, (9,), (7,), 3)
    assert columns(facts)["面积(亩)"].unit == "亩"
    assert facts.tables[1].state == "hidden"


def test_kinds_of_columns(tmp_path: Path) -> None:
    path = tmp_path / "kinds.csv"
    path.write_text(
        "编号,人数,损失(万元),发生时间,核查日期,序列日期,占比,备注\n"
        '007,1,"1,234.5",2023年8月1日6时,2023/8/1,45139,12.5%,甲\n'
        "008,－,2,2023年8月2日7时,2023/8/2,45140,3%,乙\n"
        "009,２,三,2023年8月3日,2023/8/3,45141,4%,丙\n",
        encoding="gb18030",
    )
    found = columns(inspected(path))
    assert {name: c.kind for name, c in found.items()} == {
        "编号": "code", "人数": "count", "损失(万元)": "mixed", "发生时间": "timestamp", "核查日期": "date",
        "序列日期": "excel_serial", "占比": "percent", "备注": "text",
    }  # fmt: skip
    assert found["人数"].null_words == {"-": 1} and found["人数"].full_width == 2
    assert found["损失(万元)"].odd_rows == (4,)
    assert found["核查日期"].date_styles == ("slash",)


def test_personal_values_are_never_shown(tmp_path: Path) -> None:
    path = tmp_path / "people.csv"
    path.write_text(f"队伍,备用,值班人,证件\n甲,{MOBILE},某甲某,{IDENTITY}\n乙,无,某乙某,无\n", encoding="utf-8")
    facts = inspected(path)
    found = columns(facts)
    assert (found["备用"].personal, found["证件"].personal) == (("mobile",), ("identity",))
    assert found["值班人"].personal == ("header",)
    shown = showing.text([facts]) + inspecting.as_json([facts]) + inspecting.draft_feed(facts, "120000")
    for secret in (MOBILE, IDENTITY, "某甲某"):
        assert secret not in shown


@pytest.mark.parametrize(("end", "told"), [("\r", "CR"), ("\n", "LF"), ("\r\n", "CRLF")])
@pytest.mark.parametrize("encoding", ["utf-8", "gb18030", "utf-16"])
def test_line_ends_are_those_of_the_text(tmp_path: Path, end: str, told: str, encoding: str) -> None:
    path = tmp_path / "x.csv"
    path.write_text(end.join(["编号,名称", "A1,甲", "A2,乙"]) + end, encoding=encoding, newline="")
    facts = inspected(path)
    assert facts.line_end == told and facts.tables[0].rows_of_data == 2


def test_a_file_marked_secret_is_not_shown(tmp_path: Path) -> None:
    path = tmp_path / "marked.csv"
    path.write_text("密级：机密\n事故编号,死亡人数(人)\n某地之事,3\n", encoding="utf-8")
    facts = inspected(path)
    assert facts.is_marked_secret and facts.tables == ()
    assert "某地之事" not in showing.text([facts])


def test_name_and_bytes_that_differ_are_told(tmp_path: Path) -> None:
    shutil.copy(DEMO / "accidents/hebei/2018-11-28_first.xlsx", tmp_path / "x.csv")
    (tmp_path / "page.xls").write_text("<html><table><tr><td>1</td></tr></table></html>", encoding="utf-8")
    one, other = inspecting.inspect([tmp_path / "x.csv", tmp_path / "page.xls"])
    assert one.format == "xlsx" and "内容实际是xlsx" in one.findings[0]
    assert other.format == "html" and not other.is_readable


def test_nearest_standard_is_measured() -> None:
    facts = inspected(DEMO / "disaster_losses/hebei/2023-08-01_losses.xlsx")
    scores = {match.dataset: match.score for match in facts.tables[0].matches}
    assert max(scores, key=lambda name: scores[name]) == "disaster_losses"
    assert scores["disaster_losses"] > 0.9 > scores["accidents"]


def test_rows_that_repeat_the_key_of_the_standard_are_counted(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    head = "灾害事件编号,填报单位代码,报告阶段,数据截至时间,受灾人口(人)\n"
    path.write_text(head + "E1,120000,初报,2023-08-01,1\nE1,120000,初报,2023-08-01,2\nE1,120000,续报,2023-08-02,2\n")
    assert inspected(path, "disaster_losses").tables[0].matches[0].key_repeated_rows == 1


# ---------------------------------------------------------------- files made to break it


def test_bombs_are_given_up_and_the_next_file_is_read(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    book.active["A1"], book.active["XFD1048576"] = "编号", 1
    book.save(tmp_path / "sparse.xlsx")
    (tmp_path / "deep.json").write_text("[" * 200_000, encoding="utf-8")
    good = DEMO / "accidents/hebei/2018-11-28_first.xlsx"
    bomb, deep, fine = inspecting.inspect([tmp_path / "sparse.xlsx", tmp_path / "deep.json", good])
    assert "A1:XFD1048576" in bomb.findings[0] and not bomb.is_readable
    assert not deep.is_readable
    assert (bomb.format, deep.format) == ("xlsx", "json")
    assert fine.is_readable and fine.tables[0].rows_of_data == 1


def test_a_file_that_takes_too_long_is_given_up(tmp_path: Path) -> None:
    (slow,) = inspecting.inspect([DEMO / "accidents/hebei/2018-11-28_first.xlsx"], seconds=0.001)
    assert "时间上限" in slow.findings[0]


def test_damaged_and_foreign_files_are_said_to_be_so(tmp_path: Path) -> None:
    (tmp_path / "cut.xlsx").write_bytes((DEMO / "accidents/hebei/2018-11-28_first.xlsx").read_bytes()[:2000])
    (tmp_path / "empty.csv").write_bytes(b"\n")
    (tmp_path / "x.pdf").write_bytes(b"%PDF-1.7 nothing")
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr("a.csv", "a,b\n1,2\n")
    names = ["cut.xlsx", "empty.csv", "x.pdf", "a.zip"]
    found = inspecting.inspect([tmp_path / name for name in names])
    assert [facts.is_readable for facts in found] == [False] * 4
    assert all(facts.findings for facts in found)


def test_json_is_a_list_with_one_object_per_file() -> None:
    path = DEMO / "disaster_losses/beijing/2023-08-01.json"
    result = CliRunner().invoke(app, ["inspect", str(path), str(path), "--format", "json"])
    assert result.exit_code == 0
    assert [file["tables"][0]["records"] for file in json.loads(result.stdout)] == ["$.reports[*]"] * 2


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--format", "xml"], "text, json"),
        (["--region-code", "999"], "120000"),
        (["--draft", "new.yml", "second.csv"], "2 were given"),
    ],
)
def test_options_are_never_passed_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, options: list[str], message: str
) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("first.csv", "second.csv"):
        Path(name).write_text("编号,名称\n1,甲\n", encoding="utf-8")
    result = CliRunner().invoke(app, ["inspect", "first.csv", *options])
    assert result.exit_code == 2
    assert message in result.stderr and result.stdout == ""
    assert not Path("new.yml").exists()


def test_unknown_standard_names_those_there_are() -> None:
    with pytest.raises(contracts.ContractError, match="accidents"):
        inspecting.inspect([DEMO / "disaster_losses/beijing/2023-08-01.json"], "nothing")


def test_public_parser_test_files_are_all_answered() -> None:
    folder = os.environ.get("JJJ_MESSY_FILES")
    if not folder:
        pytest.skip("JJJ_MESSY_FILES names no folder of public parser test files")
    files = sorted(path for path in Path(folder).rglob("*") if path.is_file())
    found = inspecting.inspect(files)
    assert [facts.name for facts in found] == [path.name for path in files]
    assert sum(facts.is_readable for facts in found) > len(files) * 0.8
    showing.text(found)
