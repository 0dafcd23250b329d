"""One file → its facts. Runs inside a limited child process: a file may be anything, a bomb included."""

from __future__ import annotations

import zipfile
from pathlib import Path

from jingjinji.contracts import Contracts
from jingjinji.inspecting import matching
from jingjinji.inspecting.facts import FileFacts
from jingjinji.inspecting.opening import RawTable, delimiter_of, open_delimited, open_json, open_workbook
from jingjinji.inspecting.persons import shown_file_name
from jingjinji.inspecting.tables import table_facts
from jingjinji.landing import secrecy
from jingjinji.landing.detect import Detected, UnreadableError, detect

EXPECTED = {
    ".csv": "csv",
    ".txt": "csv",
    ".tsv": "csv",
    ".json": "json",
    ".xlsx": "xlsx",
    ".xlsm": "xlsx",
    ".xls": "xls",
}
# Workbooks that inspection can read and landing does not take.
READ_ALL_THE_SAME = ("xlsb", "ods")
LINE_ENDS = {"CRLF": "\r\n", "LF": "\n", "CR": "\r"}
# Encodings tried when neither UTF-8 nor GB18030 decodes every byte; only to show what the file might be.
GUESSED = ("big5hkscs", "shift_jis", "latin-1")
OTHERS = {
    b"%PDF": "pdf",
    b"\x1f\x8b": "gzip",
    b"Rar!": "rar",
    b"7z\xbc\xaf": "7z",
    b"SQLite": "sqlite",
    b"PAR1": "parquet",
}
INSIDE_ZIP = {
    "xl/workbook.bin": "xlsb",
    "content.xml": "ods",
    "word/document.xml": "docx",
    "ppt/presentation.xml": "pptx",
}


def examine(path: Path, contracts: Contracts, names: matching.Names, dataset: str | None = None) -> FileFacts:
    """Everything an inspection says about one file.

    Args:
        path: the file; read only.
        contracts: standards and feeds it is compared with.
        names: `matching.agreed_names(contracts)`.
        dataset: compare with this standard only.
    """
    facts = FileFacts(
        name=shown_file_name(path.name),
        size_bytes=path.stat().st_size,
        extension=path.suffix.lower(),
        format="unknown",
    )
    if other := _other_format(path):
        note = f"是{other}，不是表格数据；请转为 xlsx、csv 或 json"
        if other not in READ_ALL_THE_SAME:
            return facts.model_copy(update={"format": other, "findings": (note,), "is_readable": False})
    try:
        detected = detect(path)
    except UnreadableError as error:
        if other is None and error.code == "F03":
            return _guessed(facts, path, error, contracts, names, dataset)
        if other is None or error.code != "F02":
            return facts.model_copy(update={"findings": (f"{error.message}。{error.fix}",), "is_readable": False})
        detected = Detected(other, None)
    facts = facts.model_copy(update=_bytes_facts(path, Detected(other or detected.format, detected.encoding)))
    try:
        secrecy.refuse_secret(path, detected)
    except UnreadableError as error:
        found = f"{error.message.split('；')[0]}：没有读取，也不显示任何内容"
        return facts.model_copy(update={"findings": (*facts.findings, found), "is_marked_secret": True})
    return _with_tables(facts, path, contracts, names, dataset)


def unreadable(path: Path, finding: str) -> FileFacts:
    """What can be said of a file that could not be read."""
    extension = path.suffix.lower()
    size = path.stat().st_size
    return FileFacts(
        name=shown_file_name(path.name),
        size_bytes=size,
        extension=extension,
        format=_format_of(path),
        findings=(finding,),
        is_readable=False,
    )


def _format_of(path: Path) -> str:
    """The format as far as the first bytes tell it."""
    try:
        other = _other_format(path)
        with path.open("rb") as raw:
            head = raw.read(512)
    except OSError:
        return "unknown"
    magic = {b"PK": "xlsx", b"\xd0\xcf\x11\xe0": "xls"}
    if known := other or next((name for start, name in magic.items() if head.startswith(start)), None):
        return known
    if head.lstrip(b"\xef\xbb\xbf \t\r\n").startswith((b"{", b"[")):
        return "json"
    return "unknown" if b"\x00" in head else "csv"


def _with_tables(
    facts: FileFacts, path: Path, contracts: Contracts, names: matching.Names, dataset: str | None
) -> FileFacts:
    try:
        raw, extra = _open(path, facts)
    except Exception as error:  # a foreign file may break any reader; its message may quote the content
        note = f"读取失败（{type(error).__name__}）：文件可能损坏、有密码或被截断"
        return facts.model_copy(update={"findings": (*facts.findings, note), "is_readable": False})
    tables = tuple(table_facts(table, facts.format, contracts, names, dataset) for table in raw)
    return facts.model_copy(update={"tables": tables} | extra)


def _open(path: Path, facts: FileFacts) -> tuple[list[RawTable], dict[str, str]]:
    if facts.format in ("xlsx", "xls", "xlsb", "ods"):
        return open_workbook(path, facts.format), {}
    encoding = facts.encoding or "utf-8"
    if facts.format == "json":
        return [open_json(path, encoding)], {}
    delimiter = delimiter_of(path, encoding)
    return [open_delimited(path, encoding, delimiter)], {"delimiter": delimiter}


# ---------------------------------------------------------------- bytes


def _other_format(path: Path) -> str | None:
    """What the file is when it is no table of text, JSON or workbook that landing reads; None when it may be one."""
    with path.open("rb") as raw:
        head = raw.read(512)
    if found := next((name for magic, name in OTHERS.items() if head.startswith(magic)), None):
        return found
    start = head.lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if start.startswith((b"<html", b"<!doctype html", b"<table")):
        return "html"
    if start.startswith(b"<?xml") or start.startswith(b"<"):
        return "xml"
    if not head.startswith(b"PK"):
        return None
    try:
        with zipfile.ZipFile(path) as archive:
            inside = set(archive.namelist())
    except zipfile.BadZipFile:
        return None
    found = next((name for part, name in INSIDE_ZIP.items() if part in inside), None)
    return found or (None if "xl/workbook.xml" in inside or "[Content_Types].xml" in inside else "zip")


def _bytes_facts(path: Path, detected: Detected) -> dict[str, object]:
    findings = []
    if detected.format in READ_ALL_THE_SAME:
        findings.append(f"是{detected.format}工作簿，不能直接报送；请另存为xlsx")
    elif EXPECTED.get(path.suffix.lower()) != detected.format:
        findings.append(f"扩展名是{path.suffix or '（无）'}，内容实际是{detected.format}")
    facts: dict[str, object] = {"format": detected.format, "encoding": detected.encoding}
    if detected.encoding:
        with path.open("rb") as raw:
            head = raw.read(1 << 20)
        sample = head.decode(detected.encoding, errors="ignore")
        line_end = next((name for name, end in LINE_ENDS.items() if end in sample), None)
        confidence = _confidence(path, detected.encoding)
        facts |= {
            "encoding_confidence": confidence, "line_end": line_end,
            "has_bom": detected.encoding in ("utf-8-sig", "utf-16"),
        }  # fmt: skip
        if confidence < 0.5:
            findings.append(f"按{detected.encoding}能解码，但多是生僻字，可能是别的编码")
    return facts | {"findings": tuple(findings)}


def _confidence(path: Path, encoding: str) -> float:
    """UTF-8 with other than ASCII decodes by chance practically never; GB18030 does, so its characters are looked at."""
    with path.open(encoding=encoding, errors="ignore", newline="") as text:
        sample = text.read(1 << 18)
    foreign = [character for character in sample if not character.isascii()]
    if encoding != "gb18030" or not foreign:
        return 1.0
    common = sum(_is_common(character) for character in foreign)
    return round(common / len(foreign), 2)


def _is_common(character: str) -> bool:
    """Whether GB 2312 holds it: everyday Chinese and its punctuation."""
    try:
        return bool(character.encode("gb2312"))
    except UnicodeEncodeError:
        return False


def _guessed(
    facts: FileFacts,
    path: Path,
    error: UnreadableError,
    contracts: Contracts,
    names: matching.Names,
    dataset: str | None,
) -> FileFacts:
    """Text that neither UTF-8 nor GB18030 decodes: shown in the encoding it might be, with little confidence."""
    sample = path.read_bytes()[: 1 << 20] if facts.size_bytes < 1 << 26 else path.open("rb").read(1 << 20)
    if b"\x00" in sample:
        note = "是二进制文件，不是文字表格"
        return facts.model_copy(update={"format": "binary", "findings": (note,), "is_readable": False})
    encoding = next(e for e in GUESSED if _decodes(sample[:-4] or sample, e))
    update = {
        "format": "csv", "encoding": encoding, "encoding_confidence": 0.3 if encoding != "latin-1" else 0.1,
        "findings": (f"{error.message}；暂按{encoding}显示，不能直接报送。{error.fix}",),
    }  # fmt: skip
    return _with_tables(facts.model_copy(update=update), path, contracts, names, dataset)


def _decodes(sample: bytes, encoding: str) -> bool:
    try:
        sample.decode(encoding)
    except UnicodeDecodeError as error:
        return error.start > len(sample) - 4
    return True
