"""Parsing of `--prompt`, `--prompt-file` and `--system`: the words that a model is asked in, before any server is."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from ollama_vision.errors import PromptError
from ollama_vision.words import counted

from .access import STANDARD_INPUT, UsageError
from .running import Stopped
from .screen import Screen, named

if TYPE_CHECKING:
    from ollama_vision.batch import FoundFile, PicturePrompts, PromptTemplate

LONGEST_PROMPT = 1_000_000
"""Bytes of a file: more than any model's context holds. What is larger is a slip of the hand, a picture say."""

MOST_LISTED = 1000
"""Pictures that do not fit a prompt; of more it is the prompt that does not fit them."""


def read_prompt(prompt: str | None, file: str | None, otherwise: str) -> str:
    """The words of `--prompt` or of `--prompt-file`, which are two forms of one thing; raises `UsageError`."""
    if prompt is not None and file is not None:
        raise UsageError("--prompt and --prompt-file both say what is asked: give one of them.")
    if file is not None:
        return read_prompt_file(file)
    text = otherwise if prompt is None else prompt
    if not text.strip():
        raise UsageError('--prompt is empty: ask something, such as "What is this?"')
    return checked_text(text, "--prompt")


def read_prompt_file(file: str) -> str:
    """What stands in a file, or comes from standard input for `-`, without the newlines at its end.

    Raises `UsageError` for one that cannot be read, is empty, or holds no text.
    """
    option = f"--prompt-file {file}"
    try:
        data = _standard_input() if file == STANDARD_INPUT else _file(Path(file), option)
    except OSError as error:
        raise UsageError(f"{option}: it cannot be read: {error.strerror or error}.") from error
    if len(data) > LONGEST_PROMPT:
        raise UsageError(f"{option}: it is larger than {LONGEST_PROMPT:,} bytes, and no model reads so long a prompt.")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise UsageError(
            f"{option}: it is no text in UTF-8 (at byte {error.start + 1}). Save it as UTF-8, without pictures or "
            "formatting."
        ) from error
    text = text.replace("\r\n", "\n").rstrip("\n")  # as $(cat FILE) gives it
    if not text.strip():
        raise UsageError(f'{option}: it is empty: ask something, such as "What is this?"')
    return text


def may_have_placeholders(text: str) -> bool:
    """Told without opening what reads them: few questions have any."""
    return any(f"{{{group}." in text for group in ("path", "exif", "gps", "sidecar"))


def read_template(text: str, option: str) -> PromptTemplate:
    """The words with their placeholders; raises `UsageError` for a name that none has."""
    from ollama_vision.batch import PromptTemplate

    try:
        return PromptTemplate(text)
    except ValueError as error:
        raise UsageError(f"{option}: {error}.") from error


def own_words(
    template: PromptTemplate, files: Sequence[FoundFile], limit: int | None, screen: Screen
) -> PicturePrompts | None:
    """What each picture is asked; `None` where the prompt has no placeholders.

    Raises Stopped, once the pictures that lack something are listed.
    """
    if not template.placeholders:
        return None
    from ollama_vision.batch import PicturePrompts

    reading = "Reading what the pictures say of themselves"
    screen.wait(reading)
    try:
        return PicturePrompts.of(
            template,
            files,
            limit=limit,
            on_progress=lambda done: screen.still_waiting(f"{reading}: {done:,} of {len(files):,}"),
        )
    except PromptError as error:
        raise Stopped(tell_unfit(error, screen)) from error


def tell_unfit(error: PromptError, screen: Screen) -> str:
    """List the pictures that keep a prompt from being asked, each with what it lacks; gives what is left to say."""
    for path, why in islice(error.unfit.items(), MOST_LISTED):
        screen.remark(f"{named(path)} {why}.")
    if (more := len(error.unfit) - MOST_LISTED) > 0:
        screen.remark(f"And {counted(more, 'picture')} more.")
    return str(error).removesuffix(f" {error.listed}.")


def read_system(system: str | None) -> str | None:
    """The system prompt; raises `UsageError` for one that says nothing."""
    if system is not None and not system.strip():
        raise UsageError("--system is empty: leave it out, and the model's own system prompt stands.")
    return None if system is None else checked_text(system, "--system")


def checked_text(text: str, option: str) -> str:
    """Raises `UsageError` for bytes on the command line that are no text: no server could be sent them."""
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise UsageError(
            f"{option}: character {error.start + 1} is no text in this terminal's encoding. Type it anew, or put it "
            "into a file: --prompt-file."
        ) from error
    return text


def _file(path: Path, option: str) -> bytes:
    if path.is_dir():
        raise UsageError(f"{option}: it is a folder. It takes a file with the words of the prompt.")
    try:
        with path.open("rb") as file:
            return file.read(LONGEST_PROMPT + 1)
    except FileNotFoundError:
        raise UsageError(f"{option}: there is no such file. It takes a file with the words of the prompt.") from None


def _standard_input() -> bytes:
    if sys.stdin is None or sys.stdin.isatty():
        raise UsageError("--prompt-file - means a prompt that is piped in, as in: cat prompt.txt | ollama-vision ...")
    return sys.stdin.buffer.read(LONGEST_PROMPT + 1)
