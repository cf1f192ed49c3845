"""HTML of a page that was read: its verdict, what was found, and the words of the answer in which it was."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ollama_vision.documents import VERDICTS, needs_look

from .html import Html, element, joined

_MOST_FINDINGS = 40
_BETWEEN_WORDS = r"[\s*_`~#>|\-]+"
"""Between words of the answer there may be Markdown's marks, which findings leave out."""


@dataclass(frozen=True)
class Verdict:
    """What a line of pages.jsonl says of its page. What is not so, in a line written by hand, counts as not said."""

    verdict: str
    findings: tuple[Mapping[str, Any], ...]
    rates: Mapping[str, float]
    """CER and WER, where there are."""
    source: str

    @classmethod
    def of(cls, record: Mapping[str, Any]) -> Verdict | None:
        """`None` for a line of `describe`."""
        verdict = record.get("verdict")
        if verdict not in VERDICTS:
            return None
        told = record.get("findings")
        findings = [one for one in told if isinstance(one, dict)] if isinstance(told, list) else []
        rates = {name: rate for name in ("cer", "wer") if isinstance(rate := record.get(name), (int, float))}
        return cls(verdict, tuple(findings), rates, str(record.get("source") or ""))

    @property
    def needs_look(self) -> bool:
        return needs_look(self.verdict)

    @property
    def words(self) -> str:
        """What the filter finds."""
        return "\n".join([self.verdict, *(f"{_text(one, 'layer')} {_text(one, 'answer')}" for one in self.findings)])


def shown_verdict(verdict: Verdict) -> Html:
    """A line with the verdict and the rates, and a list of what was found."""
    rates = [f"{name.upper()} {rate:.1%}" for name, rate in verdict.rates.items()]
    facts = [*rates, *(["text of the PDF itself"] if verdict.source == "layer" else [])]
    head = element(
        "p",
        element("span", verdict.verdict, class_="badge" if verdict.needs_look else "badge fine"),
        *([" ", element("span", " · ".join(facts), class_="label")] if facts else []),
        class_="verdict s",
    )
    rows = [element("li", _finding(one)) for one in verdict.findings[:_MOST_FINDINGS]]
    if more := len(verdict.findings) - len(rows):
        rows.append(element("li", f"and {more:,} more", class_="label"))
    return joined(head, element("ul", *rows, class_="findings s")) if rows else head


def _finding(one: Mapping[str, Any]) -> Html:
    layer, answer, reason = (_text(one, name) for name in ("layer", "answer", "reason"))
    parts: list[str] = [element("b", _text(one, "verdict")), " "]
    if layer:
        parts.append(element("del", layer, dir="auto", title="On the page, not in the answer"))
    if layer and answer:
        parts.append(" → ")
    if answer:
        parts.append(element("ins", answer, dir="auto", title="In the answer, not on the page"))
    if reason:
        parts.append(element("span", reason, dir="auto"))
    if reader := _text(one, "reader"):
        parts += [" ", element("span", f"({reader})", class_="label")]
    return joined(*parts)


def marked_text(text: str, verdict: Verdict) -> Html:
    """The answer, with the words marked in which something was found."""
    parts: list[str] = []
    at = 0
    for start, end, kind in _places(text, verdict.findings):
        if start >= at:
            parts += [text[at:start], element("mark", text[start:end], title=kind)]
            at = end
    return joined(*parts, text[at:])


def _places(text: str, findings: Sequence[Mapping[str, Any]]) -> Iterator[tuple[int, int, str]]:
    """Where the findings' words stand, in the order of the text; each behind the one before, as findings are told."""
    found, behind = [], 0
    for one in findings:
        words = _text(one, "answer").split()
        if not words or not needs_look(_text(one, "verdict")):
            continue
        pattern = re.compile(_BETWEEN_WORDS.join(map(re.escape, words)))
        place = pattern.search(text, behind) or pattern.search(text)
        if place is not None:
            found.append((place.start(), place.end(), _text(one, "verdict")))
            behind = place.end()
    yield from sorted(found)


def _text(one: Mapping[str, Any], name: str) -> str:
    value = one.get(name)
    return value if isinstance(value, str) else ""
