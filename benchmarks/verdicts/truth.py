"""Whether a reader misread a page, by another rule than the one that is measured: its words, whatever their order."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter

from .layouts import Page

_HYPHEN_AT_LINE_END = re.compile(r"(?<=[^\W\d_])-\s*\n\s*(?=[^\W\d_])")
_DASHES = re.compile(r"(?<=\w)[-\u2010-\u2015/]+(?=\w)")
_NO_MATTER = re.compile("['\u2018\u2019\u201c\u201d\"\u00ab\u00bb`\u00ad]")
_AROUND = re.compile(r"^(?:(?!-[\d$\u20ac\u00a3])[^\w$\u20ac\u00a3])+|[^\w%]+$")


def is_misread(page: Page, text: str) -> bool:
    """Whether some word or number of it is missing, too many, or another one."""
    pieces = [cell for element in page.elements for row in element.rows for cell in row]
    pieces += [text for element in page.elements for text in element.texts]
    return _words(" ".join(pieces)) != _words(text)


def _words(text: str) -> Counter[str]:
    text = _HYPHEN_AT_LINE_END.sub("", unicodedata.normalize("NFKC", text))
    text = _NO_MATTER.sub("", _DASHES.sub(" ", text))
    return Counter(word for word in (_AROUND.sub("", word) for word in text.split()) if word)
