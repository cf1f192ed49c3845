"""Globs over the names of files: `*` and `?` stop at a slash, `**` does not, and case never counts.

Nor does Unicode normalization: macOS stores accents decomposed (NFD), keyboards and config files compose them (NFC).
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from functools import cached_property

_WILD = re.compile(r"[*?[]")


def has_wildcards(text: str) -> bool:
    return _WILD.search(text) is not None


class Globs:
    """Any of several globs, matched against the slashed path of a file below its folder.

    One without a slash fits a name at any depth, one with a slash begins at the folder. What fits a folder fits all
    that is in it.
    """

    def __init__(self, globs: Iterable[str]) -> None:
        self._globs = tuple(_composed(glob) for glob in globs)

    def __bool__(self) -> bool:
        return bool(self._globs)

    @cached_property
    def _pattern(self) -> re.Pattern[str]:
        return re.compile("|".join(f"(?:{_translated(glob)})" for glob in self._globs), re.IGNORECASE | re.DOTALL)

    def fit(self, path: str) -> bool:
        return bool(self._globs) and self._pattern.fullmatch(_composed(path)) is not None


class AnchoredGlob:
    """One glob that begins at a folder: which files below it fit, and which folders lead to them."""

    def __init__(self, glob: str) -> None:
        self._whole = Globs([f"/{glob}"])
        parts = [part for part in glob.split("/") if part]
        self._deep = "**" in parts
        # Up to the first `**`, each folder on the way has to fit its part.
        steps = parts[: parts.index("**")] if self._deep else parts[:-1]
        self._steps = [Globs(["/" + "/".join(steps[:depth])]) for depth in range(1, len(steps) + 1)]

    def fits(self, path: str) -> bool:
        return self._whole.fit(path)

    def leads_through(self, folder: str) -> bool:
        """Whether something below this folder can fit."""
        depth = folder.count("/") + 1
        if depth <= len(self._steps):
            return self._steps[depth - 1].fit(folder)
        return self._deep and (not self._steps or self._steps[-1].fit(folder))


def _composed(text: str) -> str:
    return text if text.isascii() else unicodedata.normalize("NFC", text)


def _translated(glob: str) -> str:
    """As a regular expression."""
    glob = glob.rstrip("/")
    anchored = "/" in glob
    parts = [part for part in glob.split("/") if part and part != "."]
    pattern = "" if anchored else "(?:.*/)?"
    for index, part in enumerate(parts):
        last = index == len(parts) - 1
        if part == "**":
            pattern += ".*" if last else "(?:[^/]+/)*"
        else:
            pattern += _translated_part(part) + ("" if last else "/")
    return pattern + "(?:/.*)?"


def _translated_part(part: str) -> str:
    pattern, at = "", 0
    while at < len(part):
        letter = part[at]
        closing = part.find("]", at + 2 + (part[at + 1 : at + 2] in ("!", "^"))) if letter == "[" else -1
        at += 1
        if letter == "*":
            pattern += "[^/]*"
        elif letter == "?":
            pattern += "[^/]"
        elif closing > 0:
            negated = part[at] in ("!", "^")
            inside = part[at + negated : closing].replace("\\", "\\\\").replace("[", "\\[").replace("]", "\\]")
            pattern += f"(?!/)[{'^' if negated else ''}{inside}]"
            at = closing + 1
        else:
            pattern += re.escape(letter)
    return pattern
