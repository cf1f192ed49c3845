"""Parsing of the arguments of `ask`: pictures, question, pages, format."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from stat import S_ISDIR
from typing import TYPE_CHECKING, Any, Literal

from ..common.access import (
    STANDARD_INPUT,
    Access,
    UsageError,
    model_of_environment,
    read_access,
    read_clip,
    read_convention,
    read_frames,
    read_labels,
    read_option,
    read_range,
    read_region,
    read_schema,
    read_tiles,
)
from ..common.prompts import checked_text, may_have_placeholders, read_prompt_file, read_system, read_template
from ..common.settings_in_use import settings_in_use

if TYPE_CHECKING:
    from ollama_vision.batch import PromptTemplate
    from ollama_vision.pictures import BoxConvention, Region, Tiles

    from .conversations import KeptExchange
    from .typed import AskOptions

MOST_PAGES_NAMED = 1000
FORMATS: Mapping[str, Literal["png", "jpeg"]] = {".png": "png", ".jpg": "jpeg", ".jpeg": "jpeg"}
"""What boxes are drawn into, by the name's ending."""


class NoAnswer(Exception):
    """There is nothing to show, or not all of it; the message says why and what to do."""


@dataclass(frozen=True)
class Drawing:
    """Where the boxes of the answer are to be drawn, and how the model counts them."""

    out: Path
    convention: BoxConvention | None
    """`None`: as the model's family does."""


@dataclass(frozen=True)
class Question:
    """All that one `ask` says; `None` is what was not said."""

    pictures: tuple[str | Path, ...]
    """URLs as text, files as paths, `STANDARD_INPUT` for the picture that is piped in."""
    text: str
    """As it was typed, with placeholders."""
    template: PromptTemplate | None
    """The same, read; `None` for words without braces that could be placeholders."""
    system: str | None
    """`None`: the model's own."""
    model: str | None
    access: Access
    stream: bool
    as_json: bool
    """Whether the answer is printed as one object, with what it cost and what was sent."""
    format: str | dict[str, Any] | None
    detail: Literal["low", "auto", "high"]
    range: tuple[int, int] | None
    region: Region | None
    tiles: Tiles | None
    pages: tuple[int, ...] | None
    frames: int | str | None
    clip: tuple[float, float | None] | None
    """From and to, in seconds, of videos."""
    drawing: Drawing | None
    labels: tuple[str, ...]
    """Of which one is the answer; empty where it is not one of some labels."""
    calibration: Path | None
    options: Mapping[str, Any]
    options_unchecked: Mapping[str, Any]
    think: bool | None
    timeout: float | None
    """Seconds of silence; `None`: as long as the client waits by itself."""
    log: bool
    """Whether it is kept for `--continue`."""
    earlier: tuple[KeptExchange, ...] = ()
    """What it goes on with."""


def read_question(typed: AskOptions) -> Question:
    """Check everything that can be checked without a server; raises `UsageError`."""
    labels = read_labels(typed.choose)
    if labels and (typed.format is not None or typed.draw_boxes is not None):
        other = "--format" if typed.format is not None else "--draw-boxes"
        raise UsageError(f"--choose and {other} are two forms of answers: give one of them.")
    if typed.calibration is not None and not labels:
        raise UsageError("--calibration is for the labels of --choose: give both.")
    if typed.tiles is not None and typed.draw_boxes is not None:
        raise UsageError("--tiles sends several images, and no box says of which it is: leave --draw-boxes out.")
    pictures, text = read_words(typed)
    return Question(
        labels=labels,
        calibration=typed.calibration,
        pictures=pictures,
        text=text,
        template=read_template(text, "The question") if may_have_placeholders(text) else None,
        system=read_system(typed.system),
        model=typed.model or model_of_environment(demo=typed.demo),
        access=read_access(
            demo=typed.demo,
            hosts=() if typed.host is None else (typed.host,),
            headers=typed.header or (),
            cacert=typed.cacert,
        ),
        stream=typed.stream,
        as_json=typed.as_json,
        format=None if typed.format is None else read_format(typed.format),
        detail="auto" if typed.detail is None else typed.detail.value,
        range=None if typed.range is None else read_range(typed.range),
        region=None if typed.region is None else read_region(typed.region),
        tiles=None if typed.tiles is None else read_tiles(typed.tiles),
        pages=None if typed.pages is None else read_pages(typed.pages),
        frames=None if typed.frames is None else read_frames(typed.frames),
        clip=read_clip(typed.from_, typed.to),
        drawing=read_drawing(typed.draw_boxes, typed.box_convention),
        options=dict(read_option(text) for text in typed.option or ()),
        options_unchecked=dict(read_option(text) for text in typed.option_unchecked or ()),
        think=typed.think,
        timeout=typed.timeout,
        log=typed.log,
    )


def is_url(text: str) -> bool:
    return text.lower().startswith(("http://", "https://"))


def read_words(typed: AskOptions) -> tuple[tuple[str | Path, ...], str]:
    """The pictures and the question, which comes last unless it stands in a file."""
    last = typed.question
    if last is None:
        if typed.prompt_file is None or not typed.continue_:
            raise UsageError('Name a picture and ask about it: ollama-vision ask photo.jpg "What is this?"')
        return (), read_prompt_file(typed.prompt_file)
    is_question = last != STANDARD_INPUT and not is_url(last) and what_is_at(last) == "nothing"
    # A question that is typed goes before a file that is always meant.
    is_meant = "prompt_file" in settings_in_use().names and (bool(typed.pictures) or typed.continue_)
    if typed.prompt_file is None or (is_meant and is_question):
        check_question(last, has_pictures=bool(typed.pictures) or typed.continue_)
        return read_pictures(typed.pictures), checked_text(last, "The question")
    words = [*typed.pictures, last]
    if typed.pictures and is_question:
        raise UsageError(
            f"The question is in --prompt-file {typed.prompt_file}, and {last!r} is no picture: leave one of them out."
        )
    if typed.prompt_file == STANDARD_INPUT in words:
        raise UsageError("Standard input holds a picture or the prompt: give - once.")
    return read_pictures(words), read_prompt_file(typed.prompt_file)


def check_question(question: str, *, has_pictures: bool) -> None:
    """Tell a forgotten question from a question."""
    if not question.strip():
        raise UsageError('The question is empty: ask something, such as "What is this?"')
    if question == STANDARD_INPUT or is_url(question) or what_is_at(question) == "file":
        raise UsageError(f'The question comes last, and {question!r} is a picture: add "What is this?", say.')
    if not has_pictures:
        raise UsageError(f"Name a picture before the question: ollama-vision ask photo.jpg {question!r}")


def read_pictures(words: list[str]) -> tuple[str | Path, ...]:
    """Tell files from URLs."""
    if words.count(STANDARD_INPUT) > 1:
        raise UsageError("Standard input holds one picture: give - once.")
    pictures: list[str | Path] = []
    for word in words:
        if word == STANDARD_INPUT or is_url(word):
            pictures.append(word)
        elif what_is_at(word) == "file":
            pictures.append(Path(word))
        else:
            if what_is_at(word) == "folder":
                raise UsageError(f"{word!r} is a folder, not a picture. `ollama-vision describe` asks about folders.")
            raise UsageError(f"{word!r} is neither a file nor an http or https URL.")
    return tuple(pictures)


def what_is_at(word: str) -> str:
    """`file`, `folder` or `nothing`; a named pipe, such as what `<(command)` gives, counts as a file."""
    try:
        mode = Path(word).stat().st_mode
    except (OSError, ValueError):
        # Also for a text that is too long to be a name, or that holds a zero byte.
        return "nothing"
    return "folder" if S_ISDIR(mode) else "file"


def read_pages(text: str) -> tuple[int, ...]:
    """`2-4,7` is pages 2, 3, 4 and 7, counted from 1, in this order."""
    pages: list[int] = []
    for part in text.split(","):
        found = re.fullmatch(r"\s*(\d{1,9})\s*(?:-\s*(\d{1,9})\s*)?", part)
        first, last = (int(found[1]), int(found[2] or found[1])) if found else (0, 0)
        if not 1 <= first <= last:
            raise UsageError(f"--pages takes numbers from 1 on, such as 3 or 2-4,7, not {text!r}.")
        if len(pages) + last - first >= MOST_PAGES_NAMED:
            raise UsageError(f"--pages takes no more than {MOST_PAGES_NAMED:,} pages: describe asks about each.")
        pages.extend(range(first, last + 1))
    return tuple(pages)


def read_format(text: str) -> str | dict[str, Any]:
    """The JSON Schema in a file; the word `json`, when no file is called that, asks for any JSON."""
    if text == "json" and not Path(text).is_file():
        return text
    return read_schema(text, option="--format")


def read_drawing(out: Path | None, convention: str | None) -> Drawing | None:
    if out is None:
        if convention is not None:
            raise UsageError("--box-convention says how the boxes of --draw-boxes are counted: give both.")
        return None
    if out.suffix.lower() not in FORMATS:
        raise UsageError(f"--draw-boxes {out}: name a file that ends in .png or .jpg.")
    if out.is_dir() or not out.absolute().parent.is_dir():
        what = "it is a folder" if out.is_dir() else f"there is no folder {out.parent}"
        raise UsageError(f"--draw-boxes {out}: {what}. Name a file, such as boxes.png.")
    return Drawing(out, read_convention(convention))
