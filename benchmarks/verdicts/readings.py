"""Clean readings: a page's text as a model writes it, in one of many styles, and none of it wrong."""

from __future__ import annotations

import random
import re
from collections.abc import Callable

from .layouts import Page
from .texts import Table

_WIDE = str.maketrans("0123456789", "\uff10\uff11\uff12\uff13\uff14\uff15\uff16\uff17\uff18\uff19")
_STRAIGHT = str.maketrans({"\u201c": '"', "\u201d": '"', "\u2019": "'", "\u2013": "-"})
_CURLY = re.compile(r"(?<=\w)'(?=\w)")


def clean_reading(page: Page, seed: int) -> str:
    """All of its text in reading order, with the marks, signs and spaces that one style has."""
    draw = random.Random(f"reading {seed}")
    table = draw.choice((_piped, _piped, _html, _spaced))
    heading = draw.choice(("# ", "## ", "**", ""))
    bullet = draw.choice(("- ", "* ", "\u2022 ", "+ "))
    parts = []
    for element in page.elements:
        texts = list(element.texts)
        if element.kind == "heading":
            parts.append(f"**{texts[0]}**" if heading == "**" else heading + texts[0])
        elif element.table is not None:
            parts.append(table(element.table))
        elif element.kind == "bullets":
            parts.append("\n".join(bullet + text for text in texts))
        elif element.kind == "columns" and draw.random() < 0.2:
            parts += reversed(texts)
        else:
            parts += texts
    text = "\n\n".join(parts)
    for change, share in _CHANGES:
        if draw.random() < share:
            text = change(text, draw)
    return text


def _piped(table: Table) -> str:
    rows = ["| " + " | ".join(row) + " |" for row in table.rows]
    rows.insert(1, "|" + "---|" * len(table.rows[0]))
    return "\n".join(rows)


def _html(table: Table) -> str:
    rows = ("<tr>" + "".join(f"<td>{cell}</td>" for cell in row) + "</tr>" for row in table.rows)
    return f"<table>{''.join(rows)}</table>"


def _spaced(table: Table) -> str:
    return "\n".join("    ".join(row) for row in table.rows)


def _fenced(text: str, draw: random.Random) -> str:
    return f"```markdown\n{text}\n```"


def _straight(text: str, draw: random.Random) -> str:
    return text.translate(_STRAIGHT)


def _curly(text: str, draw: random.Random) -> str:
    return _CURLY.sub("\u2019", text)


def _bold(text: str, draw: random.Random) -> str:
    """Some words set in bold or italics."""
    mark = draw.choice(("**", "*", "_", "__"))
    words = text.split(" ")
    for at, word in enumerate(words):
        if word.isalpha() and draw.random() < 0.05:
            words[at] = f"{mark}{word}{mark}"
    return " ".join(words)


def _wide(text: str, draw: random.Random) -> str:
    return text.translate(_WIDE)


def _escaped(text: str, draw: random.Random) -> str:
    return re.sub(r"(?<=\w)-(?=\w)|[$](?=\d)|(?<=\d)\.(?= )", lambda found: "\\" + found[0], text)


def _wrapped(text: str, draw: random.Random) -> str:
    """Lines broken anew, as a reader does that keeps them."""
    lines = []
    for line in text.split("\n"):
        words = line.split(" ")
        if line.startswith(("|", "<", "#")) or "    " in line or len(words) < 12:
            lines.append(line)
            continue
        at = draw.randrange(5, len(words) - 1)
        lines += [" ".join(words[:at]), " ".join(words[at:])]
    return "\n".join(lines)


def _decomposed(text: str, draw: random.Random) -> str:
    import unicodedata

    return unicodedata.normalize("NFD", text)


_CHANGES: tuple[tuple[Callable[[str, random.Random], str], float], ...] = (
    (_straight, 0.3),
    (_curly, 0.2),
    (_bold, 0.3),
    (_wrapped, 0.3),
    (_escaped, 0.2),
    (_wide, 0.05),
    (_decomposed, 0.1),
    (_fenced, 0.15),
)
