"""What was typed, checked: from the words of a command line to values, before any server is asked."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from stat import S_ISDIR
from typing import Any

STANDARD_INPUT = "-"
STANDARD_OUTPUT = "-"
MODEL_VARIABLE = "OLLAMA_VISION_MODEL"
HEADER_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
HEADER_VALUE = re.compile(r"[\t\x20-\x7e]*")


class WrongArgument(Exception):
    """What was typed cannot be meant so; the message says what can."""


@dataclass(frozen=True)
class Access:
    """Which servers to ask, and how to be let in."""

    demo: bool
    """A server of our own with the demo model, and no other."""
    hosts: tuple[str, ...]
    """None: the one that `OLLAMA_HOST` names, else this machine."""
    headers: Mapping[str, str]
    cacert: Path | None


@dataclass(frozen=True)
class Question:
    """All that one `ask` says; `None` is what was not said."""

    pictures: tuple[str | Path, ...]
    """URLs as text, files as paths, `STANDARD_INPUT` for the picture that is piped in."""
    text: str
    model: str | None
    access: Access
    stream: bool
    format: str | dict[str, Any] | None
    range: tuple[int, int] | None
    pages: tuple[int, ...] | None
    frames: int | None
    options: Mapping[str, Any]
    options_unchecked: Mapping[str, Any]
    think: bool | None
    timeout: float | None
    """Seconds of silence; `None`: as long as the client waits by itself."""


def read_question(
    *,
    pictures: Iterable[str],
    question: str,
    model: str | None,
    demo: bool,
    host: str | None,
    headers: Iterable[str],
    cacert: Path | None,
    stream: bool,
    format: str | None,
    range: str | None,
    pages: str | None,
    frames: int | None,
    options: Iterable[str],
    options_unchecked: Iterable[str] = (),
    think: bool | None,
    timeout: float | None = None,
) -> Question:
    """Check everything that can be checked without a server; raises `WrongArgument`."""
    return Question(
        pictures=read_pictures(list(pictures), question),
        text=question,
        model=model or model_of_environment(demo=demo),
        access=read_access(demo=demo, hosts=() if host is None else (host,), headers=headers, cacert=cacert),
        stream=stream,
        format=None if format is None else read_format(format),
        range=None if range is None else read_range(range),
        pages=None if pages is None else read_pages(pages),
        frames=frames,
        options=dict(read_option(text) for text in options),
        options_unchecked=dict(read_option(text) for text in options_unchecked),
        think=think,
        timeout=timeout,
    )


def read_access(*, demo: bool, hosts: Iterable[str], headers: Iterable[str], cacert: Path | None) -> Access:
    """Where to ask; raises `WrongArgument`."""
    hosts, headers = tuple(hosts), tuple(headers)
    if demo and (hosts or headers or cacert is not None):
        raise WrongArgument("--demo starts a server of its own: leave out --host, --header and --cacert.")
    if cacert is not None:
        check_certificates(cacert)
    return Access(demo, hosts, dict(read_header(text) for text in headers), cacert)


def model_of_environment(*, demo: bool) -> str | None:
    """What `OLLAMA_VISION_MODEL` says; the demo server has a model of its own."""
    return None if demo else os.environ.get(MODEL_VARIABLE) or None


def is_url(text: str) -> bool:
    return text.lower().startswith(("http://", "https://"))


def read_pictures(words: list[str], question: str) -> tuple[str | Path, ...]:
    """Tell files from URLs, and a forgotten question from a question."""
    if not question.strip():
        raise WrongArgument('The question is empty: ask something, such as "What is this?"')
    if question == STANDARD_INPUT or is_url(question) or what_is_at(question) == "file":
        raise WrongArgument(f'The question comes last, and {question!r} is a picture: add "What is this?", say.')
    if not words:
        raise WrongArgument(f"Name a picture before the question: ollama-vision ask photo.jpg {question!r}")
    if words.count(STANDARD_INPUT) > 1:
        raise WrongArgument("Standard input holds one picture: give - once.")
    pictures: list[str | Path] = []
    for word in words:
        if word == STANDARD_INPUT or is_url(word):
            pictures.append(word)
        elif what_is_at(word) == "file":
            pictures.append(Path(word))
        else:
            if what_is_at(word) == "folder":
                raise WrongArgument(
                    f"{word!r} is a folder, not a picture. `ollama-vision describe` asks about folders."
                )
            raise WrongArgument(f"{word!r} is neither a file nor an http or https URL.")
    return tuple(pictures)


MOST_PAGES_NAMED = 1000


def read_pages(text: str) -> tuple[int, ...]:
    """`2-4,7` is pages 2, 3, 4 and 7, counted from 1, in this order."""
    pages: list[int] = []
    for part in text.split(","):
        found = re.fullmatch(r"\s*(\d{1,9})\s*(?:-\s*(\d{1,9})\s*)?", part)
        first, last = (int(found[1]), int(found[2] or found[1])) if found else (0, 0)
        if not 1 <= first <= last:
            raise WrongArgument(f"--pages takes numbers from 1 on, such as 3 or 2-4,7, not {text!r}.")
        if len(pages) + last - first >= MOST_PAGES_NAMED:
            raise WrongArgument(f"--pages takes no more than {MOST_PAGES_NAMED:,} pages: describe asks about each.")
        pages.extend(range(first, last + 1))
    return tuple(pages)


def what_is_at(word: str) -> str:
    """`file`, `folder` or `nothing`; a named pipe, such as what `<(command)` gives, counts as a file."""
    try:
        mode = Path(word).stat().st_mode
    except (OSError, ValueError):
        # Also for a text that is too long to be a name, or that holds a zero byte.
        return "nothing"
    return "folder" if S_ISDIR(mode) else "file"


def read_header(text: str) -> tuple[str, str]:
    name, colon, value = (part.strip() for part in text.partition(":"))
    if not colon or not HEADER_NAME.fullmatch(name) or not HEADER_VALUE.fullmatch(value):
        # Without the text: it may hold a secret.
        raise WrongArgument('--header takes "Name: value" in ASCII, such as "Authorization: Bearer KEY".')
    return name, value


def check_certificates(file: Path) -> None:
    import ssl

    try:
        ssl.create_default_context(cafile=file)
    except FileNotFoundError:
        raise WrongArgument(f"--cacert {file}: there is no such file.") from None
    except OSError as error:
        # An SSLError is an OSError as well.
        raise WrongArgument(f"--cacert {file}: it holds no certificates in PEM form ({error.strerror}).") from error


def read_range(text: str) -> tuple[int, int]:
    """The values shown as black and as white, as in 400:3640; the lower may be negative."""
    numbers = re.fullmatch(r"\s*(-?[0-9]{1,10})\s*:\s*(-?[0-9]{1,10})\s*", text, re.ASCII)
    if numbers is None or int(numbers[1]) >= int(numbers[2]):
        raise WrongArgument(
            f"--range takes the value shown as black and a higher one, shown as white: 400:3640, not {text!r}."
        )
    return int(numbers[1]), int(numbers[2])


def read_option(text: str) -> tuple[str, Any]:
    """`temperature=0` is a number, `stop=["a"]` a list, and what is not JSON is text: `stop=END`."""
    name, sign, value = text.partition("=")
    if not sign or not name.strip():
        raise WrongArgument(f"--option takes name=value, such as temperature=0, not {text!r}.")
    try:
        return name.strip(), json.loads(value)
    except json.JSONDecodeError:
        return name.strip(), value


def read_format(text: str) -> str | dict[str, Any]:
    """The JSON Schema in a file; the word `json`, when no file is called that, asks for any JSON."""
    if text == "json" and not Path(text).is_file():
        return text
    return read_schema(text, option="--format")


def read_schema(text: str, *, option: str) -> dict[str, Any]:
    """The JSON Schema in a file."""
    file = Path(text)
    if not file.is_file():
        raise WrongArgument(f"{option} {text}: there is no such file. It takes a file with a JSON Schema.")
    try:
        schema = json.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise WrongArgument(f"{option} {text}: it cannot be read: {error.strerror}.") from error
    except ValueError as error:
        raise WrongArgument(f"{option} {text}: it is not JSON: {error}.") from error
    if not isinstance(schema, dict):
        raise WrongArgument(f'{option} {text}: a JSON Schema is an object, such as {{"type": "object"}}.')
    return schema
