"""Parsing of `--prompt`, `--prompt-file` and `--system`: the words that a model is asked in, before any server is."""

from __future__ import annotations

import sys
from pathlib import Path

from .access import STANDARD_INPUT, UsageError

LONGEST_PROMPT = 1_000_000
"""Bytes of a file: more than any model's context holds. What is larger is a slip of the hand, a picture say."""


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
