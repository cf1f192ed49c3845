"""Formatting for people: counts, lists of names, durations, rates, sizes, percentages."""

from __future__ import annotations

from collections.abc import Iterable


def counted(count: int, noun: str, nouns: str = "") -> str:
    """`1 picture`, `2 pictures`; `nouns` where the plural has more than an s."""
    return f"{count:,} {noun if count == 1 else nouns or noun + 's'}"


def names(things: Iterable[object], most: int = 3) -> str:
    listed = list(things)
    more = f" and {len(listed) - most:,} more" if len(listed) > most else ""
    return ", ".join(map(str, listed[:most])) + more


def rate(each_second: float) -> str:
    """In the unit in which it is a number that can be read."""
    if each_second >= 1:
        return f"{each_second:,.1f}/s"
    if each_second * 60 >= 1:
        return f"{each_second * 60:.1f}/min"
    return f"{each_second * 3600:.1f}/h"


def duration(seconds: float) -> str:
    """`0.4 s`, `40 s`, `7 min`, `2 h 05 min`, `3 d 4 h`."""
    if seconds < 9.5:
        return f"{seconds:.1f} s"
    if seconds < 59.5:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    if minutes < 60:
        return f"{minutes} min"
    hours, minutes = divmod(minutes, 60)
    if hours < 48:
        return f"{hours} h {minutes:02} min"
    return f"{hours // 24} d {hours % 24} h"


def size(count: int) -> str:
    """Bytes in units of 1000, as Ollama shows them: `3.3 GB`."""
    amount, unit = float(count), "B"
    for larger in ("KB", "MB", "GB", "TB"):
        if amount < 999.5:
            break
        amount, unit = amount / 1000, larger
    return f"{amount:.0f} {unit}" if unit == "B" or amount >= 99.5 else f"{amount:.1f} {unit}"


def seconds(duration: float) -> str:
    """`0.02 s`, `1.4 s`, `75 s`: two digits that count, no more."""
    return f"{duration:.0f} s" if duration >= 10 else f"{duration:.1f} s" if duration >= 1 else f"{duration:.2f} s"


def percent(part: int, whole: int) -> int:
    """1 to 99: what is split is neither all nor nothing, however it is rounded."""
    return min(99, max(1, round(100 * part / whole)))
