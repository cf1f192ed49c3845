"""Thumbnails of the report that is there already: they lie in its pages, and need not be drawn again."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from contextlib import suppress
from hashlib import blake2b
from pathlib import Path
from typing import BinaryIO, NamedTuple

from ollama_vision.batch import RecordedAnswer
from ollama_vision.pictures import BoxMapping

_BEGINNING = b'data-of="'
_DATA = b'src="data:image/jpeg;base64,'
_SIDE = rb"([0-9]{1,4})"
_NUMBERS = rb"((?: [0-9]{1,9}){5}(?: [0-9]{1,9}){0,4})"
_WHOLE = re.compile(rb'data-of="([0-9a-f]{32})%b" %b([^"]+)" width="%b" height="%b"' % (_NUMBERS, _DATA, _SIDE, _SIDE))
_LONGEST = 1 << 18
"""Bytes of one: noise of 60,000 pixels takes 60,000."""
_PIECE = 1 << 18
_BITS = 40
_ONES = (1 << _BITS) - 1
_BASE64 = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/="
_BEGINS_AS_JPEG = b"/9j/"


def name_of(answer: RecordedAnswer, drawn_as: str) -> str:
    """By what a thumbnail is known again: the picture's bytes, its page, and how it was drawn; empty if not at all."""
    if not answer.sha256:
        return ""
    moment = answer.seconds_in_video
    what = f"{answer.sha256} {answer.page} {answer.pages} {drawn_as}{'' if moment is None else f' {moment}'}"
    return blake2b(what.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()


def known_as(name: str, mapping: BoxMapping) -> str:
    """What stands before a thumbnail: its name, and where its pixels are in the original."""
    numbers = (*mapping.original_size, mapping.orientation, *mapping.content_size, *(mapping.crop or ()))
    return f"{name} {' '.join(map(str, numbers))}"


class Thumbnail(NamedTuple):
    """A small JPEG as a page has it."""

    base64: str
    mapping: BoxMapping


class EarlierThumbnails:
    """Those of a report and of its pages, as they are now; what is no thumbnail of ours is passed over."""

    def __init__(self, files: Iterable[Path]) -> None:
        self._files = list(files)
        self._places: dict[bytes, int] = {}
        """By name: file, first byte and length as one number, which takes a third of what three take."""
        for number, file in enumerate(self._files):
            with suppress(OSError), file.open("rb") as page:  # what cannot be read is drawn anew
                for name, start, length in _places_in(page):
                    self._places[name] = (number << _BITS | start) << _BITS | length

    def get(self, name: str) -> Thumbnail | None:
        """The one of that name; `None` when there is none, or its page is another one by now."""
        place = self._places.get(bytes.fromhex(name))
        if place is None:
            return None
        number, start, length = place >> 2 * _BITS, place >> _BITS & _ONES, place & _ONES
        try:
            with self._files[number].open("rb") as page:
                page.seek(start)
                data = page.read(length)
        except OSError:
            return None
        # Of another report by now, or of someone else's hand, nothing is shown as a picture that it is not.
        whole = _WHOLE.fullmatch(data)
        if whole is None or whole[1] != name.encode():
            return None
        drawn, mapping = whole[3], _mapping(whole)
        if mapping is None or not drawn.startswith(_BEGINS_AS_JPEG) or drawn.translate(None, _BASE64):
            return None
        return Thumbnail(drawn.decode("ascii"), mapping)


def _mapping(whole: re.Match[bytes]) -> BoxMapping | None:
    numbers = [int(number) for number in whole[2].split()]
    if len(numbers) not in (5, 9):
        return None
    crop = (numbers[5], numbers[6], numbers[7], numbers[8]) if len(numbers) > 5 else None
    sent = int(whole[4]), int(whole[5])
    return BoxMapping((numbers[0], numbers[1]), numbers[2], (numbers[3], numbers[4]), sent, crop)


def _places_in(page: BinaryIO) -> Iterator[tuple[bytes, int, int]]:
    """By search for what stands around them: a page of 200 pictures is 3 MB, nearly all of it base64."""
    data, begins, has_more = b"", 0, True
    while has_more:
        piece = page.read(_PIECE)
        has_more = len(piece) == _PIECE
        data, at = data + piece, 0
        while (found := data.find(_BEGINNING, at)) >= 0:
            whole = _WHOLE.match(data, found)
            if whole is not None:
                yield bytes.fromhex(whole[1].decode()), begins + found, whole.end() - found
            elif has_more and len(data) - found < _LONGEST:
                at = found
                break
            at = found + len(_BEGINNING)
        else:
            at = max(at, len(data) - len(_BEGINNING))
        data, begins = data[at:], begins + at
