"""What a picture says of itself, for a prompt's placeholders: its path, its EXIF, and a text file beside it."""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Callable, Collection, Iterator
from pathlib import Path
from urllib.parse import unquote, urlsplit

from ollama_vision.errors import ImageError
from ollama_vision.pictures import PhotoFacts, opener, photo_facts_of_file

LARGEST_SIDECAR = 100_000
"""Bytes of a text beside a picture: it goes into the prompt, where more would leave no room for the picture."""
_FACTS = {
    "exif.date": "date",
    "exif.camera": "camera",
    "exif.lens": "lens",
    "gps.latitude": "latitude",
    "gps.longitude": "longitude",
}
OF_THE_FILE = frozenset(_FACTS)
"""Placeholders for which the picture's own bytes are looked at."""
SIDECAR = "sidecar.txt"
_NO_TEXT = re.compile("[\ud800-\udfff]")
"""Halves of surrogate pairs: what Python has in the place of bytes that are no text."""


class UnusableSidecar(Exception):
    """The text beside a picture cannot be sent; says which file, and why."""


def words_of_file(path: Path, names: Collection[str], facts: Callable[[], PhotoFacts] | None = None) -> dict[str, str]:
    """What a file says for these placeholders; those for which it has nothing are left out.

    Args:
        path: as it was named or found. The folder's name is that of where it lies, whatever a link leads to.
        names: of placeholders; nothing is read for others.
        facts: of the file, where they are known in another way than by reading it.

    Raises:
        UnusableSidecar: there is one, and it cannot be sent.
    """
    said = _of_path(Path(os.path.abspath(path)), names)  # noqa: PTH100 - a Path would keep `..`
    if not OF_THE_FILE.isdisjoint(names):
        said |= _of_facts(photo_facts_of_file(path) if facts is None else facts(), names)
    if SIDECAR in names and (text := _sidecar(path)) is not None:
        said[SIDECAR] = text
    return said


def words_of_url(url: str, names: Collection[str], facts: Callable[[], PhotoFacts]) -> dict[str, str]:
    """The same of what a URL gives: its path is the URL's, and nothing lies beside it."""
    try:
        path = Path(unquote(urlsplit(url).path))
    except ValueError:  # it is refused when it is fetched
        path = Path()
    return {**_of_path(path, names), **({} if OF_THE_FILE.isdisjoint(names) else _of_facts(facts(), names))}


def words_of_bytes(names: Collection[str], facts: Callable[[], PhotoFacts]) -> dict[str, str]:
    """The same of bytes, which have no name."""
    return {} if OF_THE_FILE.isdisjoint(names) else _of_facts(facts(), names)


def _of_path(path: Path, names: Collection[str]) -> dict[str, str]:
    told = {"path.stem": path.stem, "path.parent": path.parent.name}
    # A file's name need not be text: a byte that is none becomes U+FFFD, for no request could hold it.
    return {name: _NO_TEXT.sub("\ufffd", word) for name, word in told.items() if name in names and word}


def _of_facts(facts: PhotoFacts, names: Collection[str]) -> dict[str, str]:
    told = {name: getattr(facts, fact) for name, fact in _FACTS.items() if name in names}
    return {name: word for name, word in told.items() if word is not None}


def _sidecar(path: Path) -> str | None:
    """`photo.jpg.txt`, else `photo.txt`; an empty one is none."""
    for file in _sidecars_of(path):
        if text := _text_of(file):
            return text
    return None


def _sidecars_of(path: Path) -> Iterator[Path]:
    yield path.with_name(f"{path.name}.txt")
    if path.suffix:
        yield path.with_suffix(".txt")


def _text_of(file: Path) -> str:
    """Without the space around it; empty when there is no such file. A link is read as any file that was named."""
    try:
        if not stat.S_ISREG(file.stat().st_mode):
            return ""  # a folder of that name; a pipe would keep the run waiting
        with open(file, "rb", opener=opener()) as opened:
            data = opened.read(LARGEST_SIDECAR + 1)
    except (FileNotFoundError, NotADirectoryError):
        return ""
    except (OSError, ValueError, ImageError) as error:
        raise UnusableSidecar(f"{file} cannot be read: {getattr(error, 'strerror', None) or error}") from error
    if len(data) > LARGEST_SIDECAR:
        raise UnusableSidecar(f"{file} is larger than {LARGEST_SIDECAR:,} bytes")
    try:
        return data.decode("utf-8-sig").strip()
    except UnicodeDecodeError as error:
        raise UnusableSidecar(f"{file} is not UTF-8 (at byte {error.start + 1}): save it as UTF-8") from error
