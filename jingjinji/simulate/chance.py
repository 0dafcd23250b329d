"""Chance that depends on nothing but a seed and a key: the same key gives the same numbers, in any order and in any process."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from random import Random
from typing import TypeVar

T = TypeVar("T")


def chance(*key: object) -> Random:
    """A generator of its own for each key, for example `chance(seed, "accident", region, year, 17)`."""
    digest = hashlib.blake2b("\x1f".join(map(str, key)).encode(), digest_size=8).digest()
    return Random(int.from_bytes(digest))


def share_of(*key: object) -> float:
    """A number in [0, 1) that belongs to the key; cheaper than a generator where one number is enough."""
    digest = hashlib.blake2b("\x1f".join(map(str, key)).encode(), digest_size=7).digest()
    return int.from_bytes(digest) / (1 << 56)


def weighted(rng: Random, table: Sequence[tuple[T, float]]) -> T:
    """One of the values of (value, weight) pairs."""
    at = rng.random() * sum(weight for _, weight in table)
    for value, weight in table:
        at -= weight
        if at < 0:
            return value
    return table[-1][0]


def largest_remainder(total: int, weights: Sequence[float]) -> list[int]:
    """Whole shares of `total` in proportion to `weights`, adding up to it exactly (Hare–Niemeyer).

    Args:
        total: what is shared out, in whole smallest units.
        weights: one per share, not all 0 unless `total` is 0.

    Returns:
        One whole number per weight; ties go to the earlier one.
    """
    whole = sum(weights)
    if not weights or whole <= 0:
        if total:
            raise ValueError(f"{total} cannot be shared out by weights that add up to {whole}")
        return [0] * len(weights)
    exact = [total * weight / whole for weight in weights]
    shares = [int(value) for value in exact]
    by_remainder = sorted(range(len(weights)), key=lambda i: (shares[i] - exact[i], i))
    for i in by_remainder[: total - sum(shares)]:
        shares[i] += 1
    return shares
