"""Bytes are looked for a block at a time: what lies on the edge of two blocks is found like anything else."""

from __future__ import annotations

from pathlib import Path

import pytest

from jingjinji.landing import scanning

BLOCK = scanning.BLOCK
SIZES = (100, BLOCK, BLOCK + 1, 2 * BLOCK + 7)
PLACES = (0, 97, BLOCK - 3, BLOCK - 2, BLOCK - 1, BLOCK, 2 * BLOCK - 1, 2 * BLOCK + 4)


def written(folder: Path, size: int, part: bytes, at: int, filler: bytes = b"a") -> Path:
    """A file of `size` bytes that has `part` at one place."""
    path = folder / "bytes"
    content = bytearray(filler * size)
    content[at : at + len(part)] = part
    path.write_bytes(content)
    return path


@pytest.mark.parametrize(("size", "at"), [(size, at) for size in SIZES for at in PLACES if at + 3 <= size])
def test_needles_are_found_wherever_they_stand(tmp_path: Path, size: int, at: int) -> None:
    path = written(tmp_path, size, "密".encode(), at)
    assert scanning.contains(path, "密".encode())
    assert scanning.contains(path, b"nowhere", b"\x86")
    assert not scanning.contains(path, "秘".encode(), b"\n\n", b"longer than a character")
    assert not scanning.contains(written(tmp_path, size, b"", 0), "密".encode())


@pytest.mark.parametrize("character", ["é", "密", "𠮷"])
@pytest.mark.parametrize("before", range(5))
def test_a_character_over_the_edge_of_two_blocks_is_text(tmp_path: Path, character: str, before: int) -> None:
    whole = character.encode()
    place = BLOCK - before
    assert scanning.is_text(written(tmp_path, 2 * BLOCK + 9, whole, place))
    assert scanning.is_text(written(tmp_path, place + len(whole), whole, place))


@pytest.mark.parametrize("before", range(5))
@pytest.mark.parametrize(
    "part",
    [
        pytest.param(b"\x86", id="middle of a character alone"),
        pytest.param("密".encode()[:2], id="character cut short"),
        pytest.param("密".encode() + b"\x86", id="one byte too many"),
        pytest.param(b"\x86" * 9, id="nothing that begins a character"),
        pytest.param(b"\xff", id="byte of no character"),
        pytest.param(b"\x00", id="zero"),
    ],
)
def test_what_is_no_text_is_found_at_the_edge_of_two_blocks(tmp_path: Path, part: bytes, before: int) -> None:
    place = BLOCK - before
    assert not scanning.is_text(written(tmp_path, 2 * BLOCK + 9, part, place))
    assert not scanning.is_text(written(tmp_path, place + len(part), part, place))


def test_text_of_many_characters_of_all_lengths(tmp_path: Path) -> None:
    path = tmp_path / "bytes"
    for shift in range(10):
        path.write_bytes(b"a" * shift + ("é密𠮷a" * (BLOCK // 4)).encode())
        assert scanning.is_text(path)
