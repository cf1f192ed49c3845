"""`ask --continue`: what went before, asked about with the same pictures, or not at all; and what is kept for the next
time."""

from __future__ import annotations

import os
import stat
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

from ..common.access import Access, UsageError
from ..common.settings.shown import without_credentials
from ..common.settings_in_use import settings_in_use
from .conversations import Conversations, KeepingError, KeptExchange, KeptPicture
from .question import NoAnswer

if TYPE_CHECKING:
    from ollama_vision.model import Exchange
    from ollama_vision.pictures import PictureSource
    from ollama_vision.server import ModelCapabilities

    from .question import Question
    from .typed import AskOptions

PREPARATION = ("detail", "range", "region", "tiles", "pages", "frames", "clip")
"""What of a question says how its pictures are prepared."""
LARGEST_PICTURE = 32_000_000
"""Bytes of one that came from a URL or a pipe."""
_OF_PICTURES = ("detail", "range", "region", "tiles", "pages", "frames", "from_", "to")


def conversation_to_go_on_with(typed: AskOptions, *, has_pictures: bool) -> tuple[KeptExchange, ...]:
    """Raises UsageError where there is none, or where what is typed is not for one."""
    if typed.draw_boxes is not None:
        raise UsageError("--draw-boxes draws on the picture of one question: ask it anew, without --continue.")
    meant = settings_in_use().names
    for name in _OF_PICTURES if not has_pictures else ():
        if getattr(typed, name) is not None and name not in meant:
            raise UsageError(
                f"--{name.rstrip('_')} is for pictures of this question, and those of the conversation are sent as "
                "before: name the picture once more, or leave it out."
            )
    try:
        kept = Conversations.of_user().newest()
    except KeepingError as error:
        raise UsageError(f"--continue: {error}") from error
    if not kept:
        raise UsageError(
            "--continue: there is no conversation to go on with. Begin one: ollama-vision ask photo.jpg "
            '"What is this?" It is kept unless you say --no-log, or log = false in ollama-vision.toml.'
        )
    return kept


def going_on(question: Question, typed: AskOptions, kept: Sequence[KeptExchange]) -> Question:
    """The question with what the conversation says where nothing else was typed."""
    before, meant = kept[-1].settings, settings_in_use().names

    def said(name: str) -> bool:
        return bool(getattr(typed, name)) and name not in meant

    access = question.access
    if not said("host") and not said("demo") and (before["host"] or before["demo"]):
        # What a settings file adds to a request is for the server that it means.
        headers = access.headers if said("header") else {}
        cacert = access.cacert if said("cacert") else None
        access = Access(before["demo"], (before["host"],) if before["host"] else (), headers, cacert)
    options = _both(before["options"], question.options, said("option"))
    unchecked = _both(before["options_unchecked"], question.options_unchecked, said("option_unchecked"))
    return replace(
        question,
        earlier=tuple(kept),
        access=access,
        model=typed.model if said("model") else before["model"],
        system=question.system if said("system") else before["system"],
        options=options,
        options_unchecked=unchecked,
        think=typed.think if typed.think is not None and "think" not in meant else before["think"],
    )


def _both(before: Mapping[str, Any], now: Mapping[str, Any], is_typed: bool) -> dict[str, Any]:
    return {**before, **now} if is_typed else {**now, **before}


def exchanges_of(question: Question, known: ModelCapabilities, window: int) -> list[Exchange]:
    """What went before, its pictures opened and prepared as they were. Raises NoAnswer for one that cannot be sent
    again.

    Args:
        window: tokens that were asked for where nobody said how many.
    """
    from ollama_vision.model import Exchange, FrameBudget

    from .pictures import chosen_of, image_options

    exchanges = []
    for each in question.earlier:
        how = {name: _tuples(each.preparation[name]) for name in PREPARATION}
        options = image_options(replace(question, **how))
        originals = [_opened_again(picture, options) for picture in each.pictures]
        # Of a video as many scenes as there was room for then.
        room = FrameBudget.of(known, each.settings["options"].get("num_ctx", window))
        exchanges.append(Exchange(each.question, each.answer, tuple(chosen_of(originals, known.server_sizes, room))))
    return exchanges


def _tuples(value: Any) -> Any:
    """JSON has lists alone."""
    return tuple(map(_tuples, value)) if isinstance(value, list) else value


def _opened_again(picture: KeptPicture, options: Any) -> PictureSource:
    from ollama_vision.pictures import PictureSource

    anew = "Ask about it anew, without --continue."
    if picture.data is not None:
        return PictureSource.of(picture.data, options)
    if picture.sha256 is None:
        raise NoAnswer(
            f"{picture.name} cannot be sent again: it was a pipe, changed while it was asked about, or was larger than "
            f"{LARGEST_PICTURE:,} bytes. {anew}"
        )
    if not Path(picture.name).is_file():
        raise NoAnswer(f"{picture.name}, which the conversation is about, is not there any more. {anew}")
    original = PictureSource.of(Path(picture.name), options)
    if original.sha256() != picture.sha256:
        raise NoAnswer(f"{picture.name} is not the picture any more that the conversation is about. {anew}")
    return original


@dataclass(frozen=True)
class FileAsked:
    """A picture that is a file, and how it looked before it was asked about."""

    path: Path
    look: tuple[int, ...] | None
    """`None` for a pipe, which has been read."""

    def kept(self) -> KeptPicture:
        """With the hash of its bytes, unless it is not the file any more that was asked about."""
        return KeptPicture(str(self.path.absolute()), None if self.look is None else self._sha256(self.look))

    def _sha256(self, look: tuple[int, ...]) -> str | None:
        import hashlib

        try:
            with self.path.open("rb") as opened:
                is_same = _look(os.fstat(opened.fileno())) == look
                return hashlib.file_digest(opened, "sha256").hexdigest() if is_same else None
        except OSError:
            return None


Taken: TypeAlias = FileAsked | KeptPicture


def what_is_taken(
    named: Sequence[str | Path], pictures: Sequence[str | Path | bytes], originals: Sequence[PictureSource]
) -> list[Taken]:
    """What there is to know of pictures before they are asked about, to find them again; or else their bytes.

    Args:
        named: as they were typed.
        pictures: the same, standard input read.
        originals: the same, opened; needed where there are URLs.
    """
    taken: list[Taken] = []
    for at, (name, picture) in enumerate(zip(named, pictures, strict=True)):
        if isinstance(picture, Path):
            taken.append(FileAsked(picture, _look_at(picture)))
        elif isinstance(picture, bytes):
            taken.append(KeptPicture(str(name), None, _if_small(picture)))
        else:
            held = originals[at].held
            data = getattr(held, "data", None)
            taken.append(KeptPicture(originals[at].source, None, _if_small(data)))
    return taken


def _if_small(data: bytes | None) -> bytes | None:
    return data if data is not None and len(data) <= LARGEST_PICTURE else None


def _look_at(file: Path) -> tuple[int, ...] | None:
    try:
        return _look(file.stat())
    except OSError:
        return None  # who sends it will say so


def _look(there: os.stat_result) -> tuple[int, ...] | None:
    is_file = stat.S_ISREG(there.st_mode)
    return (there.st_dev, there.st_ino, there.st_size, there.st_mtime_ns) if is_file else None


def keep(question: Question, model: str, answer: str, taken: Sequence[Taken]) -> None:
    """Keep an exchange for the next `--continue`. Raises KeepingError."""
    host = question.access.hosts[0] if question.access.hosts and "host" not in settings_in_use().names else None
    exchange = KeptExchange(
        question.text,
        answer,
        tuple(each.kept() if isinstance(each, FileAsked) else each for each in taken),
        {name: getattr(question, name) for name in PREPARATION},
        {
            "model": model,
            "host": None if host is None else without_credentials(host),
            "demo": question.access.demo,
            "system": question.system,
            "options": dict(question.options),
            "options_unchecked": dict(question.options_unchecked),
            "think": question.think,
        },
    )
    follows = question.earlier[-1].id if question.earlier else None
    Conversations.of_user().add(exchange, follows=follows)
