"""Persons in foreign files: nothing of them is shown, as text, as JSON or in a draft. All names and numbers are invented."""

from __future__ import annotations

import json
from pathlib import Path

import openpyxl
import pytest

from jingjinji import contracts, inspecting
from jingjinji.inspecting import showing
from jingjinji.inspecting.examining import examine
from jingjinji.inspecting.facts import ColumnFacts, FileFacts
from jingjinji.inspecting.matching import agreed_names
from jingjinji.inspecting.persons import names_person, shown_title, without_names

MOBILE = "13912345678"
NAMES = ("王某甲", "李某乙", "张某丙")
LOSSES = "灾害事件编号,填报单位代码,报告阶段,数据截至时间,受灾人口(人)"


def inspected(path: Path, dataset: str | None = None) -> FileFacts:
    known = contracts.load_contracts()
    return examine(path, known, agreed_names(known), dataset)


def columns(facts: FileFacts) -> dict[str, ColumnFacts]:
    return {column.header: column for column in facts.tables[0].columns}


def all_that_is_shown(facts: FileFacts) -> str:
    """Text, JSON and, where one can be made, the draft."""
    shown = showing.text([facts]) + inspecting.as_json([facts])
    try:
        return shown + inspecting.draft_feed(facts, "120000")
    except inspecting.DraftError as error:
        return shown + str(error)


def assert_hides(facts: FileFacts, *secrets: str) -> None:
    shown = all_that_is_shown(facts)
    assert [secret for secret in (*NAMES, MOBILE, *secrets) if secret in shown] == []


def test_a_column_of_persons_is_drafted_into_no_other(tmp_path: Path) -> None:
    record = {"灾害事件编号": "E1", "联系人": {"name": NAMES[0], "手机": MOBILE}, "受灾人口": 12}
    path = tmp_path / "2023-08-01.json"
    path.write_text(json.dumps([record, record | {"灾害事件编号": "E2"}]), encoding="utf-8")
    facts = inspected(path, "disaster_losses")
    assert_hides(facts)
    matched = {m.header: m.column for m in facts.tables[0].matches[0].matched}
    assert matched == {"灾害事件编号": "event_id", "受灾人口": "affected_persons"}
    draft = inspecting.draft_feed(facts, "120000")
    assert "ignore: [联系人.name, 联系人.手机]" in draft and "含个人信息，约定里没有" in draft


def test_one_number_of_a_person_costs_a_count_its_row_and_a_text_its_column(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    rows = "".join(f"E{i},甲,12\n" for i in range(20))
    path.write_text(
        f"灾害事件编号,灾害事件名称,受灾人口(人)\n{rows}E9,{NAMES[0]} {MOBILE},{MOBILE}转\n", encoding="utf-8"
    )
    facts = inspected(path, "disaster_losses")
    assert_hides(facts)
    assert {m.column for m in facts.tables[0].matches[0].matched} == {"event_id", "affected_persons"}
    assert "“受灾人口(人)”的单元格里有个人号码" in inspecting.draft_feed(facts, "120000")


def test_a_loss_of_eleven_digits_is_no_mobile_number(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    path.write_text(f"灾害事件编号,直接经济损失(元)\nE1,{MOBILE}\n", encoding="utf-8")
    assert columns(inspected(path))["直接经济损失(元)"].personal == ()


@pytest.mark.parametrize(
    "rows",
    [
        [f"{NAMES[0]},某县应急局,{MOBILE}", f"{NAMES[1]},某县应急局,13900000001"],
        [f"{NAMES[0]},某县应急局,{MOBILE}", f"{NAMES[1]},某县应急局,无"],
        [f"{NAMES[0]},某县应急局,0311-12345678", f"{NAMES[1]},某县应急局,0311-12345679"],
        [f"1,{NAMES[0]},甲", f"2,{NAMES[1]},乙"],
    ],
)
def test_a_roster_without_header_shows_no_words(tmp_path: Path, rows: list[str]) -> None:
    path = tmp_path / "x.csv"
    path.write_text("\n".join(rows) + "\n", encoding="utf-8")
    facts = inspected(path)
    assert facts.tables[0].header_row is None and facts.tables[0].rows_of_data == len(rows)
    assert_hides(facts, "12345678")


def test_a_header_beside_a_number_is_a_header_and_the_number_is_hidden(tmp_path: Path) -> None:
    path = tmp_path / f"2023-08-01_{NAMES[2]}{MOBILE}.csv"
    path.write_text(
        f"{LOSSES},{NAMES[0]}{MOBILE},联系人{NAMES[1]},填报人：{NAMES[2]}\nE1,120101,初报,2023-08-01,1,x,y,z\n",
        encoding="utf-8",
    )
    facts = inspected(path)
    assert (facts.name, facts.tables[0].header_row) == ("2023-08-01_***.csv", 1)
    assert_hides(facts)
    assert "第6、7、8列的表头里有个人信息" in inspecting.draft_feed(facts, "120000")


def test_years_beside_each_other_are_still_a_header(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    path.write_text("地方,指标,说明,2019,2020\n甲,人口,x,12,13\n乙,人口,y,14,15\n", encoding="utf-8")
    assert inspected(path).tables[0].header_row == 1


@pytest.mark.parametrize(
    "header",
    ["姓　名", "姓 名", "Phone", "PHONE NUMBER", "住  址", "填报人", "户主", "死者", "遇难人员", "带队领导", "管理员", "keeper.name", "person.name",
     "联系\n电话", "contactName", "值班/负责人", "E-Mail", "Tel.", "ID Number", "审核人(签字)", "队长"],
)  # fmt: skip
def test_headers_that_name_persons(tmp_path: Path, header: str) -> None:
    path = tmp_path / "x.json"
    rows = [{"编号": str(at), header: name} for at, name in enumerate(NAMES)]
    path.write_text(json.dumps(rows), encoding="utf-8")
    assert_hides(inspected(path))


@pytest.mark.parametrize(
    ("header", "kind"),
    [("负责人接报时间", "timestamp"), ("单位负责人得知时间", "mixed"), ("遇难人员", "count"), ("伤员数", "mixed"), ("死亡(人)", "mixed"),
     ("event_id_no_cnty", "code"), ("hotel", "text"), ("工作单位", "text")],
)  # fmt: skip
def test_headers_that_name_none(header: str, kind: str) -> None:
    assert not names_person(header, kind)


def test_headers_of_the_feeds_are_personal_as_their_standards_say() -> None:
    known = contracts.load_contracts()
    for feed in known.feeds.values():
        for name, column in feed.columns.items():
            agreed = known.standard_of(feed).columns[name]
            if column.source and agreed.type not in contracts.MOMENT_TYPES:
                assert names_person(column.source, "text") == agreed.personal, (feed.feed_id, name)


def test_what_the_nearest_standard_calls_personal_is_hidden(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    path.write_text(f"expert_id,name,specialty\nE1,{NAMES[0]},地震地质\nE2,{NAMES[1]},防汛抗旱\n", encoding="utf-8")
    facts = inspected(path, "experts")
    assert columns(facts)["name"].personal == ("standard",)
    assert_hides(facts)


def test_a_bare_name_may_be_anybodys(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    path.write_text(f"id,name\n1,{NAMES[0]}\n2,{NAMES[1]}\n", encoding="utf-8")
    facts = inspected(path, "teams")
    assert {m.header: m.column for m in facts.tables[0].matches[0].matched}["name"] == "team_name"
    assert_hides(facts)


def test_names_behind_a_label_are_blanked_wherever_they_stand(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    for row in (
        [f"制表人：{NAMES[0]}　联系电话：0311-12345678　单位：万元"], ["填报人：", NAMES[1], None, "联系电话", MOBILE], LOSSES.split(","),
        ["E1", "120101", "初报", "2023-08-01", 12], ["E2", "120102", "初报", "2023-08-01", 13],
        ["经办人：", NAMES[1], "审核人：", NAMES[2], None], [f"值班领导：{NAMES[2]}", None, "x", "y", "z"],
    ):  # fmt: skip
        book.active.append(row)
    book.save(tmp_path / "x.xlsx")
    facts = inspected(tmp_path / "x.xlsx")
    assert facts.tables[0].header_row == 3
    assert_hides(facts, "0311")
    assert "单位:万元" in facts.tables[0].titles[0]


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        (f"联系人：{NAMES[0]}，电话：0311-12345678", "联系人：***，电话：***"),
        ("填报单位：某局 单位：人、亩", "填报单位：某局 单位：人、亩"),
        (f"快报 联系人{NAMES[0]}", "快报 联系人***"),
        ("联系人电话", "联系人电话"),
        ("某室 022-12345678", "某室 ***"),
        ("截至时间：24时", "截至时间：24时"),
    ],
)
def test_a_text_without_names(text: str, shown: str) -> None:
    assert without_names(text) == shown


def test_a_label_of_its_own_hides_the_next_cell() -> None:
    assert shown_title(["某表", "制表人", "", NAMES[0], "单位：人"]) == "某表 制表人 *** 单位:人"


def test_names_in_a_column_of_codes_and_in_lists_are_hidden(tmp_path: Path) -> None:
    path = tmp_path / "x.json"
    rows = [
        {"灾害事件编号": "E1", "灾种": "洪涝", "成员": [{"a": NAMES[0]}]},
        {"灾害事件编号": "E2", "灾种": NAMES[1], "成员": []},
    ]
    path.write_text(json.dumps(rows), encoding="utf-8")
    facts = inspected(path)
    assert columns(facts)["灾种"].examples == ("洪涝", "***")
    assert_hides(facts)
