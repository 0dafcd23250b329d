"""The gate for secrecy markings: a file that carries one is refused whole, wherever in it the marking stands.

Source: 政务数据共享条例（国务院令第809号）第三条: state and work secrets are outside of sharing.
"""

from __future__ import annotations

import codecs
import contextlib
import html
import io
import json
import re
import zipfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from jingjinji.landing import biff, scanning
from jingjinji.landing.detect import Detected, UnreadableError

NOT_SECRET = ("非密", "公开", "无", "内部公开", "")
MARKING = re.compile(
    r"密级[：:]\s*(?!非密|公开|无|内部公开)\S"  # 密级：X
    r"|^\s*(?:密级)?\s*(?:绝密|机密|秘密)\s*(?:$|[★☆级\d\s])"  # a cell that is the marking
    r"|(?:绝密|机密|秘密)\s*[★☆]"  # 秘密★10年 anywhere
)
SHARED_TEXTS = (
    "xl/sharedstrings.xml"  # the part of a workbook with the texts that cells refer to, however it is capitalised
)
UNSEARCHED = "xl/calcchain.xml"  # as large as a sheet, and nothing but places of cells
SIGNS = ("密".encode(), b"&#")  # 密 may be written as a number
WORDS = tuple(word.encode() for word in ("密级", "绝密", "机密", "秘密"))
IN_RUNS = (b"<r>", b":r>")  # a text in several formats stands in as many pieces
WITH_RUNS = re.compile(rb"<((?:\w+:)?(?:si|is|text|p))\b[^>]*>(.*?)</\1>", re.DOTALL)
PHONETIC = re.compile(rb"<((?:\w+:)?rPh)\b.*?</\1>", re.DOTALL)
DECLARED = re.compile(rb"""\s*<\?xml[^>]*\bencoding=["']([\w.-]+)""")
PAGE_CODE = re.compile(r'&(?:[LCR]|"[^"]*"|\d+|[A-Z])')  # of headers and footers: where, and in which letters
DOCUMENT_LIMIT = 1 << 26  # bytes of JSON that are parsed whole; larger ones are searched as text


def refuse_secret(path: Path, detected: Detected) -> None:
    """Search every text of the file.

    Raises:
        UnreadableError: F08, a marking other than 非密 was found; nothing of the content may be kept.
    """
    refuse_marked(_texts(path, detected))


def refuse_marked(texts: Iterable[str]) -> None:
    """The same for texts already at hand, one cell each."""
    if any(MARKING.search(text) for text in texts):
        message = "文件标有非“非密”的密级，本平台只接收非密数据；未保存内容，只记录了哈希值和大小"
        raise UnreadableError("F08", message, "请按保密规定处理该文件，不要通过本平台传输")


def marks_of_column(values: Iterable[str | None]) -> Iterator[str]:
    """The values of a column 密级 as texts that `refuse_marked` understands."""
    return (f"密级：{value.strip()}" for value in values if value and value.strip() not in NOT_SECRET)


def _texts(path: Path, detected: Detected) -> Iterator[str]:
    """Every text in which a marking could stand. Files without the character 密 give none, at the speed of a byte search."""
    if detected.format == "xlsx":
        yield from _workbook_texts(path)
    elif detected.format == "xls":
        yield from _old_workbook_texts(path)
    elif not _may_be_marked(path, detected.encoding or "utf-8", detected.format == "json"):
        return
    elif detected.format == "json" and path.stat().st_size <= DOCUMENT_LIMIT:
        yield from _document_texts(path, detected.encoding or "utf-8")
    else:
        with path.open(encoding=detected.encoding) as lines:
            for line in lines:
                if "密" in line:
                    yield line
                    yield from re.split(r"[,;\t\"\r\n]", line)


def _may_be_marked(path: Path, encoding: str, is_json: bool) -> bool:
    """Whether 密 stands in the bytes at all, as itself or as JSON may write it, or the English name of such a field in JSON."""
    if encoding.startswith("utf-16"):
        return True
    signs = ("密".encode(encoding.removesuffix("-sig")), *((b"\\u5bc6", b"\\u5BC6", b"secrecy") if is_json else ()))
    return scanning.contains(path, *signs)


def _workbook_texts(path: Path) -> Iterator[str]:
    with zipfile.ZipFile(path) as archive:
        for part in filter(is_searched, archive.namelist()):
            yield from texts_of_part(archive.read(part))


def is_searched(part: str) -> bool:
    """Whether texts may stand in a part of a workbook: cells, comments, boxes, headers, names."""
    return part.lower().endswith((".xml", ".rels", ".vml")) and part.lower() != UNSEARCHED


def texts_of_part(content: bytes) -> Iterator[str]:
    """The texts of a part of a workbook in which a marking could stand: those between tags and those of attributes."""
    content = _as_utf8(content)
    if not scanning.holds(content, *SIGNS):
        return
    if b"<!" in content:
        content = re.sub(rb"<!--.*?-->", b"", content, flags=re.DOTALL)
        content = re.sub(
            rb"<!\[CDATA\[(.*?)\]\]>", lambda m: html.escape(m.group(1).decode()).encode(), content, flags=re.DOTALL
        )
    for text in map(_plain, _places_of(content, *WORDS, b"&#")):
        yield text
        if text.startswith("&"):
            yield from PAGE_CODE.split(text)
    if any(sign in content for sign in IN_RUNS):
        for _, inner in WITH_RUNS.findall(content):
            if any(sign in inner for sign in SIGNS):
                yield _plain(re.sub(rb"<[^>]*>", b"", PHONETIC.sub(b"", inner)))


def _as_utf8(content: bytes) -> bytes:
    """calamine does not read any other encoding, but what is in it must not be kept either."""
    declared = DECLARED.match(content[:200])
    encoding = "utf-16" if content[:2] in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE) else "utf-8"
    encoding = declared.group(1).decode() if declared else encoding
    if encoding.lower() in ("utf-8", "us-ascii", "ascii"):
        return content
    try:
        return content.decode(encoding, errors="replace").encode(errors="replace")
    except LookupError:
        return content


def _places_of(content: bytes, *signs: bytes) -> set[bytes]:
    """The texts between two tags, or of the attributes of one, in which a sign stands."""
    found = set()
    for sign in signs:
        at = content.find(sign)
        while at >= 0:
            start = content.rfind(b">", 0, at) + 1
            ends = [end for mark in (b"<", b">") if (end := content.find(mark, at)) >= 0]
            end = min(ends, default=len(content))
            text = content[start:end]
            found |= set(re.findall(rb"""["']([^"']*)["']""", text)) if b"<" in text else {text}
            at = content.find(sign, end)
    return found


def _plain(text: bytes) -> str:
    return html.unescape(text.decode("utf-8", errors="replace"))


def _old_workbook_texts(path: Path) -> Iterator[str]:
    """What cannot be opened gives no texts: the reader says so."""
    yield from texts_of_cells(path)
    with contextlib.suppress(UnreadableError):
        for text in biff.read(path).texts:
            yield text
            yield from PAGE_CODE.split(text)


def texts_of_cells(path: Path) -> Iterator[str]:
    """The texts with 密 of any workbook that calamine opens."""
    import python_calamine as calamine

    with contextlib.suppress(calamine.CalamineError, OSError):
        book = calamine.load_workbook(io.BytesIO(path.read_bytes()))  # by its content, whatever its name says
        for name in book.sheet_names:
            with contextlib.suppress(calamine.CalamineError):
                for row in book.get_sheet_by_name(name).to_python(skip_empty_area=True):
                    yield from (cell for cell in row if type(cell) is str and "密" in cell)


def _document_texts(path: Path, encoding: str) -> Iterator[str]:
    content = path.read_text(encoding=encoding)
    try:
        yield from _walk(json.loads(content))
    except ValueError:  # not whole: the reader says so; the marking is looked for all the same
        yield from re.split(r"[\",\r\n]", content)


def _walk(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for key, inner in value.items():
            if isinstance(inner, str) and key.strip() in ("密级", "secrecy", "secrecy_level"):
                yield from marks_of_column([inner])
            yield key
            yield from _walk(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _walk(inner)
    elif isinstance(value, str):
        yield value
