"""`jjj docs`: everything that is agreed is in the pages, the links lead somewhere, and nothing is loaded from elsewhere."""

from __future__ import annotations

import html
import json
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from urllib.request import urlopen

import pytest
import yaml
from superset_browser import find_browser

from jingjinji import dictionary
from jingjinji.contracts import load_contracts
from jingjinji.dictionary.collecting import Dictionary, collect
from jingjinji.dictionary.dbt_docs import quiet
from jingjinji.explaining.lineage import WRITTEN
from jingjinji.paths import PROJECT

SEEDS = PROJECT / "dbt_project" / "seeds"
MARTS = PROJECT / "dbt_project" / "models" / "marts"
CHINESE = re.compile("[\u4e00-\u9fff]")


@pytest.fixture(scope="module")
def book() -> Dictionary:
    return collect()


@pytest.fixture(scope="module")
def site(book: Dictionary) -> dict[str, str]:
    return dict(dictionary.pages(book))


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The whole site on disk, dbt's page included."""
    yield dictionary.write(tmp_path_factory.mktemp("site") / "docs").parent


def ids(page: str) -> set[str]:
    return {html.unescape(found) for found in re.findall(r' id="([^"]+)"', page)}


# ---------------------------------------------------------------- what is in it


def test_every_agreed_column_and_rule_has_its_row(site: dict[str, str]) -> None:
    for dataset, standard in load_contracts().standards.items():
        page = site[f"standards/{dataset}.html"]
        assert set(standard.columns) <= ids(page)
        assert {f"rule-{name}" for name in standard.rules} <= ids(page)
        for column in standard.columns.values():
            assert html.escape(column.zh) in page and html.escape(column.en) in page
        for rule in standard.rules.values():
            assert html.escape(rule.fix) in page and html.escape(rule.source) in page


def test_personal_columns_and_severities_are_marked(site: dict[str, str]) -> None:
    teams = load_contracts().standards["teams"]
    row = site["standards/teams.html"].split('id="duty_contact_phone"')[1].split("</tr>")[0]
    assert teams.columns["duty_contact_phone"].personal and "个人信息" in row
    warned = [name for name, rule in teams.rules.items() if rule.severity == "warning"]
    for name in warned:
        assert "警告 warning" in site["standards/teams.html"].split(f'id="rule-{name}"')[1].split("</tr>")[0]
    assert warned


def test_every_code_list_is_there_with_every_row(site: dict[str, str], book: Dictionary) -> None:
    assert {path.stem for path in SEEDS.glob("*.csv")} == set(book.code_lists)
    for name, one in book.code_lists.items():
        assert site[f"codes/{name}.html"].count("<tr") == len(one.rows) + 1, name


def test_every_feed_says_how_each_column_is_filled(site: dict[str, str]) -> None:
    page = site["feeds/disaster_losses.html"]
    assert "人口/受灾人口(人/万人)" in page  # Hebei's header with the units it may carry
    assert "暴雨洪涝→洪涝" in page
    for feed in load_contracts().feeds.values():
        assert feed.feed_id in site[f"feeds/{feed.dataset}.html"]


def test_every_mart_column_is_there_with_its_type(site: dict[str, str], book: Dictionary) -> None:
    assert {path.stem for path in MARTS.glob("*.sql")} == set(book.marts) - WRITTEN.keys()
    for name, mart in book.marts.items():
        assert {column.name for column in mart.facts.columns} <= ids(site[f"marts/{name}.html"]), name
    row = site["marts/fct_disaster_losses.html"].split('id="crop_affected_ha"')[1].split("</tr>")[0]
    assert "农作物受灾面积" in row and "公顷" in row and "decimal(18,4)" in row


def test_every_mart_and_every_column_has_a_chinese_and_an_english_name(book: Dictionary) -> None:
    nameless = [
        where
        for name, mart in book.marts.items()
        for where, found in [(name, mart.facts), *((f"{name}.{column.name}", column) for column in mart.facts.columns)]
        if not (CHINESE.search(found.zh or "") and found.en and not CHINESE.search(found.en))
    ]
    assert nameless == [], "give each `config: {meta: {zh: …, en: …}}` in its .yml, or a line in superset/labels.yml"


def test_names_that_marts_share_are_those_of_columns_they_have(book: Dictionary) -> None:
    """A line without an English name is a dashboard's own column; one with both is inherited by marts."""
    labels = yaml.safe_load((PROJECT / "superset" / "labels.yml").read_text(encoding="utf-8"))
    in_marts = {(column.name, column.zh, column.en) for mart in book.marts.values() for column in mart.facts.columns}
    shared = {(name, given["zh"], given["en"]) for name, given in labels.items() if isinstance(given, dict)}
    assert shared and shared <= in_marts


def test_no_mart_says_again_what_columns_are_called_everywhere() -> None:
    labels = yaml.safe_load((PROJECT / "superset" / "labels.yml").read_text(encoding="utf-8"))
    again = [
        f"{model['name']}.{column['name']}"
        for path in sorted(MARTS.glob("*.yml"))
        for model in yaml.safe_load(path.read_text(encoding="utf-8")).get("models", [])
        for column in model.get("columns", [])
        if (own := column.get("config", {}).get("meta")) and own == labels.get(column["name"])
    ]
    assert again == [], "superset/labels.yml has these names"


def test_marts_that_no_model_makes_have_a_page(book: Dictionary, site: dict[str, str]) -> None:
    page = site["marts/fct_quality_results.html"]
    assert (
        "数据质量检查结果" in page and book.marts["fct_quality_results"].path in page and "dbt/index.html#!" not in page
    )
    assert "发布编号" in site["marts/release_info.html"]


def test_links_and_found_entries_lead_to_what_is_there(site: dict[str, str]) -> None:
    anchors = {path: ids(page) for path, page in site.items()}
    targets = [(path, link) for path, page in site.items() for link in re.findall(r'href="([^"]+)"', page)]
    entries = json.loads("[" + site["search.js"].split("[", 1)[1].rsplit("]", 1)[0] + "]")
    targets += [("index.html", entry[4]) for entry in entries]
    for path, link in targets:
        file, _, anchor = html.unescape(link).partition("#")
        where = path if not file else "/".join(_resolved([*path.split("/")[:-1], *file.split("/")]))
        if where != "dbt/index.html":
            assert where in site, (path, link)
            assert not anchor or anchor in anchors[where], (path, link)
    assert len(entries) > 1000


def _resolved(parts: list[str]) -> list[str]:
    found: list[str] = []
    for part in parts:
        if part == "..":
            found.pop()
        else:
            found.append(part)
    return found


def test_the_same_project_gives_the_same_bytes(site: dict[str, str]) -> None:
    assert dict(dictionary.pages(collect())) == site


# ---------------------------------------------------------------- nothing from elsewhere


def test_no_page_names_a_script_style_or_image_of_elsewhere(written: Path) -> None:
    for path in written.rglob("*.html"):
        text = path.read_text(encoding="utf-8")
        assert "Content-Security-Policy" in text and "default-src 'none'" in text
        if path.parent.name != "dbt":
            assert not re.search(r"""(src|href)=["']?(https?:)?//""", text), path
    page = (written / "dbt" / "index.html").read_text(encoding="utf-8")
    for stranger in ("cloudfront.net", "getdbt.com/", "sinter-collect"):
        assert stranger not in page.replace("docs.getdbt.com/", "").replace("schemas.getdbt.com/", ""), stranger


def test_what_dbt_ships_does_name_strangers() -> None:
    """Else the test above would prove nothing."""
    shipped = 'i.src="//d1fc8wv8zag5ca.cloudfront.net/2.9.0/sp.js",a("https://fuzzed.getdbt.com/")'
    assert "cloudfront" not in quiet(shipped) and "fuzzed" not in quiet(shipped)


def test_dbt_page_holds_this_project_and_no_path_of_this_machine(written: Path) -> None:
    page = (written / "dbt" / "index.html").read_text(encoding="utf-8")
    assert "model.jingjinji.fct_disaster_losses" in page
    assert str(PROJECT) not in page and "generated_at" not in page.split("model.jingjinji")[0][-2000:]
    assert not (written / ".dbt").exists()


def _in_a_browser(address: str, profile: Path) -> str:
    """The page as it stands once its scripts have run."""
    command = [
        find_browser(), "--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={profile}", "--virtual-time-budget=5000",
        "--dump-dom", address,
    ]  # fmt: skip
    dom = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True).stdout
    return re.sub(r"<script.*?</script>", "", dom, flags=re.DOTALL)


def test_start_page_of_dbt_is_ours_and_does_not_stay_loading(written: Path, tmp_path: Path) -> None:
    dom = _in_a_browser((written / "dbt" / "index.html").as_uri(), tmp_path)
    assert "京津冀应急数据仓库" in dom and "(loading)" not in dom


def test_search_finds_in_a_browser_without_a_server(written: Path, tmp_path: Path) -> None:
    dom = _in_a_browser(f"{(written / 'index.html').as_uri()}?q=受灾人口", tmp_path)
    found = dom.split('class="found"')[1].split("</main>")[0]
    assert 'href="standards/disaster_losses.html#affected_persons"' in found


# ---------------------------------------------------------------- writing and serving


def test_a_folder_with_other_files_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("mine", encoding="utf-8")
    with pytest.raises(dictionary.DocsError, match="没有改动"):
        dictionary.write(tmp_path, with_dbt=False)
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]


@pytest.mark.parametrize("below", ["", "docs"])
def test_a_file_in_the_way_is_named_and_left_alone(tmp_path: Path, below: str) -> None:
    file = tmp_path / "mine.txt"
    file.write_text("mine", encoding="utf-8")
    with pytest.raises(dictionary.DocsError, match=r"mine\.txt 是文件"):
        dictionary.write(file / below, with_dbt=False)
    assert file.read_text(encoding="utf-8") == "mine"


def test_an_older_dictionary_is_replaced_whole(tmp_path: Path) -> None:
    target = tmp_path / "docs"
    dictionary.write(target, with_dbt=False)
    (target / "marts" / "gone.html").write_text("old", encoding="utf-8")
    assert dictionary.write(target, with_dbt=False).exists()
    assert not (target / "marts" / "gone.html").exists()
    assert [path.name for path in tmp_path.iterdir()] == ["docs"]


def test_served_on_this_machine_only(tmp_path: Path) -> None:
    import threading

    dictionary.write(tmp_path / "docs", with_dbt=False)
    told: list[str] = []
    ready = threading.Event()
    thread = threading.Thread(
        target=dictionary.serve, args=(tmp_path / "docs", 0, lambda line: (told.append(line), ready.set())), daemon=True
    )
    thread.start()
    assert ready.wait(10)
    address = told[0].split()[0]
    assert address.startswith("http://127.0.0.1:")
    with urlopen(address, timeout=5) as answer:  # 127.0.0.1 only
        assert "京津冀应急数据字典" in answer.read().decode()
