"""Classification with probabilities: labels checked, what log probabilities say of each, a label found in prose."""

from __future__ import annotations

import math
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from pydantic_core import from_json, to_json

from ollama_vision.protocol import value_at

MOST_LABELS = 100
_QUOTE = b'"'


@dataclass(frozen=True)
class Choice:
    """The label that a model chose."""

    label: str
    """One of those that were given: the most probable."""
    probabilities: dict[str, float] | None
    """What the model believes of each, in the order given; they sum to 1. `None` where the server or the model does
    not tell: the label is then the model's own answer."""
    usage: dict[str, int] = field(default_factory=dict)
    """`prompt_tokens`, `completion_tokens` and `total_tokens`, those of all requests together."""
    requests: int = 1
    """How many questions were asked for it."""
    pictures: tuple[dict[str, Any], ...] = ()
    """What was sent of each picture: sizes, steps, mapping; no bytes."""

    def to_dict(self) -> dict[str, Any]:
        """All of it as plain JSON."""
        return asdict(self) | {"pictures": list(self.pictures)}


def check_labels(labels: Any) -> tuple[str, ...]:
    """The labels, none of them changed.

    Raises:
        TypeError: they are no list of texts.
        ValueError: fewer than two or more than `MOST_LABELS`, a blank one, or two that are equal but for white space.
    """
    if isinstance(labels, (str, bytes)):
        raise TypeError(f"labels is one string, {labels!r:.80}; pass a list of labels, such as ['yes', 'no']")
    if isinstance(labels, Mapping) or not isinstance(labels, Iterable):
        raise TypeError(f"labels is of type {type(labels).__name__}; pass a list of labels, such as ['yes', 'no']")
    given = tuple(labels)
    seen: dict[str, str] = {}
    for index, label in enumerate(given):
        if not isinstance(label, str):
            raise TypeError(f"labels[{index}] is {label!r:.80}; each label is a string")
        try:
            label.encode()
        except UnicodeEncodeError:
            raise ValueError(f"labels[{index}] is no valid text: it has half of a surrogate pair in it") from None
        bare = unicodedata.normalize("NFC", label.strip())
        if not bare:
            raise ValueError(f"labels[{index}] is {label!r}; a label has at least one character")
        if bare in seen:
            raise ValueError(f"labels has {label!r} twice; a label that means something else is named otherwise")
        seen[bare] = label
    if len(given) < 2:
        raise ValueError(f"labels has {len(given)} of them; there is something to choose from two on")
    if len(given) > MOST_LABELS:
        raise ValueError(
            f"labels has {len(given)} of them; at most {MOST_LABELS} can be weighed. Choose among groups of them first."
        )
    return given


def with_labels(question: str, labels: Sequence[str]) -> str:
    """The question as it was given, and the labels in a line behind it."""
    named = ", ".join(to_json(label).decode() for label in labels)
    return f"{question}\nAnswer with one of: {named}."


@dataclass(frozen=True)
class Weight:
    """What the model's log probabilities say of a label that it was held to."""

    label: float
    """The sum over the label's own tokens and its closing quote, given all that comes before."""
    quote: float
    """The log probability of the token before them, which has the opening quote."""
    joined: bool
    """Whether that token has the beginning of the label as well."""


def weigh(reply: Mapping[str, Any], label: str) -> Weight | None:
    """What a reply of /api/generate, held to one label, says of it; `None` where it does not tell all."""
    text = str(reply.get("response") or "")
    try:
        said = from_json(text)
    except ValueError:
        return None
    if said != label:
        return None
    before = len(text.encode()) - len(text.lstrip().encode())
    return _weigh_span(reply, before + len(_QUOTE), len(text.encode()))


_HERE = "\N{WHITE SQUARE} here"
"""Stands in an object where a value will be; no model is asked for it."""


def weigh_field(reply: Mapping[str, Any], fields: Mapping[str, Any], path: str) -> Weight | None:
    """What a reply of /api/generate, held to one object, says of one of its values.

    Args:
        reply: as the server sent it.
        fields: the object.
        path: the value's, nested ones with dots between.

    Returns:
        The weight of the value's own tokens; `None` where the reply does not tell all.
    """
    text = str(reply.get("response") or "")
    if text.strip().encode() != to_json(fields):
        return None
    at = to_json(with_value(fields, path, _HERE)).index(to_json(_HERE))
    value = value_at(fields, path)
    begin = at + len(text.encode()) - len(text.lstrip().encode())
    return _weigh_span(reply, begin + len(_QUOTE) * isinstance(value, str), begin + len(to_json(value)))


def with_value(fields: Mapping[str, Any], path: str, value: Any) -> dict[str, Any]:
    """The object with another value at a path."""
    name, _, rest = path.partition(".")
    return {**fields, name: with_value(fields[name], rest, value) if rest else value}


def _weigh_span(reply: Mapping[str, Any], begin: int, end: int) -> Weight | None:
    """The weight of what stands between two bytes of a reply; `begin` is behind its opening quote.

    A token that ends inside a character has no entry, and nothing else shows it than the count of tokens: it is the
    entries and one more, for the end, when none is missing.
    """
    entries = [entry for entry in reply.get("logprobs") or () if isinstance(entry, Mapping)]
    pieces = [(piece, entry.get("logprob")) for entry in entries if (piece := _bytes_of(entry))]
    # An end-of-text entry has none, and is no part of the text.
    if b"".join(piece for piece, _ in pieces) != str(reply.get("response") or "").encode():
        return None
    if reply.get("eval_count") != len(pieces) + 1:
        return None
    at, own, quote, joined = 0, [], 0.0, False
    for piece, value in pieces:
        if not isinstance(value, (int, float)) or not math.isfinite(value):
            return None
        if at < begin <= at + len(piece):
            quote, joined = value, at + len(piece) > begin
        elif begin <= at < end:
            own.append(value)
        at += len(piece)
    return Weight(math.fsum(own), quote, joined)


def _bytes_of(entry: Mapping[str, Any]) -> bytes:
    given = entry.get("bytes")
    if isinstance(given, list) and all(isinstance(each, int) and 0 <= each < 256 for each in given):
        return bytes(given)
    return str(entry.get("token") or "").encode()


def sums(weights: Sequence[Weight]) -> list[float]:
    """Log weights of the labels, on one scale: the opening quote counts where a label shares its token."""
    joined = any(weight.joined for weight in weights)
    return [weight.label + weight.quote if joined else weight.label for weight in weights]


def softmax(logs: Sequence[float], temperature: float = 1.0) -> list[float]:
    """Probabilities in the proportion of these log weights, which a temperature above 1 flattens."""
    highest = max(logs)
    shares = [math.exp((each - highest) / temperature) for each in logs]
    whole = math.fsum(shares)
    return [share / whole for share in shares]


def label_said(text: str, labels: Sequence[str]) -> str | None:
    """The one label that an answer is or names, as whole words; `None` where it names none, or several."""
    try:
        said = from_json(text)
    except ValueError:
        said = text
    for each in (said if isinstance(said, str) else text, text):
        bare = _folded(each)
        if found := [label for label in labels if _folded(label) == bare]:
            return found[0] if len(found) == 1 else None
    fold = str.casefold if len({_folded(label).casefold() for label in labels}) == len(labels) else str
    named = _named(fold(unicodedata.normalize("NFC", text)), {label: fold(_folded(label)) for label in labels})
    return named[0] if len(named) == 1 else None


def _folded(text: str) -> str:
    return unicodedata.normalize("NFC", text.strip())


def _named(text: str, words: Mapping[str, str]) -> list[str]:
    """The labels that stand in a text as whole words; what a longer one covers is no shorter one's."""
    found = []
    for label in sorted(words, key=lambda each: -len(words[each])):
        word, at, there = words[label], 0, False
        while (at := text.find(word, at)) >= 0:
            end = at + len(word)
            if not _joins(text[at - 1 : at], word[:1]) and not _joins(word[-1:], text[end : end + 1]):
                there = True
                text = text[:at] + "\0" * len(word) + text[end:]
            at = end
        if there:
            found.append(label)
    return found


def _joins(before: str, after: str) -> bool:
    """Whether two characters stand in one word; scripts without spaces between words have no such places."""
    return all(
        each.isalnum() and unicodedata.east_asian_width(each) not in "WF" for each in (before, after) if each
    ) and (bool(before) and bool(after))
