#!/usr/bin/env python3
"""Verify a delivery of the Jing-Jin-Ji emergency data warehouse. This one file needs nothing else of ours.

    python verify.py FOLDER [--key KEY]

KEY is the public key (a .pem file) or its fingerprint, as the provider told it to you by another way than the folder
itself. Without it the folder is checked against the key it carries, which shows damage but not who signed.

Needs Python 3.9 or later, pyarrow and cryptography. Exit code 0: as signed; 1: changed, incomplete or signed by another
key; 2: could not be checked.

校验京津冀应急管理数据仓库交付包：文件、签名、行数、控制总数、字段，逐项核对。
"""

from __future__ import annotations

import argparse
import hashlib
import json
import math
import re
import sys
from collections import Counter
from pathlib import Path, PurePosixPath
from typing import Any, NamedTuple

MANIFEST, SIGNATURE, PUBLIC_KEY = "manifest.json", "manifest.json.sig", "public_key.pem"
FORMAT, FORMAT_VERSION = "jingjinji-delivery", 1
FIELD_FACTS = ("unit", "codes", "zh", "en", "definition", "how")
CHANGES = ("insert", "update", "retract")


class CannotCheck(Exception):
    """The folder cannot be checked at all, for a reason that says nothing about its data."""


class Finding(NamedTuple):
    """One line of the result. `is_ok` None: nothing wrong, but something for you to do."""

    is_ok: bool | None
    zh: str
    en: str

    def line(self) -> str:
        """For people."""
        mark = {True: "✓", False: "✗", None: "!"}[self.is_ok]
        return f"{mark} {self.zh} / {self.en}"


def verify(folder: Path, key: str | None = None) -> list[Finding]:
    """Check everything the manifest says of a delivery.

    Args:
        folder: The delivery.
        key: Path of the public key, or its fingerprint (hex sha256 of the 32 key bytes); None to use the folder's own.

    Returns:
        Findings; the delivery is good when none has `is_ok` False.

    Raises:
        CannotCheck: No manifest, another format, or a library is missing.
    """
    manifest_bytes = _read(folder / MANIFEST)
    signed = _check_signature(folder, manifest_bytes, key)
    if any(finding.is_ok is False for finding in signed):
        return signed  # what an unsigned manifest says is worth nothing
    manifest = _parse(manifest_bytes)
    files = _check_files(folder, manifest)
    findings = signed + files
    if any(finding.is_ok is False for finding in files):
        return findings
    for name, dataset in manifest["datasets"].items():
        findings += _check_dataset(folder, name, dataset)
    return findings


def fingerprint(raw_key: bytes) -> str:
    """Hex sha256 of the 32 bytes of an Ed25519 public key."""
    return hashlib.sha256(raw_key).hexdigest()


def control_totals(parquet: Path) -> dict[str, dict[str, Any]]:
    """column -> `non_null` count, and for numbers the exact `sum` as text (floats: correctly rounded)."""
    file = _parquet(parquet)
    totals = {}
    for field in file.schema_arrow:
        totals[field.name] = _column_totals(file, field)
    return totals


def described_schema(parquet: Path) -> list[dict[str, str]]:
    """Name, type and facts of each field, as the file itself carries them."""
    described = []
    for field in _parquet(parquet).schema_arrow:
        facts = {k.decode(): v.decode() for k, v in (field.metadata or {}).items()}
        described.append(
            {"name": field.name, "type": str(field.type)} | {k: facts[k] for k in FIELD_FACTS if k in facts}
        )
    return described


def change_counts(parquet: Path) -> dict[str, int]:
    """How many rows of each kind a changes file holds."""
    counts: Counter[str] = Counter()
    for batch in _parquet(parquet).iter_batches(columns=["change"]):
        counts.update(batch.column(0).to_pylist())
    return {kind: counts.pop(kind, 0) for kind in CHANGES} | dict(counts)


def sha256_of(path: Path) -> str:
    """Hex sha256 of a file's bytes."""
    digest = hashlib.sha256()
    with path.open("rb") as stream:
        while block := stream.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()


def load_public_key(pem: bytes) -> Any:
    """An Ed25519 public key from PEM."""
    try:
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
        from cryptography.hazmat.primitives.serialization import load_pem_public_key
    except ImportError as error:
        raise CannotCheck(
            "缺少 cryptography，请安装：pip install cryptography / cryptography is not installed"
        ) from error
    try:
        loaded = load_pem_public_key(pem)
    except ValueError as error:
        raise CannotCheck("公钥文件无法读取 / the public key cannot be read") from error
    if not isinstance(loaded, Ed25519PublicKey):
        raise CannotCheck("公钥不是 Ed25519 / the public key is not an Ed25519 key")
    return loaded


def _check_signature(folder: Path, manifest: bytes, key: str | None) -> list[Finding]:
    from_file = key is not None and Path(key).is_file()
    public = load_public_key(_read(Path(str(key)) if from_file else folder / PUBLIC_KEY))
    seen = fingerprint(public.public_bytes_raw())
    if key is not None and not from_file and seen != _normal_fingerprint(key):
        return [
            Finding(False, f"交付包的公钥不是所给的公钥（指纹 {seen}）", "the folder's key is not the key you named")
        ]
    try:
        public.verify(_read(folder / SIGNATURE), manifest)
    except Exception as error:
        if type(error).__name__ != "InvalidSignature":
            raise
        return [Finding(False, "清单签名不符：清单被改动，或由他人签名", "the signature of the manifest is wrong")]
    good = Finding(True, f"清单签名相符，公钥指纹 {seen}", "the manifest is as signed")
    if key is not None:
        return [good]
    ask = "未指定公钥：请将上面的指纹与提供方另行告知的指纹核对，或加 --key"
    return [good, Finding(None, ask, "no --key given: compare the fingerprint with the one the provider told you")]


def _normal_fingerprint(text: str) -> str:
    found = re.sub(r"[\s:]", "", text.lower().removeprefix("sha256:"))
    if not re.fullmatch(r"[0-9a-f]{64}", found):
        raise CannotCheck(f"--key {text}：既不是文件也不是指纹（64 位十六进制）/ neither a file nor a fingerprint")
    return found


def _check_files(folder: Path, manifest: dict[str, Any]) -> list[Finding]:
    wanted = manifest["files"]
    findings = []
    there = {
        path.relative_to(folder).as_posix(): path
        for path in folder.rglob("*")
        if path.is_symlink() or not path.is_dir()
    }
    for name in sorted(wanted.keys() - there.keys()):
        findings.append(Finding(False, f"缺少文件 {name}", f"file {name} is missing"))
    for name in sorted(there.keys() - wanted.keys() - {MANIFEST, SIGNATURE}):
        findings.append(Finding(False, f"多出文件 {name}，不在清单中", f"file {name} is not in the manifest"))
    for name in _extra_folders(folder, wanted):
        findings.append(Finding(False, f"多出文件夹 {name}，不在清单中", f"folder {name} is not in the manifest"))
    for name in sorted(wanted.keys() & there.keys()):
        path = there[name]
        if (
            path.is_symlink()
            or path.stat().st_size != wanted[name]["bytes"]
            or sha256_of(path) != wanted[name]["sha256"]
        ):
            findings.append(Finding(False, f"文件被改动：{name}", f"file {name} was changed"))
    if findings:
        return findings
    return [Finding(True, f"{len(wanted)} 个文件齐全，sha256 相符", f"all {len(wanted)} files are there and unchanged")]


def _extra_folders(folder: Path, wanted: dict[str, Any]) -> list[str]:
    """Folders that hold none of the signed files, also empty ones."""
    expected = {parent.as_posix() for name in wanted for parent in PurePosixPath(name).parents}
    there = {
        path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_dir() and not path.is_symlink()
    }
    return sorted(there - expected)


def _check_dataset(folder: Path, name: str, dataset: dict[str, Any]) -> list[Finding]:
    data, changes = folder / dataset["files"]["data"], folder / dataset["files"]["changes"]
    rows = _parquet(data).metadata.num_rows
    checks = [
        ("行数", "row count", dataset["rows"], rows),
        ("字段、类型、单位与代码表", "schema", dataset["schema"], described_schema(data)),
        ("控制总数", "control totals", dataset["control_totals"], control_totals(data)),
        ("变更行数", "change counts", dataset["changes"], change_counts(changes)),
        ("变更文件字段", "schema of the changes", dataset["schema"], described_schema(changes)[1:]),
    ]
    wrong = [
        Finding(False, f"{name}：{zh}不符", f"{name}: {en} differ from the manifest")
        for zh, en, wanted, got in checks
        if wanted != got
    ]
    changes_told = "，".join(f"{kind} {count}" for kind, count in dataset["changes"].items())
    told = f"{name}：{rows} 行，字段、控制总数与变更（{changes_told}）相符"
    return wrong or [Finding(True, told, f"{name}: {rows} rows, schema, totals and changes as in the manifest")]


def _column_totals(file: Any, field: Any) -> dict[str, Any]:
    import pyarrow as pa
    import pyarrow.compute as pc

    columns = [batch.column(0) for batch in file.iter_batches(columns=[field.name])]
    totals: dict[str, Any] = {"non_null": sum(len(column) - column.null_count for column in columns)}
    if pa.types.is_floating(field.type):
        totals["sum"] = repr(
            math.fsum(value for column in columns for value in column.to_pylist() if value is not None)
        )
    elif pa.types.is_integer(field.type) or pa.types.is_decimal(field.type):
        exact = field.type if pa.types.is_decimal(field.type) else pa.decimal128(38, 0)
        sums = (pc.sum(column.cast(exact)).as_py() for column in columns)
        totals["sum"] = str(sum(part for part in sums if part is not None))
    return totals


def _parquet(path: Path) -> Any:
    try:
        import pyarrow.parquet as pq
    except ImportError as error:
        raise CannotCheck("缺少 pyarrow，请安装：pip install pyarrow / pyarrow is not installed") from error
    return pq.ParquetFile(path)


def _parse(manifest_bytes: bytes) -> dict[str, Any]:
    manifest = json.loads(manifest_bytes)
    if (manifest.get("format"), manifest.get("format_version")) != (FORMAT, FORMAT_VERSION):
        raise CannotCheck("清单格式版本不同，请索取新的校验程序 / another manifest format: ask for the newer verifier")
    return dict(manifest)


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise CannotCheck(
            f"无法读取 {path.name}：不是交付包，或不完整 / cannot read {path}: {error.strerror}"
        ) from error


def main(arguments: list[str] | None = None) -> int:
    """Print the findings; returns the exit code."""
    parser = argparse.ArgumentParser(description="校验交付包 / verify a delivery")
    parser.add_argument("folder", type=Path, help="交付包文件夹 / folder of the delivery")
    parser.add_argument("--key", help="公钥文件（.pem）或指纹 / public key file or its fingerprint")
    given = parser.parse_args(arguments)
    try:
        findings = verify(given.folder, given.key)
    except CannotCheck as error:
        print(f"! 无法校验 / cannot be checked: {error}", file=sys.stderr)
        return 2
    for finding in findings:
        print(finding.line())
    is_good = all(finding.is_ok is not False for finding in findings)
    print("结论：与签名清单一致 / RESULT: as signed" if is_good else "结论：不可信，请勿使用 / RESULT: do not use")
    return 0 if is_good else 1


if __name__ == "__main__":
    sys.exit(main())
