"""Faults put into a clean reading: what models do wrong, each so that it can be told whether it was found."""

from __future__ import annotations

import random
import re
from collections.abc import Callable
from itertools import pairwise

_NUMBER = re.compile(r"\d(?:[\d.,]*\d)?")
_WORD = re.compile(r"(?<!`)\b[^\W\d_]{4,}")


def _lines(text: str) -> list[str]:
    return text.split("\n")


def _has_words(line: str) -> bool:
    return re.search(r"\w", line) is not None and not line.lstrip().startswith("```")


def _line_left_out(text: str, draw: random.Random) -> str:
    lines = _lines(text)
    del lines[draw.choice([at for at, line in enumerate(lines) if _has_words(line)])]
    return "\n".join(lines)


def _line_twice(text: str, draw: random.Random) -> str:
    lines = _lines(text)
    at = draw.choice([at for at, line in enumerate(lines) if len(_WORD.findall(line)) >= 2])
    return "\n".join([*lines[: at + 1], lines[at], *lines[at + 1 :]])


def _line_many_times(text: str, draw: random.Random) -> str:
    lines = _lines(text)
    at = draw.choice([at for at, line in enumerate(lines) if len(_WORD.findall(line)) >= 2])
    return "\n".join([*lines[: at + 1], *[lines[at]] * 400])


def _block_twice(text: str, draw: random.Random) -> str:
    blocks = text.split("\n\n")
    at = draw.choice([at for at, block in enumerate(blocks) if len(_WORD.findall(block)) >= 2])
    return "\n\n".join([*blocks[: at + 1], blocks[at], *blocks[at + 1 :]])


def _digits_swapped(text: str, draw: random.Random) -> str:
    places = [
        at for at in range(len(text) - 1) if text[at].isdigit() and text[at + 1].isdigit() and text[at] != text[at + 1]
    ]
    if not places:
        return _digit_changed(text, draw)
    at = draw.choice(places)
    return text[:at] + text[at + 1] + text[at] + text[at + 2 :]


def _digit_changed(text: str, draw: random.Random) -> str:
    at = draw.choice([at for at, sign in enumerate(text) if sign.isdigit() and sign.isascii()])
    return text[:at] + draw.choice("0123456789".replace(text[at], "")) + text[at + 1 :]


def _digit_lost(text: str, draw: random.Random) -> str:
    at = draw.choice([at for at, sign in enumerate(text) if sign.isdigit()])
    return text[:at] + text[at + 1 :]


def _numbers_exchanged(text: str, draw: random.Random) -> str:
    """Two numbers, each in the place of the other: in a table, in another row."""
    numbers = [*_NUMBER.finditer(text)]
    pairs = [(one, two) for one, two in pairwise(numbers) if one[0] != two[0]]
    if not pairs:
        return _digit_changed(text, draw)
    one, two = draw.choice(pairs)
    return text[: one.start()] + two[0] + text[one.end() : two.start()] + one[0] + text[two.end() :]


def _word_changed(text: str, draw: random.Random) -> str:
    word = draw.choice([*_WORD.finditer(text)])
    at = draw.randrange(word.start(), word.end())
    letters = {sign.lower() for sign in text if sign.isalpha()} - {text[at].lower()}
    return text[:at] + draw.choice(sorted(letters)) + text[at + 1 :]


def _word_lost(text: str, draw: random.Random) -> str:
    word = draw.choice([*_WORD.finditer(text)])
    return text[: word.start()] + text[word.end() :]


def _words_added(text: str, draw: random.Random) -> str:
    return f"Here is the text of the page:\n\n{text}"


def _ends_early(text: str, draw: random.Random) -> str:
    words = text.split(" ")
    return " ".join(words[: len(words) * 2 // 3])


FAULTS: dict[str, Callable[[str, random.Random], str]] = {
    "a line left out": _line_left_out,
    "two digits swapped": _digits_swapped,
    "a digit changed": _digit_changed,
    "a digit left out": _digit_lost,
    "two numbers exchanged": _numbers_exchanged,
    "a block said twice": _block_twice,
    "a line said twice": _line_twice,
    "a line said 400 times": _line_many_times,
    "a letter changed": _word_changed,
    "a word left out": _word_lost,
    "a sentence before the text": _words_added,
    "the last third left out": _ends_early,
}
"""What is done to the text of a page."""
