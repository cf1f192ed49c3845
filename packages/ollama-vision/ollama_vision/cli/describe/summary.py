"""Statistics of a run, counted while it goes on, and its last words."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ollama_vision.batch import Counted
from ollama_vision.words import counted, duration, rate

from ..common.screen import named as named_path
from ..common.shell_words import in_shell_words

_MOST_NAMES = 3
_MOST_GROUPS = 10


@dataclass
class Group:
    """Pictures that failed in the same way."""

    message: str
    """What was said of the first, with its name."""
    count: int = 0
    names: list[str] = field(default_factory=list)
    """The first few."""


@dataclass
class Tally:
    """What has been counted so far; its size does not grow with the number of pictures."""

    expected: int = 0
    """How many pictures are to be asked about; pages count when their document is opened."""
    done: int = 0
    answers: Counter[str] = field(default_factory=Counter)
    """From each host."""
    failed: int = 0
    prompt_tokens: int = 0
    answer_tokens: int = 0
    groups: dict[tuple[str, str], Group] = field(default_factory=dict)

    def add(self, record: Mapping[str, Any]) -> None:
        self.done += 1
        # A document may have had fewer pages than was thought.
        self.expected = max(self.expected, self.done)
        self.prompt_tokens += record["usage"].get("prompt_tokens", 0)
        self.answer_tokens += record["usage"].get("completion_tokens", 0)
        self.answers[record.get("host", "")] += record["error"] is None
        if (error := record["error"]) is not None:
            self.failed += 1
            name = name_of(record)
            key = (error["type"], _without_particulars(error["message"], record["path"]))
            group = self.groups.setdefault(key, Group(named(record)))
            group.count += 1
            if len(group.names) < _MOST_NAMES:
                group.names.append(name)

    def line(self, seconds: float) -> str:
        """How far it is: `120 of 2,000, 4.2 a second, 310 tokens a second, 7 min left, 3 failed`."""
        parts = [f"{self.done:,} of {self.expected:,}"]
        if self.done and seconds > 0:
            parts.append(self.pace(seconds))
            if self.answer_tokens:
                parts.append(f"{self.answer_tokens / seconds:,.0f} tokens/s")
            if self.expected > self.done:
                parts.append(f"{duration((self.expected - self.done) * seconds / self.done)} left")
        if self.failed:
            parts.append(f"{self.failed:,} failed")
        return ", ".join(parts)

    def pace(self, seconds: float) -> str:
        return rate(self.done / seconds)

    def failures(self) -> list[str]:
        """Which pictures failed and why, those that failed alike in one line."""
        groups = sorted(self.groups.values(), key=lambda group: -group.count)
        lines = []
        for group in groups[:_MOST_GROUPS]:
            if group.count == 1:
                lines.append(group.message)
            else:
                more = f" and {group.count - len(group.names):,} more" if group.count > len(group.names) else ""
                lines.append(f"{group.count:,} alike: {', '.join(group.names)}{more}. The first: {group.message}")
        if len(groups) > _MOST_GROUPS:
            rest = sum(group.count for group in groups[_MOST_GROUPS:])
            lines.append(f"{rest:,} more, in other ways: the results name them all.")
        return lines


def name_of(record: Mapping[str, Any]) -> str:
    page = f", page {record['page']}" if record["page"] is not None else ""
    return f"{record['path']}{page}"


def named(record: Mapping[str, Any]) -> str:
    """What went wrong, with the picture's name, which most messages begin with."""
    message: str = record["error"]["message"]
    return message if message.startswith(record["path"]) else f"{name_of(record)}: {message}"


def left_out(reasons: Mapping[str, int]) -> str:
    """`Left out: 3 hidden, ...`; empty when nothing was."""
    most_first = sorted(reasons.items(), key=lambda item: -item[1])
    parts = [f"{count:,} {in_shell_words(reason)}" for reason, count in most_first]
    return f"Left out: {', '.join(parts)}." if parts else ""


def listed_left_out(paths: Iterable[tuple[str, str]]) -> list[str]:
    """`photos/a.psd: no picture by its name`, a line each."""
    return [f"{named_path(path)}: left out, {in_shell_words(why)}" for path, why in paths]


def copied(equal: Sequence[Counted], near: Sequence[Counted], what: str = "picture") -> list[str]:
    """`3 copies of 2 pictures were not asked again.`; nothing where there were none."""
    lines = []
    for noun, counts, why in (("copy", equal, ""), ("near copy", near, " (--near-duplicates)")):
        if copies := sum(each.copies for each in counts):
            of = counted(sum(each.pictures for each in counts), what)
            told = counted(copies, noun, f"{noun[:-1]}ies")
            lines.append(f"{told} of {of} {'was' if copies == 1 else 'were'} not asked again{why}.")
    return lines


def unread(paths: Sequence[tuple[str, str]]) -> list[str]:
    """`Not read: photos/2019: folder that cannot be read: Permission denied`, a line each, and what to do."""
    lines = [f"Not read: {named_path(path)}: {in_shell_words(why)}" for path, why in paths[:_MOST_GROUPS]]
    if more := len(paths) - len(lines):
        lines.append(f"Not read: {more:,} more; --list-left-out names them all.")
    if lines:
        lines.append("Make that readable and start the same command again, or leave it out with --exclude.")
    return lines


def _without_particulars(message: str, path: str) -> str:
    return re.sub(r"\d+", "", message.replace(path, ""))
