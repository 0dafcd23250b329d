"""Deliveries to partners: what is granted and nothing else, changes against the last one, nothing personal."""

from __future__ import annotations

import csv
import json
import stat
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pyarrow.parquet as pq
import pytest
import yaml
from synthetic_build import FIRST_REPORTS, INVENTED_MOBILE, later_reports, make_build

from jingjinji import audit, verify
from jingjinji.export import ExportError, export, told
from jingjinji.export.agreements import AgreementError, load_agreement, load_agreements
from jingjinji.paths import PROJECT, home
from jingjinji.personal import holds_mobile_sql, is_identity_number, masked, personal_numbers
from jingjinji.release import create_release, current_release

DATASET = "fct_disaster_losses"


@pytest.fixture(autouse=True)
def own_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A home, and marts whose key is told as in the project."""
    monkeypatch.setenv("JJJ_HOME", str(tmp_path / "home"))
    models = tmp_path / "project" / "dbt_project" / "models"
    models.mkdir(parents=True)
    (models / "losses.yml").write_text(
        "models: [{name: fct_disaster_losses, config: {meta: {key: [region_code, event_id]}}}]"
    )
    monkeypatch.setattr("jingjinji.release.marts.PROJECT", tmp_path / "project")


@pytest.fixture
def agreements(tmp_path: Path) -> Path:
    folder = tmp_path / "agreements"
    folder.mkdir()
    write_agreement(folder)
    return folder


def write_agreement(folder: Path, name: str = "partner", **changes: Any) -> None:
    columns = {"region_code": "plain", "event_id": "plain", "affected_persons": "plain", "deaths_persons": "plain"}
    party = {"zh": "示例", "en": "example"}
    terms: dict[str, Any] = {
        "title": {"zh": "示例协议", "en": "Example"}, "format_version": 1, "provider": [party], "recipient": party,
        "legal_basis": ["示例"], "purpose": "测试", "schedule": "each_release", "valid_from": "2020-01-01",
        "valid_to": "2099-12-31", "suspended": False, "retention": "六个月", "onward_sharing": "forbidden",
        "correction_channel": "联络岗", "datasets": {DATASET: {"columns": columns}},
    }  # fmt: skip
    dataset = changes.pop("dataset", {})
    terms["datasets"][DATASET] |= dataset
    (folder / f"{name}.yml").write_text(yaml.safe_dump(terms | changes, allow_unicode=True, sort_keys=False))


def release_first() -> str:
    return create_release(make_build("run1")).release_id


def release_later(parent: str) -> None:
    create_release(make_build("run2", reports=later_reports(), parent_release_id=parent))


def deliver(folder: Path, **options: Any) -> Path:
    (outcome,) = export(folder=folder, **options)
    assert outcome.status == "delivered" and outcome.folder
    return outcome.folder


def rows_of(path: Path) -> list[dict[str, Any]]:
    return list(pq.read_table(path).to_pylist())


def test_column_without_a_line_is_not_in_any_byte_of_the_delivery(agreements: Path) -> None:
    release_first()
    folder = deliver(agreements)
    assert pq.read_schema(folder / f"data/{DATASET}.parquet").names == [
        "region_code", "event_id", "affected_persons", "deaths_persons"]  # fmt: skip
    assert not any(b"missing_persons" in path.read_bytes() for path in folder.rglob("*") if path.is_file())
    (planned,) = export(folder=agreements, dry_run=True)
    assert planned.datasets[DATASET].withheld == ("missing_persons", "known_from", "delivery_id")
    assert "missing_persons" in told([planned])


def test_delivery_says_what_each_field_means_and_verifies(agreements: Path) -> None:
    release_first()
    folder = deliver(agreements)
    field = pq.read_schema(folder / f"data/{DATASET}.parquet").field("deaths_persons")
    assert (field.metadata[b"unit"].decode(), field.metadata[b"zh"].decode()) == ("人", "因灾死亡人口")
    manifest = json.loads((folder / "manifest.json").read_text())
    assert manifest["datasets"][DATASET]["control_totals"]["deaths_persons"] == {"non_null": 2, "sum": "20"}
    assert manifest["data_origin"] == "simulated" and manifest["base_delivery"] is None
    raw = (folder / "dictionary.csv").read_bytes()
    assert raw.startswith(b"\xef\xbb\xbf")
    rows = list(csv.reader(raw.decode("utf-8-sig").splitlines()))
    assert ["fct_disaster_losses", "deaths_persons", "因灾死亡人口", "Deaths", "int64", "人"] in [
        row[:6] for row in rows
    ]
    assert (folder / "codes" / "ref_reporting_units.csv").exists()
    assert all("=" not in part for part in folder.parts[-3:])
    assert all(finding.is_ok is not False for finding in verify.verify(folder))
    assert (folder.parent / "verify.py").read_bytes() == Path(verify.__file__).read_bytes()


def test_changes_lead_from_the_last_delivery_to_this_one(agreements: Path) -> None:
    parent = release_first()
    first = deliver(agreements)
    release_later(parent)
    second = deliver(agreements)
    assert json.loads((second / "manifest.json").read_text())["base_delivery"] == first.name
    assert rows_of(second / f"changes/{DATASET}.parquet") == [
        {
            "change": "update",
            "region_code": "130000",
            "event_id": "hb-flood",
            "affected_persons": 3888600,
            "deaths_persons": 29,
        }
    ]
    held = {(r["region_code"], r["event_id"]): r for r in rows_of(first / f"data/{DATASET}.parquet")}
    for change in rows_of(second / f"changes/{DATASET}.parquet"):
        kind = change.pop("change")
        held.pop((change["region_code"], change["event_id"]), None)
        if kind != "retract":
            held[change["region_code"], change["event_id"]] = change
    assert sorted(held.values(), key=str) == sorted(rows_of(second / f"data/{DATASET}.parquet"), key=str)


def test_row_that_left_the_release_is_retracted(agreements: Path) -> None:
    parent = release_first()
    deliver(agreements)
    create_release(make_build("run2", reports=FIRST_REPORTS[:1], parent_release_id=parent))
    changes = rows_of(deliver(agreements) / f"changes/{DATASET}.parquet")
    assert [(row["change"], row["region_code"]) for row in changes] == [("retract", "110000")]


def test_nothing_new_makes_no_folder(agreements: Path) -> None:
    release_first()
    folder = deliver(agreements)
    (again,) = export(folder=agreements)
    assert (again.status, again.folder) == ("unchanged", folder)
    assert [p.name for p in folder.parent.iterdir() if p.is_dir()] == [folder.name]
    parent = current_release()
    assert parent is not None
    more = (*FIRST_REPORTS[0][:8], None, "d-hebei-9")  # changes missing_persons, which the partner does not get
    create_release(make_build("run2", reports=(more, FIRST_REPORTS[1]), parent_release_id=parent.release_id))
    (still,) = export(folder=agreements)
    assert (still.status, still.folder) == ("unchanged", folder)
    write_agreement(agreements, purpose="另一用途")  # other terms are news
    assert deliver(agreements) != folder


def test_as_of_delivers_what_was_known_and_has_a_line_of_its_own(agreements: Path) -> None:
    parent = release_first()
    release_later(parent)
    deliver(agreements)
    early = deliver(agreements, as_of=date(2023, 8, 2))
    assert [row["affected_persons"] for row in rows_of(early / f"data/{DATASET}.parquet")] == [44673, 540703]
    manifest = json.loads((early / "manifest.json").read_text())
    assert (manifest["as_of"], manifest["base_delivery"]) == ("2023-08-02", None)


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({"suspended": True}, "suspended"),
        ({"valid_to": "2021-01-01"}, "到期"),
        ({"valid_from": "2098-01-01"}, "尚未生效"),
    ],
)
def test_agreement_not_in_force_is_skipped_and_audited(agreements: Path, change: dict[str, Any], word: str) -> None:
    release_first()
    write_agreement(agreements, **change)
    (outcome,) = export(folder=agreements)
    assert outcome.status == "skipped" and word in outcome.reason
    assert not list((home().exports).glob("partner/0*"))
    last = audit.read()[-1]
    assert last["event"] == "export.skip" and word in last["facts"]["reason"]


def test_schedule_is_kept_unless_now(agreements: Path) -> None:
    parent = release_first()
    write_agreement(agreements, schedule="weekly")
    deliver(agreements)
    release_later(parent)
    assert [outcome.status for outcome in export(folder=agreements)] == ["not_due"]
    deliver(agreements, now=True)


def test_transforms_hide_what_they_should(agreements: Path) -> None:
    columns = {
        "region_code": {"how": "mask", "keep": 2}, "event_id": "hash", "affected_persons": {"how": "round", "to": 1000},
        "deaths_persons": {"how": "band", "bounds": [1, 10, 30]}, "missing_persons": "drop",
    }  # fmt: skip
    write_agreement(agreements, dataset={"columns": columns})
    write_agreement(agreements, "other", dataset={"columns": columns})
    release_first()
    partner, other = (outcome.folder for outcome in export(folder=agreements))
    assert partner and other
    rows = sorted(rows_of(partner / f"data/{DATASET}.parquet"), key=lambda row: row["region_code"])
    assert [(r["region_code"], r["affected_persons"], r["deaths_persons"]) for r in rows] == [
        ("11**", 45000, "[10, 30)"), ("13**", 541000, "[1, 10)")]  # fmt: skip
    pseudonyms = {row["event_id"] for row in rows}
    assert all(len(p) == 64 for p in pseudonyms)
    assert pseudonyms.isdisjoint(row["event_id"] for row in rows_of(other / f"data/{DATASET}.parquet"))


def test_small_cells_filter_and_minimum_stage_withhold_rows(agreements: Path) -> None:
    write_agreement(agreements, dataset={"small_cells": {"minimum": 10, "columns": ["deaths_persons"]}})
    release_first()
    (outcome,) = export(folder=agreements)
    assert (outcome.datasets[DATASET].rows, outcome.datasets[DATASET].suppressed_rows) == (1, 1)
    columns = {"region_code": "plain", "report_stage": "plain", "known_from": "plain"}
    write_agreement(agreements, "staged", datasets={
        "fct_disaster_loss_reports": {"columns": columns, "minimum_report_stage": "核报", "rows": "region_code <> '110000'"}})  # fmt: skip
    parent = current_release()
    assert parent is not None
    release_later(parent.release_id)
    staged = next(o for o in export(folder=agreements) if o.agreement_id == "staged").folder
    assert staged and [row["report_stage"] for row in rows_of(staged / "data/fct_disaster_loss_reports.parquet")] == [
        "核报"
    ]


@pytest.mark.parametrize("withheld_stage", ["初报", "核报"])
def test_shared_version_ends_with_the_next_shared_one(agreements: Path, tmp_path: Path, withheld_stage: str) -> None:
    """A report below the minimum stage ends no version that the partner has; one that is shared does."""
    name = "fct_disaster_loss_reports"
    (tmp_path / "project/dbt_project/models/reports.yml").write_text(
        f"models: [{{name: {name}, config: {{meta: {{key: [region_code, event_id, unit_code, known_from]}}}}}}]"
    )
    superseded, beijing, newest = later_reports()
    create_release(make_build("run1", reports=(superseded, beijing, (*newest[:3], withheld_stage, *newest[4:]))))
    columns = dict.fromkeys(["region_code", "event_id", "unit_code", "report_stage", "known_from", "known_to"], "plain")
    write_agreement(agreements, datasets={name: {"columns": columns, "minimum_report_stage": "续报"}})
    rows = rows_of(deliver(agreements) / f"data/{name}.parquet")
    hebei = [(str(r["report_stage"]), r["known_to"]) for r in rows if r["region_code"] == "130000"]
    assert hebei == (
        [("续报", None)] if withheld_stage == "初报" else [("续报", rows[-1]["known_from"]), ("核报", None)]
    )


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"dataset": {"columns": {"no_such_column": "plain"}}}, ["partner.yml", "no_such_column", "affected_persons"]),
        ({"datasets": {"no_such_mart": {"columns": {"a": "plain"}}}}, ["partner.yml", "no_such_mart"]),
        ({"dataset": {"minimum_report_stage": "核报"}}, ["minimum_report_stage", "report_stage"]),
        ({"unknown_key": 1}, ["partner.yml", "unknown_key"]),
        ({"dataset": {"columns": {"region_code": {"how": "mask"}}}}, ["partner.yml", "keep"]),
        ({"dataset": {"columns": {"region_code": {"how": "plain", "to": 10}}}}, ["partner.yml", "round"]),
    ],
)
def test_agreement_that_cannot_be_kept_names_file_and_key(
    agreements: Path, change: dict[str, Any], words: list[str]
) -> None:
    release_first()
    write_agreement(agreements, **change)
    with pytest.raises((ExportError, AgreementError)) as error:
        export(folder=agreements)
    assert all(word in str(error.value) for word in words)
    assert not list(home().exports.glob("partner/0*"))


def test_broken_agreement_does_not_hold_up_the_others(agreements: Path) -> None:
    release_first()
    write_agreement(agreements, "a_broken", unknown_key=1)
    with pytest.raises(ExportError, match="a_broken"):
        export(folder=agreements)
    assert len(list(home().exports.glob("partner/0*"))) == 1


@pytest.mark.parametrize("text", [f"联系人{INVENTED_MOBILE}", "身份证11010519491231002X号"])
def test_personal_number_stops_the_delivery_and_is_not_repeated(agreements: Path, text: str) -> None:
    reports = ((*FIRST_REPORTS[0][:1], text, *FIRST_REPORTS[0][2:]),)
    create_release(make_build("run1", reports=reports))
    with pytest.raises(ExportError, match=r"event_id · (mobile|identity)") as error:
        export(folder=agreements)
    assert text not in str(error.value) and text not in home().audit_log.read_text()
    assert not [p for p in (home().exports / "partner").iterdir() if p.is_dir()]


def test_amounts_and_hashes_are_no_personal_numbers(agreements: Path) -> None:
    assert is_identity_number("11010519491231002X") and not is_identity_number("110105194912310021")
    assert personal_numbers("sha256 a1390000000012345b6f") == []
    assert personal_numbers("电话13900000000。") == ["mobile"]
    assert personal_numbers("213900000000") == []
    assert personal_numbers("13010020231") == ["mobile"] and personal_numbers("13010020231", is_id=True) == []
    assert personal_numbers("13900000000", is_id=True) == ["mobile"]
    reports = ((*FIRST_REPORTS[0][:6], 13_900_000_000, *FIRST_REPORTS[0][7:]),)  # a count that looks like a mobile
    create_release(make_build("run1", reports=reports))
    deliver(agreements)


@pytest.mark.parametrize(
    ("text", "is_mobile"),
    [
        ("联系 139-0000-0000", True),
        ("139 0000 0000", True),
        ("+8613900000000", True),
        ("0086 13900000000", True),
        ("电话１３９００００００００", True),
        ("139-00000-000", False),
        ("转移1390人 0000 0000", False),
        ("2139-0000-0000", False),
        ("8639000000000", False),
    ],
)
def test_mobiles_are_found_however_they_are_written_in_python_and_in_sql(text: str, is_mobile: bool) -> None:
    assert (personal_numbers(text) == ["mobile"]) == is_mobile
    with duckdb.connect() as con:
        row = con.execute(f"select {holds_mobile_sql('t', is_id=False)} from (select $1 as t)", [text]).fetchone()
    assert row == (is_mobile,)
    assert ("***" in masked(text)) == is_mobile


def test_keys_and_salts_are_private_and_stay(agreements: Path) -> None:
    parent = release_first()
    first = deliver(agreements)
    before = {path.name: path.read_bytes() for path in home().keys.iterdir()}
    release_later(parent)
    second = deliver(agreements)
    assert {path.name: path.read_bytes() for path in home().keys.iterdir()} == before
    assert all(stat.S_IMODE(path.stat().st_mode) == 0o600 for path in home().keys.iterdir())
    assert (first / "public_key.pem").read_bytes() == (second / "public_key.pem").read_bytes()


def test_damaged_last_delivery_is_no_base(agreements: Path) -> None:
    parent = release_first()
    first = deliver(agreements)
    (first / f"data/{DATASET}.parquet").chmod(0o644)
    (first / f"data/{DATASET}.parquet").write_bytes(b"x")
    release_later(parent)
    with pytest.raises(ExportError, match="not what was delivered"):
        export(folder=agreements)


def test_dry_run_writes_nothing(agreements: Path) -> None:
    release_first()
    export(folder=agreements, dry_run=True)
    assert not home().keys.exists() and not [p for p in home().exports.rglob("*") if p.is_file() and p.name != ".lock"]


def test_project_agreements_are_marked_examples_and_in_force() -> None:
    for path in sorted((PROJECT / "exports").glob("*.yml")):
        agreement = load_agreement(path)
        assert "示例" in (agreement.notice or "")
        assert agreement.reason_to_skip(agreement.valid_to + timedelta(days=1))
    assert load_agreements().keys() == {p.stem for p in (PROJECT / "exports").glob("*.yml")}


def test_query_connection_behind_exports_cannot_write_files(tmp_path: Path) -> None:
    from jingjinji.query import connect

    release_first()
    with connect(home().current.resolve()) as con, pytest.raises(duckdb.PermissionException):
        con.execute(f"copy (select 1) to '{tmp_path / 'x.parquet'}'")
