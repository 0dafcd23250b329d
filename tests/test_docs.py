"""What the documents promise a newcomer holds."""

from __future__ import annotations

import re
import shutil
from pathlib import Path
from typing import Any

import typer

from jingjinji import contracts
from jingjinji.cli import app

ROOT = Path(__file__).parent.parent


def test_feed_of_the_readme_can_be_used_as_it_stands(tmp_path: Path) -> None:
    (example,) = re.findall(r"```yaml\n(.*?)```", (ROOT / "README.md").read_text(encoding="utf-8"), re.DOTALL)
    assert len(example.splitlines()) == 5
    feeds = tmp_path / "feeds"
    shutil.copytree(ROOT / "feeds", feeds)
    (feeds / "disaster_losses" / "example.yml").write_text(example, encoding="utf-8")
    assert contracts.load_contracts(feeds).feed("disaster_losses/example").format == "csv"


def test_documents_name_files_that_exist() -> None:
    for document in [ROOT / "README.md", ROOT / "README.zh-CN.md", *(ROOT / "docs").glob("*.md")]:
        text = document.read_text(encoding="utf-8")
        links = [link for link in re.findall(r"\]\(([^)#]+)", text) if not link.startswith("http")]
        missing = [link for link in links if not (document.parent / link).exists()]
        assert missing == [], document


def test_architecture_lists_the_marts_there_are() -> None:
    text = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    section = text.split("## Marts")[1].split("\n## ")[0]
    listed = {name for row in re.findall(r"^\|(.+?)\|", section, re.MULTILINE) for name in re.findall(r"`(\w+)`", row)}
    built = {path.stem for path in (ROOT / "dbt_project" / "models" / "marts").glob("*.sql")}
    assert listed - {"release_info", "fct_quality_results", "mart"} == built


def test_commands_of_the_readme_exist() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    for document in ("README.md", "README.zh-CN.md"):
        for target in re.findall(r"`?make (\w+)", (ROOT / document).read_text(encoding="utf-8")):
            assert re.search(rf"^{target}:", makefile, re.MULTILINE), f"{document} names make {target}"


def test_every_jjj_of_the_readme_is_a_command_and_takes_its_options() -> None:
    commands: Any = typer.main.get_command(app)
    for document in ("README.md", "README.zh-CN.md"):
        lines = re.findall(r"^(?:\.venv/bin/)?jjj (.+)$", (ROOT / document).read_text(encoding="utf-8"), re.MULTILINE)
        assert len(lines) >= 10
        for line in lines:
            name, *words = line.split("#")[0].split()
            options = {option for parameter in commands.commands[name].params for option in parameter.opts}
            assert {word for word in words if word.startswith("--")} <= options, line


def test_architecture_has_a_line_for_every_folder_of_the_package() -> None:
    text = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    listed = set(re.findall(r"^\| `(\w+)/` \|", text.split("## Python package")[1], re.MULTILINE))
    assert listed == {"jingjinji"} | {path.parent.name for path in (ROOT / "jingjinji").glob("*/__init__.py")}
