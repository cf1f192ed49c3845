"""HTML of one picture with its answers, as a card; values in, markup out."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path, PurePath
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from .boxes import Boxes, boxes_on, overlay
from .earlier import known_as
from .groups import ALONE, Group, shown_group
from .html import Html, element, joined
from .results import Answer
from .thumbnails import Sight
from .verdicts import marked_text, shown_verdict

if TYPE_CHECKING:
    from ollama_vision.pictures import BoxConvention

SHOWN_BY_BROWSERS = frozenset(
    {".jpg", ".jpeg", ".jpe", ".jfif", ".jif", ".pjpeg", ".pjp", ".jpg_large", ".mpo", ".jps", ".png", ".apng"}
    | {".webp", ".gif", ".bmp", ".dib", ".avif", ".avifs", ".ico"}
)
"""A test holds it equal to the client's list of formats, which stands behind its front door."""
LONG_TEXT = 900
"""Characters, or else lines, from which on a text is folded on the screen."""
LONG_TEXT_LINES = 16
LONGEST_PROMPT = 300
"""Characters of a picture's own prompt; the file has all of it."""
DEEPEST_TABLE = 3
MOST_COLUMNS = 4
ENDED_WELL = {"", "stop"}


@dataclass(frozen=True)
class Card:
    """All that one picture's card says."""

    number: int
    """Counted from 1 over the whole report; `p17` is the card's place in its page."""
    answers: tuple[Answer, ...]
    sight: Sight
    convention: BoxConvention | None = None
    """How boxes are counted; `None`: as the results say of each model."""
    group: Group = ALONE
    """Other pictures with the same answer."""

    @cached_property
    def boxes(self) -> tuple[Boxes, ...]:
        """Of each answer."""
        return tuple(boxes_on(answer, self.sight, self.convention) for answer in self.answers)

    @property
    def name(self) -> str:
        return self.answers[0].path

    @property
    def needs_look(self) -> bool:
        """Whether it is a page that was read, and is not to be believed as it is."""
        return any(answer.verdict is not None and answer.verdict.needs_look for answer in self.answers)

    @property
    def is_failed(self) -> bool:
        return any(answer.error is not None for answer in self.answers)


@dataclass(frozen=True)
class Askings:
    """Who was asked what, by number; a request's hash is named where a model was asked in several ways."""

    all: tuple[tuple[str, str], ...]
    prompts: Mapping[str, str] = field(default_factory=dict)
    """What was asked, by request, as far as it is known."""

    def number(self, answer: Answer) -> int:
        return self.all.index(answer.asking)

    def name(self, number: int) -> str:
        model, request = self.all[number]
        alone = [one for one, _ in self.all].count(model) == 1
        return (model or "unnamed model") + ("" if alone else f" · {request[:8]}")


def card(
    card: Card, askings: Askings, folder: Path, place: Callable[[int], str] = lambda number: f"#p{number}"
) -> Html:
    """The card, for a page that will lie in `folder`; `place` gives the address of another card."""
    answers = zip(card.answers, card.boxes, strict=True)
    return element(
        "article",
        _picture(card, askings, folder),
        element(
            "div",
            _heading(card.answers[0]),
            element("div", *(_answer(*each, askings) for each in answers), class_="answers"),
            *shown_group(card.group, place),
            class_="body",
        ),
        class_="card" + (" several" if len(card.answers) > 1 else "") + (" page" if card.answers[0].verdict else ""),
        id=f"p{card.number}",
    )


def place_of(answer: Answer) -> str:
    """Which page or frame, in words; empty for a picture of its own."""
    many = f" of {answer.pages}" if answer.pages else ""
    if answer.page is None:
        return f"{answer.pages} pages together" if (answer.pages or 0) > 1 else ""
    if answer.seconds_in_video is not None:
        return f"frame {answer.page}{many}, at {duration(answer.seconds_in_video)}"
    return f"page {answer.page}{many}"


def words_of(answer: Answer) -> str:
    """All of an answer that the filter finds: error, text, fields."""
    error = "" if answer.error is None else f"{answer.error}: {answer.message}"
    verdict = "" if answer.verdict is None else answer.verdict.words
    return "\n".join(part for part in (error, verdict, answer.text_beside, _in_words(answer.fields)) if part)


def _in_words(value: Any) -> str:
    """A structured value on a line, as it is said: "colour: red, sizes: 3, 4"."""
    if isinstance(value, dict):
        return ", ".join(f"{key}: {_in_words(one)}" for key, one in value.items())
    if isinstance(value, list):
        return ", ".join(map(_in_words, value))
    return value if isinstance(value, str) else "" if value is None else json.dumps(value)


def duration(seconds: float) -> str:
    """
    >>> duration(1.94), duration(252), duration(11_100)
    ('1.9 s', '4 min 12 s', '3 h 05 min')
    """
    if seconds < 59.95:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02} s"
    return f"{whole // 3600:,} h {whole % 3600 // 60:02} min"


def _heading(answer: Answer) -> Html:
    begin = max(answer.path.rfind("/"), answer.path.rfind(os.sep)) + 1
    place = place_of(answer)
    return element(
        "h3",
        # Isolated: a name with letters that turn the direction of writing must not turn what stands around it.
        element("bdi", element("span", answer.path[:begin], class_="folder"), element("b", answer.path[begin:])),
        *([" ", element("span", place, class_="place")] if place else []),
        class_="path s",
    )


def _picture(card: Card, askings: Askings, folder: Path) -> Html:
    sight = card.sight
    name = PurePath(card.name).name
    if sight.state != "shown":
        return element("div", element("p", shortened(sight.problem, 240)), class_=f"thumb none {sight.state}")
    whole = _link(sight.original, folder)
    first = card.answers[0]
    page = None if first.pages == 1 else first.page
    is_shown = page is None and sight.original.suffix.lower() in SHOWN_BY_BROWSERS
    width, height = sight.size
    named = {} if not sight.name or sight.mapping is None else {"data_of": known_as(sight.name, sight.mapping)}
    image = element("img", **named, src=sight.data_url, width=width, height=height, alt="", decoding="async")
    numbers = (askings.number(answer) for answer in card.answers)
    boxes = overlay(list(zip(numbers, card.boxes, strict=True)), sight.size)
    return element(
        "button",
        element("span", image, boxes, class_="boxed") if boxes else image,
        class_="thumb",
        type="button",
        aria_label=f"Open {name} larger",
        data_full=whole if is_shown else None,
        data_file=whole if page is None else f"{whole}#page={page}",
    )


def _link(original: Path, folder: Path) -> str:
    """A relative address, so that folder and report can be moved together."""
    try:
        path = PurePath(os.path.relpath(original, folder)).as_posix()
    except ValueError:
        return original.as_uri()  # on another drive of Windows
    return quote(os.fsencode(path if path.startswith("../") else f"./{path}"))


def _answer(answer: Answer, boxes: Boxes, askings: Askings) -> Html:
    parts: list[Html] = []
    if answer.prompt:
        parts.append(element("p", f"Asked: {shortened(answer.prompt, LONGEST_PROMPT)}", class_="label", dir="auto"))
    if answer.error is not None:
        parts.append(
            element(
                "p",
                element("span", "Failed", class_="badge"),
                " ",
                element("b", answer.error),
                " ",
                element("span", answer.message, dir="auto"),
                class_="error s",
            )
        )
    text = answer.text_beside
    if answer.verdict is not None and answer.error is None:
        parts.append(shown_verdict(answer.verdict))
    if text.strip():
        if answer.error is not None:
            parts.append(element("p", "What had come until then:", class_="label"))
        is_long = len(text) > LONG_TEXT or text.count("\n") >= LONG_TEXT_LINES
        shown = text if answer.verdict is None else marked_text(text, answer.verdict)
        parts.append(element("div", shown, class_="text s long" if is_long else "text s", dir="auto"))
    elif answer.error is None and answer.fields is None and answer.verdict is None:
        parts.append(element("p", "An empty answer.", class_="label"))
    if answer.fields is not None:
        parts.append(element("div", _value(answer.fields, 0), class_="fields s"))
    if boxes.note:
        parts.append(element("p", boxes.note, class_="label"))
    number = askings.number(answer)
    return element(
        "section",
        *parts,
        _facts(answer, askings.name(number)),
        class_="answer",
        data_asking=number,
        data_failed=answer.error is not None,
        data_look=answer.verdict is not None and answer.verdict.needs_look,
        data_shares=json.dumps(answer.shares) if answer.shares else None,
    )


def _facts(answer: Answer, asked: str) -> Html:
    finish = answer.finish_reason
    tokens = answer.usage.get("total_tokens", 0)
    counted = ", ".join(
        f"{answer.usage[key]:,} {name}"
        for key, name in (("prompt_tokens", "prompt"), ("completion_tokens", "answer"))
        if key in answer.usage
    )
    facts = [element("li", asked, class_="model")]
    if finish:
        facts.append(element("li", finish, class_=None if finish in ENDED_WELL else "warn", title="Finish reason"))
    if tokens:
        facts.append(element("li", f"{tokens:,} tokens", title=counted or None))
    facts += [element("li", f"{name} {share:.0%}", class_="share") for name, share in answer.shares.items()]
    if answer.seconds:
        facts.append(element("li", duration(answer.seconds)))
    return element("ul", *facts, class_="facts")


def _value(value: Any, depth: int) -> Html:
    """A structured value: objects as tables in tables, lists as lists, and JSON where it gets too deep."""
    if isinstance(value, (dict, list)) and value and depth >= DEEPEST_TABLE:
        return element("code", json.dumps(value, ensure_ascii=False))
    if isinstance(value, dict) and value:
        rows = (
            element("tr", element("th", key, scope="row"), element("td", _value(one, depth + 1)))
            for key, one in value.items()
        )
        return element("table", element("tbody", *rows))
    if isinstance(value, list) and len(value) > 1 and (columns := _columns(value)):
        head = element("tr", *(element("th", name, scope="col") for name in columns))
        body = (element("tr", *(element("td", _value(row[key], depth + 2)) for key in columns)) for row in value)
        return element("table", element("thead", head), element("tbody", *body))
    if isinstance(value, list) and value:
        return element("ul", *(element("li", _value(one, depth + 1)) for one in value))
    if isinstance(value, str) and value:
        return element("span", value, dir="auto")
    return element("code", json.dumps(value))


def _columns(rows: list[Any]) -> tuple[str, ...]:
    """The keys, where all rows are objects with the same few."""
    if not all(isinstance(row, dict) and row.keys() == rows[0].keys() for row in rows):
        return ()
    return tuple(rows[0]) if len(rows[0]) <= MOST_COLUMNS else ()


def shortened(text: str, most: int) -> str:
    """On one line, at most so many characters."""
    text = " ".join(text.split())
    return text if len(text) <= most else f"{text[: most - 1]}…"


def facts_of_search(card: Card, page: int, askings: Askings) -> list[Any]:
    """A row of the index: page, card, name, place, and of each answer who was asked, whether it failed, its words."""
    return [
        page,
        card.number,
        card.name,
        place_of(card.answers[0]),
        [[askings.number(one), int(one.error is not None), words_of(one)] for one in card.answers],
    ]


def failure_rows(card: Card, href: str, askings: Askings) -> Html:
    """What failed, a row each, leading to the card."""
    rows = []
    for answer in card.answers:
        if answer.error is None:
            continue
        place = place_of(answer)
        rows.append(
            element(
                "li",
                element("a", element("bdi", card.name), f", {place}" if place else "", href=href),
                " ",
                element("b", answer.error),
                " ",
                element("span", shortened(answer.message, 200), dir="auto"),
                *([" ", element("i", askings.name(askings.number(answer)))] if len(askings.all) > 1 else []),
            )
        )
    return joined(*rows)
