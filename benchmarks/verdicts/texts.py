"""Words, numbers, lines and tables in three scripts, drawn by lot from a seed: the text that a generated page holds."""

from __future__ import annotations

import random
import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

WORDS = Path(__file__).with_name("words.txt")
"""Of each script: common and long words, words with ligatures, hyphens, apostrophes and full stops within."""
SCRIPTS = ("latin", "cyrillic", "greek")
_SIGNS = ("$", "\u20ac", "\u00a3")


@dataclass(frozen=True)
class Table:
    rows: tuple[tuple[str, ...], ...]
    """The first is the heading."""


@cache
def _words() -> dict[str, list[str]]:
    parts = re.split(r"^\[(\w+)\]$", WORDS.read_text(encoding="utf-8"), flags=re.MULTILINE)[1:]
    return {script: words.split() for script, words in zip(parts[::2], parts[1::2], strict=True)}


class Lot:
    """Draws texts in one script; the same seed gives the same ones."""

    def __init__(self, script: str, seed: int) -> None:
        self.random = random.Random(f"{script} {seed}")
        self._words = _words()[script]

    def word(self) -> str:
        return self.random.choice(self._words)

    def number(self) -> str:
        draw, amount = self.random, self.random.randrange(10 ** self.random.randrange(1, 7))
        form = draw.randrange(12)
        forms = (
            f"{amount}",
            f"{amount:,}",
            f"{amount:,}.{draw.randrange(100):02d}",
            f"{amount:,}".replace(",", " "),
            f"{amount:,}".replace(",", ".") + f",{draw.randrange(100):02d}",
            f"{draw.randrange(100)}.{draw.randrange(10)}%",
            f"{draw.choice(_SIGNS)}{amount:,}",
            f"{draw.randrange(1, 29)}.{draw.randrange(1, 13):02d}.{draw.randrange(1990, 2030)}",
            f"{draw.randrange(1990, 2030)}-{draw.randrange(1, 13):02d}-{draw.randrange(1, 29):02d}",
            f"-{amount}",
            f"{draw.randrange(1900, 1990)}\u2013{draw.randrange(1990, 2030)}",
            f"({amount + 1000:,})",
        )
        return forms[form]

    def sentence(self, length: int | None = None) -> str:
        draw = self.random
        words = [self.word() for _ in range(length or draw.randrange(6, 22))]
        for at in range(len(words)):
            if draw.random() < 0.06:
                words[at] = self.number()
            elif draw.random() < 0.03:
                words[at] = f"\u201c{words[at]}\u201d"
            elif draw.random() < 0.02:
                words[at] = f"({words[at]})"
            elif draw.random() < 0.06:
                words[at] += ","
        words[0] = words[0][:1].upper() + words[0][1:]
        return " ".join(words).rstrip(",") + draw.choice("....?")

    def paragraph(self, sentences: int | None = None) -> str:
        return " ".join(self.sentence() for _ in range(sentences or self.random.randrange(2, 6)))

    def heading(self) -> str:
        return " ".join(self.word() for _ in range(self.random.randrange(2, 6))).capitalize()

    def table(self) -> Table:
        columns = self.random.randrange(2, 6)
        heading = tuple(self.word().capitalize() for _ in range(columns))
        rows = [
            (f"{self.word()} {self.word()}", *(self.number() for _ in range(columns - 1)))
            for _ in range(self.random.randrange(3, 11))
        ]
        return Table((heading, *rows))
