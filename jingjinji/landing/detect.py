"""What the bytes of a file really are, whatever its name says. Detected here; what they mean is declared by the feed."""

from __future__ import annotations

import codecs
import zipfile
from dataclasses import dataclass
from pathlib import Path

from jingjinji.landing import scanning

LARGE = 4 << 20  # bytes of a delivery from which on its rows are not kept in memory
PACKED = 16  # times a workbook grows, about, when it is unpacked
XLSX_LIMIT = 1 << 30  # bytes a workbook may unpack to; more is taken for a bomb
BOMS = {codecs.BOM_UTF8: "utf-8-sig", codecs.BOM_UTF16_LE: "utf-16", codecs.BOM_UTF16_BE: "utf-16"}


@dataclass(frozen=True)
class Detected:
    """Real format (`xlsx`, `xls`, `json`, `csv`) and, for text, the encoding that decodes every byte."""

    format: str
    encoding: str | None


class UnreadableError(ValueError):
    """The bytes cannot be read at all. `code` is the refusal code, the message is for the sender (Chinese)."""

    def __init__(self, code: str, message: str, fix: str) -> None:
        super().__init__(message)
        self.code, self.message, self.fix = code, message, fix


def is_large(path: Path) -> bool:
    """Whether the rows of a file are kept on disk while they are judged."""
    with path.open("rb") as raw:
        is_packed = raw.read(2) == b"PK"
    return path.stat().st_size * (PACKED if is_packed else 1) >= LARGE


def detect(path: Path, declared_encoding: str = "utf-8") -> Detected:
    """Look at the bytes of `path`.

    Args:
        path: the received file.
        declared_encoding: tried before others when the text has no byte-order mark.

    Raises:
        UnreadableError: empty file, damaged workbook, or text that neither UTF-8 nor GB18030 decodes.
    """
    head = path.open("rb").read(8)
    if not head.strip(b"\xef\xbb\xbf\xff\xfe \t\r\n") and not path.read_bytes().strip(b"\xef\xbb\xbf\xff\xfe \t\r\n"):
        fix = "无灾情、无事故时请报送只有表头的“零报告”，或重新导出后再报"
        raise UnreadableError("F01", f"文件是空的（{path.stat().st_size}字节）", fix)
    if head.startswith(b"PK"):
        _check_workbook(path)
        return Detected("xlsx", None)
    if head.startswith(b"\xd0\xcf\x11\xe0"):
        return Detected("xls", None)
    encoding = _encoding(path, declared_encoding)
    with path.open(encoding=encoding) as text:
        start = text.read(4096).lstrip()
    return Detected("json" if start[:1] in ("{", "[") else "csv", encoding)


def _check_workbook(path: Path) -> None:
    try:
        with zipfile.ZipFile(path) as archive:
            size = sum(entry.file_size for entry in archive.infolist())
            names = set(archive.namelist())
    except zipfile.BadZipFile as error:
        message = "工作簿不完整或已损坏，无法打开（可能上传中断）"
        raise UnreadableError("F02", message, "请在Excel中确认能打开，另存为xlsx后重新报送") from error
    if size > XLSX_LIMIT:
        raise UnreadableError("F10", f"工作簿解压后有{size}字节，超过上限{XLSX_LIMIT}", "请拆分后报送")
    if "[Content_Types].xml" not in names:
        raise UnreadableError("F02", "文件是压缩包，不是工作簿", "请解压后报送其中的表格文件")


def _encoding(path: Path, declared: str) -> str:
    with path.open("rb") as raw:
        head = raw.read(4)
    marked = [encoding for bom, encoding in BOMS.items() if head.startswith(bom)]
    faults = []
    # UTF-8 first whatever was declared: GB18030 text is practically never valid UTF-8, the reverse often is.
    for encoding in marked or dict.fromkeys(("utf-8", declared, "gb18030")):
        fault = _first_undecodable(path, encoding)
        if fault is None:
            return encoding
        faults.append(f"{encoding}：{fault}")
    message = "文字编码无法识别（" + "；".join(faults) + "）"
    raise UnreadableError("F03", message, "请另存为UTF-8或GB18030编码后重新报送")


def _first_undecodable(path: Path, encoding: str) -> str | None:
    if encoding == "utf-8" and path.stat().st_size > scanning.BLOCK and scanning.is_text(path):
        return None
    decoder = codecs.getincrementaldecoder(encoding)("strict")
    line = 1
    with path.open("rb") as raw:
        while block := raw.read(1 << 20):
            try:
                text = decoder.decode(block)
            except UnicodeDecodeError as error:
                bad_line = line + error.object[: error.start].count(b"\n")
                return f"第{bad_line}行有无法解码的字节0x{error.object[error.start]:02X}"
            if "\x00" in text:
                return "含有空字节，不是文本文件"
            line += block.count(b"\n")
    try:
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return "文件在一个字符中间截断"
    return None
