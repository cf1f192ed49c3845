"""Near-duplicates (perceptual hashing): each picture against those that are asked about, never against a copy."""

from __future__ import annotations

import os
from collections import OrderedDict
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

from ollama_vision.errors import ImageError
from ollama_vision.pictures import ImageOptions, Likeness, PictureSource, likeness_of

from ..results.earlier_answers import EarlierAnswer
from ..results.ledger import Version
from .hash_index import HashIndex

_MOST_LOOKED_AT = 8
"""Of those within reach, the nearest first."""
_KEPT = 64
"""Likenesses of pictures that others were compared with: copies mostly lie side by side."""


class Near(NamedTuple):
    """Whose copy a picture is."""

    number: int
    bits: int
    """How many differ."""


class NearPictures:
    """The pictures that are asked about, by what they look like.

    A picture is compared with those before it that are asked about, the nearest first and of equally near ones the
    first, and only then with those behind it that have their answer from an earlier run: so a run that goes on decides
    as one that was not broken off. Where hashes are near, the pictures are compared, colour by colour. A chain is not
    followed: what is like a copy and unlike the asked picture is asked.

    Called by one thread at a time.
    """

    def __init__(
        self, bits: int, options: ImageOptions, prompt_of: Callable[[str], str | None] = lambda path: ""
    ) -> None:
        """
        Args:
            bits: how many bits of two hashes may differ.
            options: how the pictures are prepared.
            prompt_of: by the path of a picture the digest of what it is asked, where that is its own; those that are
                asked otherwise are not compared.
        """
        self._index = HashIndex(bits)
        self._options, self._prompt_of = options, prompt_of
        self._numbers: list[int] = []
        """By the number in the index: that of the picture."""
        self._places: list[int] = []
        """In the order of the run's pictures; -1 of another folder's."""
        self._paths: list[str] = []
        self._versions: list[Version] = []
        self._prompts: list[str | None] = []
        self._gone: set[int] = set()
        """Numbers of pictures that failed."""
        self._looks: OrderedDict[int, Likeness | None] = OrderedDict()

    def add(
        self,
        number: int,
        place: int,
        path: str,
        version: Version,
        dhash: int,
        likeness: Likeness | None = None,
        prompt: str | None = None,
    ) -> None:
        """A picture that is asked about, or was answered, to what `prompt` is the digest of."""
        at = len(self._index)
        self._index.add(dhash)
        self._numbers.append(number)
        self._places.append(place)
        self._paths.append(path)
        self._versions.append(version)
        self._prompts.append(self._prompt_of(path) if prompt is None else prompt)
        if likeness is not None:
            self._keep(at, likeness)

    def drop(self, number: int) -> None:
        """One that failed: there is no answer for others to have."""
        self._gone.add(number)

    def find(self, place: int, path: str, likeness: Likeness) -> Near | None:
        """The picture that it is a copy of; `None` when there is none, and it is to be asked about itself."""
        looked_at, places, prompt = 0, self._places, self._prompt_of(path)
        if prompt is None:
            return None
        found = self._index.near(likeness.dhash)
        for bits, at in sorted(found, key=lambda each: (places[each[1]] > place, each[0], places[each[1]])):
            number = self._numbers[at]
            if number in self._gone or self._prompts[at] != prompt:
                continue
            looked_at += 1
            if looked_at > _MOST_LOOKED_AT:
                break
            other = self._likeness_at(at)
            if other is not None and likeness.is_like(other):
                return Near(number, bits)
        return None

    def _likeness_at(self, at: int) -> Likeness | None:
        """Looked at again where it was a while ago; what has changed since is like nothing."""
        if at not in self._looks:
            self._keep(at, likeness_now(self._paths[at], self._versions[at], self._options))
        self._looks.move_to_end(at)
        return self._looks[at]

    def _keep(self, at: int, likeness: Likeness | None) -> None:
        self._looks[at] = likeness
        if len(self._looks) > _KEPT:
            self._looks.popitem(last=False)


def likeness_now(path: str, version: Version, options: ImageOptions) -> Likeness | None:
    """Of a file that is still what it was; `None` where it is not, cannot be read or is too even."""
    try:
        source = _source_now(path, version, options)
        return None if source is None else likeness_of(source)
    except (ImageError, OSError):
        return None


def _source_now(path: str, version: Version, options: ImageOptions) -> PictureSource | None:
    status = Path(path).stat()
    if Version.of(status.st_size, status.st_mtime_ns) != version:
        return None
    return PictureSource.of_file(path, options)


def looks_of(answers: Sequence[EarlierAnswer], options: ImageOptions) -> dict[int, int | None]:
    """By the places of their lines, the hashes of pictures that were asked about by runs that did not look for them;
    `None` of even ones. What is not there now, or has changed, has no entry."""

    def look(answer: EarlierAnswer) -> tuple[int, int | None] | None:
        try:
            source = _source_now(answer.path, answer.version, options)
            if source is None:
                return None
            likeness = likeness_of(source)
        except (ImageError, OSError):
            return None
        return answer.place, None if likeness is None else likeness.dhash

    with ThreadPoolExecutor(os.cpu_count()) as pool:
        try:
            return dict(each for each in pool.map(look, answers) if each is not None)
        finally:
            pool.shutdown(cancel_futures=True)
