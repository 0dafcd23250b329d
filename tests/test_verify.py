"""The verifier alone: run as a partner runs it, on a good delivery and on harmed ones."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import yaml
from synthetic_build import later_reports, make_build
from typer.testing import CliRunner

from jingjinji import verify
from jingjinji.cli import app
from jingjinji.export import export, signing
from jingjinji.release import create_release

DATA = "data/fct_disaster_losses.parquet"


@pytest.fixture(scope="module")
def delivered(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A delivery that left its home."""
    place = tmp_path_factory.mktemp("sender")
    party = {"zh": "示例", "en": "example"}
    columns = ["region_code", "event_id", "affected_persons", "deaths_persons", "known_from"]
    terms = {
        "title": party, "format_version": 1, "provider": [party], "recipient": party, "legal_basis": ["示例"],
        "purpose": "测试", "schedule": "each_release", "valid_from": "2020-01-01", "valid_to": "2099-12-31",
        "suspended": False, "retention": "六个月", "onward_sharing": "forbidden", "correction_channel": "联络岗",
        "datasets": {"fct_disaster_losses": {"columns": dict.fromkeys(columns, "plain")}},
    }  # fmt: skip
    (place / "partner.yml").write_text(yaml.safe_dump(terms, allow_unicode=True, sort_keys=False))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("JJJ_HOME", str(place / "home"))
        create_release(make_build("run1", reports=later_reports()))
        (outcome,) = export(folder=place)
    assert outcome.folder is not None
    return outcome.folder


@pytest.fixture
def received(delivered: Path, tmp_path: Path) -> Path:
    folder = tmp_path / "received"
    shutil.copytree(delivered, folder)
    for path in folder.rglob("*"):
        path.chmod(0o755 if path.is_dir() else 0o644)
    return folder


def run_alone(folder: Path, *options: str, at: Path) -> subprocess.CompletedProcess[str]:
    """The one file, copied away from ours, in a process that cannot import `jingjinji`."""
    alone = at / "verify.py"
    shutil.copyfile(verify.__file__, alone)
    blocked = "import sys, runpy; sys.modules['jingjinji'] = None; sys.argv = sys.argv[1:]; runpy.run_path(sys.argv[0], run_name='__main__')"
    return subprocess.run(
        [sys.executable, "-c", blocked, str(alone), str(folder), *options],
        capture_output=True,
        text=True,
        cwd=at,
        check=False,
    )


def sign_again(folder: Path, change: Callable[[dict[str, object]], None]) -> None:
    """A manifest that lies but is signed well: what it says of the data must still be compared with the data."""
    key = signing.signing_key()
    manifest = json.loads((folder / "manifest.json").read_text())
    change(manifest)
    (folder / "public_key.pem").write_bytes(signing.public_pem(key))
    files = {p.relative_to(folder).as_posix(): p for p in folder.rglob("*") if p.is_file() and "manifest" not in p.name}
    manifest["files"] = {n: {"sha256": verify.sha256_of(p), "bytes": p.stat().st_size} for n, p in files.items()}
    text = json.dumps(manifest, ensure_ascii=False).encode()
    (folder / "manifest.json").write_bytes(text)
    (folder / "manifest.json.sig").write_bytes(key.sign(text))


def test_good_delivery_verifies_alone_with_key_and_with_fingerprint(received: Path, tmp_path: Path) -> None:
    pem = tmp_path / "provider.pem"
    shutil.copyfile(received / "public_key.pem", pem)
    raw = verify.load_public_key(pem.read_bytes()).public_bytes_raw()
    for key in (str(pem), verify.fingerprint(raw), "SHA256:" + verify.fingerprint(raw).upper()):
        result = run_alone(received, "--key", key, at=tmp_path)
        assert result.returncode == 0, result.stdout + result.stderr
        assert (
            "结论：与签名清单一致" in result.stdout
            and "RESULT: as signed" in result.stdout
            and "! " not in result.stdout
        )


def test_without_a_key_it_asks_to_compare_the_fingerprint(received: Path, tmp_path: Path) -> None:
    result = run_alone(received, at=tmp_path)
    assert result.returncode == 0 and "! 未指定公钥" in result.stdout


@pytest.mark.parametrize(
    "name", [DATA, "changes/fct_disaster_losses.parquet", "dictionary.csv", "agreement.yml", "manifest.json"]
)
def test_one_changed_byte_in_any_file_shows(received: Path, name: str) -> None:
    content = bytearray((received / name).read_bytes())
    content[len(content) // 2] ^= 1
    (received / name).write_bytes(content)
    assert verify.main([str(received)]) == 1


@pytest.mark.parametrize("harm", ["missing", "extra", "link", "other key", "no signature of ours"])
def test_harm_to_the_folder_is_named(
    received: Path, tmp_path: Path, harm: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("JJJ_HOME", str(tmp_path / "attacker"))
    options: list[str] = []
    if harm == "missing":
        (received / "dictionary.md").unlink()
    elif harm == "extra":
        (received / "data" / "more.parquet").write_bytes(b"")
    elif harm == "link":
        (received / "dictionary.md").rename(tmp_path / "moved.md")
        (received / "dictionary.md").symlink_to(tmp_path / "moved.md")
    elif harm == "other key":
        provider = received.parent / "provider.pem"
        shutil.copyfile(received / "public_key.pem", provider)
        sign_again(received, lambda manifest: None)
        assert verify.main([str(received)]) == 0  # signed well, by somebody else
        options = ["--key", str(provider)]
    else:
        (received / "manifest.json.sig").write_bytes(bytes(64))
    assert verify.main([str(received), *options]) == 1
    told = capsys.readouterr().out
    word = {"missing": "dictionary.md is missing", "extra": "data/more.parquet is not in", "link": "dictionary.md was changed",
            "other key": "signature", "no signature of ours": "signature"}[harm]  # fmt: skip
    assert word in told and "请勿使用" in told


@pytest.mark.parametrize("lie", ["row", "value", "unit", "type", "changes"])
def test_signed_manifest_that_does_not_fit_the_data_shows(
    received: Path, tmp_path: Path, lie: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("JJJ_HOME", str(tmp_path / "provider"))
    table = pq.read_table(received / DATA)
    if lie == "row":
        table = table.slice(1)
    elif lie == "value":
        at = table.schema.get_field_index("deaths_persons")
        deaths = [(value or 0) + 1 for value in table.column(at).to_pylist()]
        table = table.set_column(at, table.schema.field(at), pa.array(deaths, pa.int64()))
    elif lie == "unit":
        at = table.schema.get_field_index("deaths_persons")
        field = table.schema.field(at)
        table = table.cast(
            table.schema.set(at, field.with_metadata({**(field.metadata or {}), b"unit": "万人".encode()}))
        )
    elif lie == "type":
        at = table.schema.get_field_index("deaths_persons")
        field = table.schema.field(at)
        table = table.cast(table.schema.set(at, pa.field(field.name, pa.float64(), metadata=field.metadata)))
    else:
        changes = received / "changes/fct_disaster_losses.parquet"
        pq.write_table(pq.read_table(changes).slice(1), changes)
    pq.write_table(table, received / DATA)
    sign_again(received, lambda manifest: None)
    assert verify.main([str(received)]) == 1
    word = {
        "row": "row count",
        "value": "control totals",
        "unit": "schema",
        "type": "schema",
        "changes": "change counts",
    }[lie]
    assert word in capsys.readouterr().out


@pytest.mark.parametrize("extra", ["notes", "data/notes"])
def test_an_extra_folder_is_noticed_also_when_empty(received: Path, extra: str) -> None:
    (received / extra).mkdir()
    assert verify.main([str(received)]) == 1


def test_what_is_no_delivery_cannot_be_checked(tmp_path: Path, received: Path) -> None:
    assert verify.main([str(tmp_path)]) == 2
    assert verify.main([str(received), "--key", "nonsense"]) == 2


def test_command_line_gives_the_same_answer(received: Path) -> None:
    runner = CliRunner()
    assert runner.invoke(app, ["verify", str(received)]).exit_code == 0
    (received / DATA).write_bytes(b"")
    result = runner.invoke(app, ["verify", str(received)])
    assert result.exit_code == 1 and "RESULT: do not use" in result.stdout
