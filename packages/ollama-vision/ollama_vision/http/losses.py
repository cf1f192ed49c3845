"""How often connections were lost: after that, another server may be at the same address."""

from __future__ import annotations


class Losses:
    """How many connections of one object were lost: cut, refused, or closed by their server."""

    def __init__(self) -> None:
        self.count = 0

    def add(self) -> None:
        self.count += 1  # two threads that count one together tell the same: that some were lost
