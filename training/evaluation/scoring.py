"""Scoring: replies compared with the truth, and how many are right. Values in, values out: no model, no pictures."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from ollama_embedded.scenes import COLOURS, KINDS

_NORMAL_95 = 1.959964
"""So many standard deviations to either side hold 95 % of a normal distribution."""


@dataclass(frozen=True)
class Reply:
    """What came back: text, calls of tools as (name, arguments), or the server's error in place of both."""

    text: str = ""
    calls: tuple[tuple[str, Any], ...] = ()
    error: str = ""
    log_probability: float = math.nan
    """Of what stands behind the first quotation mark, where it was asked for."""

    def __str__(self) -> str:
        return self.error or " ".join([self.text, *(f"{name}({_canonical(given)})" for name, given in self.calls)])


@dataclass(frozen=True)
class Words:
    """A text, word for word."""

    text: str

    def is_met_by(self, reply: Reply) -> bool:
        return not reply.error and not reply.calls and reply.text == self.text

    def __str__(self) -> str:
        return self.text


@dataclass(frozen=True)
class Json:
    """A JSON value; with `ordered`, the keys of its objects in this very order."""

    value: Any
    ordered: bool = False

    def is_met_by(self, reply: Reply) -> bool:
        if reply.error or reply.calls:
            return False
        try:
            value = _parsed(reply.text)
        except ValueError:
            return False
        return _canonical(value, ordered=self.ordered) == _canonical(self.value, ordered=self.ordered)

    def __str__(self) -> str:
        return _canonical(self.value, ordered=True)


@dataclass(frozen=True)
class Call:
    """One call of a tool with these arguments, and nothing said beside it."""

    name: str
    arguments: Mapping[str, Any]

    def is_met_by(self, reply: Reply) -> bool:
        return self.is_well_formed(reply) and _canonical(reply.calls[0][1]) == _canonical(self.arguments)

    def is_well_formed(self, reply: Reply) -> bool:
        """One call, of this tool, and arguments of the right names and types, whatever they hold."""
        if reply.error or reply.text or len(reply.calls) != 1:
            return False
        name, arguments = reply.calls[0]
        return bool(name == self.name) and _same_form(arguments, dict(self.arguments))

    def __str__(self) -> str:
        return f"{self.name}({_canonical(self.arguments)})"


@dataclass(frozen=True)
class Things:
    """These things ("red circle"), each named once, and nothing else; in any order and in any sentence."""

    names: tuple[str, ...]

    def is_met_by(self, reply: Reply) -> bool:
        if reply.error or reply.calls:
            return False
        return sorted(_NAMED.findall(reply.text)) == sorted(self.names)

    def __str__(self) -> str:
        return ", ".join(self.names)


_NAMED = re.compile(rf"\b(?:{'|'.join(COLOURS)}) (?:{'|'.join(KINDS)})\b", re.IGNORECASE)
Expected = Words | Json | Call | Things


@dataclass(frozen=True)
class Score:
    """So many of `n` answers to a kind of question were right."""

    kind: str
    n: int
    right: int

    def __post_init__(self) -> None:
        if not 0 <= self.right <= self.n or not self.n:
            raise ValueError(f"{self.kind}: {self.right} right of {self.n}: a score needs 0 <= right <= n and n > 0")

    @property
    def share(self) -> Fraction:
        """Exact, so that a score on an aim's very edge is on the right side of it."""
        return Fraction(self.right, self.n)

    @property
    def interval(self) -> tuple[float, float]:
        """Wilson's 95 % interval of the share."""
        n, share, z2 = self.n, self.right / self.n, _NORMAL_95**2
        middle = (share + z2 / (2 * n)) / (1 + z2 / n)
        reach = _NORMAL_95 / (1 + z2 / n) * math.sqrt(share * (1 - share) / n + z2 / (4 * n * n))
        # At either end the exact bound is 0 or 1; arithmetic misses it by a hair.
        low = 0.0 if self.right == 0 else max(0.0, middle - reach)
        high = 1.0 if self.right == n else min(1.0, middle + reach)
        return low, high


@dataclass(frozen=True)
class Mark:
    """`right` of `n` in one answer, which counts in each of these rows."""

    rows: tuple[str, ...]
    right: int
    n: int = 1


def tally(marks: Iterable[Mark]) -> dict[str, Score]:
    """Scores by row, in the order in which rows first appear; the parts of a row ("exists: absent") follow it."""
    sums: dict[str, list[int]] = {}
    groups: dict[str, int] = {}
    for mark in marks:
        for row in mark.rows:
            groups.setdefault(_whole(row), len(groups))
            found = sums.setdefault(row, [0, 0])
            found[0] += mark.n
            found[1] += mark.right
    ordered = sorted(sums, key=lambda row: groups[_whole(row)])
    return {row: Score(row, *sums[row]) for row in ordered}


_PART = ": "


def part(row: str, name: str) -> str:
    """The row of a part of a row's questions."""
    return f"{row}{_PART}{name}"


def _whole(row: str) -> str:
    return row.partition(_PART)[0]


def things_named(things: Sequence[str], reply: Reply) -> int:
    """How many of the things, each "red circle", the answer names."""
    return sum(thing in reply.text for thing in things)


def _parsed(text: str) -> Any:
    return json.loads(text, object_pairs_hook=_without_doubles)


def _without_doubles(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    if len(dict(pairs)) != len(pairs):
        raise ValueError("a key stands twice in one object")
    return dict(pairs)


def _canonical(value: Any, *, ordered: bool = False) -> str:
    """A text that tells 1 from 1.0 and from true, as Python's own comparison does not."""
    return json.dumps(value, sort_keys=not ordered, separators=(",", ":"))


def _same_form(found: Any, wanted: Any) -> bool:
    if isinstance(wanted, dict):
        return (
            isinstance(found, dict)
            and found.keys() == wanted.keys()
            and all(_same_form(found[key], wanted[key]) for key in wanted)
        )
    if isinstance(wanted, list):
        return isinstance(found, list) and all(_same_form(item, wanted[0]) for item in found if wanted)
    return type(found) is type(wanted)
