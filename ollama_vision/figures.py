"""Numbers as people read them."""

from __future__ import annotations


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
