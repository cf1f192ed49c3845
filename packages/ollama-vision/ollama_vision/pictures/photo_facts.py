"""What a photograph's EXIF says of when, with which camera and where it was taken, in words; read without decoding."""

from __future__ import annotations

import math
import os
import re
import stat
from contextlib import suppress
from dataclasses import dataclass
from datetime import date
from typing import BinaryIO

from ollama_vision.errors import ImageError

from .formats.exif import Exif, exif_of
from .formats.header import DamagedFile
from .formats.tiff_tags import Directory
from .sandbox import opener

_MAKE, _MODEL, _CHANGED = 0x010F, 0x0110, 0x0132
_TAKEN, _DIGITIZED, _LENS = 0x9003, 0x9004, 0xA434
_LATITUDE, _LONGITUDE = 2, 4
"""The letter of each hemisphere stands in the tag before."""
_MOST_DEGREES = {_LATITUDE: 90, _LONGITUDE: 180}
_SIGNS = {_LATITUDE: {"N": 1, "S": -1}, _LONGITUDE: {"E": 1, "W": -1}}
_LONGEST = 1000
"""Bytes of a text."""
_DATE = re.compile(
    r"\s*(\d{4})[:./-]\s?(\d{1,2})[:./-]\s?(\d{1,2})(?:[T\s]\s*(\d{1,2}):\s?(\d{1,2})(?::\s?(\d{1,2}))?)?", re.ASCII
)


@dataclass(frozen=True)
class PhotoFacts:
    """Each `None` where the file does not say, or says nothing that means anything."""

    date: str | None = None
    """`2026-11-29 14:05:00`, as the camera's clock had it: when it was taken, else digitized, else the file made; the
    day alone where no time is said."""
    camera: str | None = None
    """Maker and model, without saying the maker twice."""
    lens: str | None = None
    latitude: str | None = None
    """In degrees, south with a minus sign, to a tenth of a metre."""
    longitude: str | None = None
    """West with a minus sign."""


def photo_facts(file: BinaryIO) -> PhotoFacts:
    """Those of an open file, read from where it stands: its beginning. Raises OSError alone."""
    exif = exif_of(file)
    return PhotoFacts(
        _date(exif),
        _camera(_text(exif.main, _MAKE), _text(exif.main, _MODEL)),
        _text(exif.photo, _LENS),
        _degrees(exif.gps, _LATITUDE),
        _degrees(exif.gps, _LONGITUDE),
    )


def photo_facts_of_file(path: str | os.PathLike[str]) -> PhotoFacts:
    """Those of a file; none of one that cannot be read, which whoever sends it is told, nor of a pipe."""
    with suppress(OSError, ValueError, ImageError):
        if stat.S_ISREG(os.stat(path).st_mode):  # noqa: PTH116 - as `Blob.of_file` does
            with open(path, "rb", opener=opener()) as file:
                return photo_facts(file)
    return PhotoFacts()


def _date(exif: Exif) -> str | None:
    for directory, tag in ((exif.photo, _TAKEN), (exif.photo, _DIGITIZED), (exif.main, _CHANGED)):
        if found := _DATE.match(_text(directory, tag) or ""):
            year, month, day, *time = (None if part is None else int(part) for part in found.groups())
            with suppress(ValueError):  # of zeros, or no day of the calendar
                return f"{date(year or 0, month or 0, day or 0)}{_time(*time)}"
    return None


def _time(hour: int | None, minute: int | None, second: int | None) -> str:
    if hour is None or minute is None or hour > 23 or minute > 59 or (second or 0) > 60:
        return ""
    return f" {hour:02}:{minute:02}" + ("" if second is None else f":{second:02}")


def _camera(make: str | None, model: str | None) -> str | None:
    if make is None or model is None:
        return model or make
    # "NIKON CORPORATION" and "NIKON D850", "Canon" and "Canon EOS R5".
    if model.split()[0].casefold() in make.casefold().split():
        return model
    return f"{make} {model}"


def _text(directory: Directory | None, tag: int) -> str | None:
    """In one line; nothing where there is neither a letter nor a digit in it, as in "----" for a lens of old."""
    if directory is None:
        return None
    with suppress(DamagedFile):
        data = directory.data(tag, _LONGEST).partition(b"\0")[0]
        try:
            text = data.decode()
        except UnicodeDecodeError:
            text = data.decode("latin-1")
        text = " ".join("".join(each if each.isprintable() else " " for each in text).split())
        return text if any(map(str.isalnum, text)) else None
    return None


def _degrees(gps: Directory | None, tag: int) -> str | None:
    if gps is None:
        return None
    with suppress(DamagedFile):
        sign = _SIGNS[tag].get((_text(gps, tag - 1) or "?")[0].upper())
        parts = list(gps.values(tag, 3))
        while len(parts) > 1 and math.isnan(parts[-1]):  # 0/0: minutes, or seconds, that nobody knows
            parts.pop()
        degrees = sum(part / 60**place for place, part in enumerate(parts))
        if sign is None or not parts or min(parts) < 0 or not degrees <= _MOST_DEGREES[tag]:
            return None
        text = f"{sign * degrees:.6f}".rstrip("0").rstrip(".")
        return "0" if text == "-0" else text
    return None
