"""Checks of what callers pass to `describe` and `find_pictures`: a wrong word is told which words there are."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any, Literal

Pages = Literal["each", "together"]
"""A question about each page or frame of a file, or one about all of them."""
OnError = Literal["raise", "keep"]
"""What becomes of what cannot be read below a folder."""

DEFAULT_NEAR_BITS = 4
"""Of 64, in which the hashes of pictures that look alike differ."""
MOST_NEAR_BITS = 16
"""Of unlike pictures half of them differ, give or take 4."""


def globs_of(name: str, value: Iterable[str]) -> tuple[str, ...]:
    """Raises TypeError for a string, which would be a list of its letters, and for anything else that is none."""
    if isinstance(value, str):
        raise TypeError(f"{name} takes a list of globs: [{json.dumps(value, ensure_ascii=False)}]")
    globs = tuple(value) if isinstance(value, Iterable) and not isinstance(value, bytes) else None
    if globs is None or not all(isinstance(glob, str) for glob in globs):
        raise TypeError(f'{name} is {value!r}; it takes a list of globs, such as ["*.png"]')
    return globs


def require_word(name: str, value: object, allowed: Iterable[str]) -> None:
    words = tuple(allowed)
    if value not in words:
        raise ValueError(f"{name} is {value!r}; it must be {' or '.join(map(json.dumps, words))}")


def require_count(name: str, value: Any) -> None:
    """At least 1."""
    if not isinstance(value, int) or isinstance(value, bool):
        raise TypeError(f"{name} is {value!r}; it must be a whole number, 1 or more")
    if value < 1:
        raise ValueError(f"{name} is {value}; it must be 1 or more")


def require_near_bits(value: Any) -> None:
    """How many bits of two hashes may differ."""
    if not isinstance(value, int) or isinstance(value, bool):
        raise TypeError(f"near_bits is {value!r}; it must be a whole number from 0 to {MOST_NEAR_BITS}")
    if not 0 <= value <= MOST_NEAR_BITS:
        raise ValueError(f"near_bits is {value}; it must be from 0 to {MOST_NEAR_BITS}")


def require_seconds(name: str, value: Any) -> None:
    if not isinstance(value, (int, float)) or isinstance(value, bool):
        raise TypeError(f"{name} is {value!r}; it must be a number of seconds, 0 or more")
    if not value >= 0:
        raise ValueError(f"{name} is {value}; it must be 0 seconds or more")
