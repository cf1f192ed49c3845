"""Words as FTS5 gets them: text folded and cut into what it takes for words, and queries without a syntax."""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from ollama_vision.errors import SearchError

from ..results.recorded_answer import RecordedAnswer

TOKENIZER = "unicode61 remove_diacritics 2 categories 'L* N* Co So'"
"""One letter and its accented sisters are the same; signs such as emoji are words as well."""
_ALONE = re.compile(
    "["
    "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff"  # Thai, Lao, Burmese, Khmer
    "\u3005-\u3007\u3041-\u30ff\u3105-\u312f\u31f0-\u31ff"  # Japanese syllables, Bopomofo
    "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"  # Chinese characters
    "\uac00-\ud7a3"  # Korean syllables: particles stand at the end of a word
    "\u2600-\u27bf\U0001f000-\U0001faff"  # emoji
    "]"
)
"""What is written without spaces between words: each is a word of its own, so that a word is a row of them."""


def folded(text: str) -> str:
    """In one case and one form, with spaces where FTS5 is to see them."""
    text = text.replace("\0", " ")
    if text.isascii():
        return text.lower()
    # Halves of surrogate pairs, which JSON may hold, are no text for SQLite.
    text = text.encode("utf-8", "replace").decode()
    return _ALONE.sub(r" \g<0> ", unicodedata.normalize("NFKC", text).casefold())


def _has_word(phrase: str) -> bool:
    return any(unicodedata.category(char)[0] in "LN" or unicodedata.category(char) in ("Co", "So") for char in phrase)


@dataclass(frozen=True)
class Words:
    """What an answer must have, all of it: words, and phrases in which they stand one after the other."""

    phrases: tuple[str, ...]
    """Folded."""

    @classmethod
    def of(cls, query: str) -> Words:
        """Read what was typed; raises SearchError where it holds no word, or a quote without its other half."""
        parts = query.split('"')
        if len(parts) % 2 == 0:
            raise SearchError(
                f'A quote of the query is not closed: {query!r}. A phrase stands between two of them, as in "red '
                'bicycle".'
            )
        given = (
            phrase for number, part in enumerate(parts) for phrase in ([part] if number % 2 else part.split()) if phrase
        )
        phrases = tuple(phrase for phrase in map(folded, given) if _has_word(phrase))
        if not phrases:
            raise SearchError(f"The query {query!r} has no word to look for: only spaces and punctuation.")
        return cls(phrases)

    @property
    def match(self) -> str:
        """In FTS5's syntax: strings alone, so that nothing in them is an operator; all of them must be there."""
        return " ".join('"{}"'.format(phrase.replace('"', '""')) for phrase in self.phrases)


def said_by(answer: RecordedAnswer) -> str:
    """All that an answer says: text, values of fields, label; not the names of fields, which all of them have."""
    label = [answer.label] if isinstance(answer.label, str) and answer.label != answer.text else []
    return "\n".join(part for part in (answer.text_beside, *_values(answer.fields), *label) if part)


def _values(value: Any) -> Iterator[str]:
    if isinstance(value, Mapping):
        value = list(value.values())
    if isinstance(value, list):
        for one in value:
            yield from _values(one)
    elif isinstance(value, str):
        yield value
    elif value is not None and not isinstance(value, bool):
        yield json.dumps(value)
