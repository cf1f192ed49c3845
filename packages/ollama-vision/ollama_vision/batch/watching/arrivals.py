"""Arrivals: the folders looked through whenever something may have changed, and found when something new is whole.

The look is what counts, the bell only says when. So it makes no difference whether files are written, moved in with
their folders, renamed or replaced, nor whether the system told of it.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING

from ollama_vision.errors import ImageError, MissingExtraError, RunStoppedError

from ..finding.globs import Globs
from ..finding.listing import FileFilter, Found, list_files
from ..finding.pages import Page, open_page
from ..finding.paths import require_extras
from .bell import Bell
from .settling import Settling

if TYPE_CHECKING:
    from ollama_vision.pictures import ImageOptions, PreparedImage

    from ..asking.intake import Source

_SHARE = 10
"""A look may take one part in so many of the time."""
_LEAST_PAUSE = 0.2
"""Seconds between two looks."""
_AT_LEAST_EVERY = 60.0
"""Seconds between two looks though nothing was told: by network drives and mounts of containers nothing may be."""


@dataclass(frozen=True)
class Arrived:
    """What one look found."""

    new: Found
    """What no earlier look found."""
    all: Found


class Arrivals:
    """What is in the folders, each time that something new is whole.

    Args:
        folders: must be there, and may be empty.
        include, exclude, videos: as in `find_pictures`.
        bell: says when something may have changed.
        settling: tells what is whole.
    """

    def __init__(
        self,
        folders: Sequence[Path],
        bell: Bell,
        settling: Settling,
        *,
        include: Iterable[str] = (),
        exclude: Iterable[str] = (),
        videos: bool = False,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._folders, self._bell, self._settling, self._clock = folders, bell, settling, clock
        self._wanted = FileFilter(
            include=Globs(include),
            exclude=Globs(exclude),
            recursive=True,
            videos=videos,
            keep_going=True,
            may_be_empty=True,
            is_settled=settling.take,
        )
        self._first_looked: float | None = None
        self._looked = self._took = 0.0

    def __enter__(self) -> Arrivals:
        self._bell.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._bell.__exit__(kind, error, trace)

    def look(self) -> Arrived | None:
        """What has come, and is whole; `None` when nothing has. The first look finds what is there.

        Raises:
            RunStoppedError: a folder is gone.
            MissingExtraError: pictures of a kind need a package that is not installed.
        """
        started = self._clock()
        self._settling.begin_look()
        found = self._found()
        new = self._settling.end_look()
        self._looked = self._clock()
        self._took = self._looked - started
        if self._first_looked is None:
            self._first_looked = self._looked
            return Arrived(found, found)
        return Arrived(replace(found, files=found.files.only(new)), found) if new else None

    def is_settling(self) -> bool:
        """Whether there are files that were there at the first look and may be whole: they are waited for first."""
        assert self._first_looked is not None, "nobody has looked yet"  # noqa: S101
        begun = self._clock() - self._first_looked < self._settling.settle
        return begun and self._settling.unsettled() > len(self._settling.put_off())

    def get_ready(self) -> bool:
        """Wait until changes are told of; whether they were not before, so that one more look is due."""
        return self._bell.get_ready()

    def wait(self, at_most: float = float("inf")) -> None:
        """Until a look may find more."""
        now = self._clock()
        earliest = self._looked + max(_LEAST_PAUSE, self._took * _SHARE)
        latest = min(now + at_most, self._looked + max(_AT_LEAST_EVERY, self._took * _SHARE**2))
        if (due := self._settling.due()) is not None:
            latest = min(latest, due)
        self._bell.wait(max(latest, earliest) - now)
        if (left := earliest - self._clock()) > 0:
            time.sleep(left)

    def open(self, page: Page, index: int, options: ImageOptions) -> Source | None:
        """A page as a run asks about it, all of it read; `None` for one of a file that may not be whole yet."""
        try:
            source = open_page(page, index, options)
            return _Read(source.sha256(), source.pictures())
        except MissingExtraError:
            raise
        except ImageError as error:
            if self._are_there() and self._settling.puts_off(str(page.file.path), str(error)):
                return None
            raise

    def not_whole(self) -> dict[str, str]:
        """The files that are put off, and why."""
        return self._settling.put_off()

    def _found(self) -> Found:
        try:
            self._bell.listen()
            found = list_files([str(folder) for folder in self._folders], self._wanted)
        except (ImageError, OSError) as error:
            gone = [str(folder) for folder in self._folders if not folder.is_dir()]
            if not gone:
                raise
            raise RunStoppedError(
                f"The run was stopped: the folder {gone[0]} is gone. Is its disk still mounted?"
            ) from error
        require_extras(found.files)
        return found

    def _are_there(self) -> bool:
        return all(folder.is_dir() for folder in self._folders)


@dataclass(frozen=True)
class _Read:
    """A page of a file that is whole."""

    digest: str
    prepared: Sequence[PreparedImage]

    def sha256(self) -> str:
        return self.digest

    def pictures(self) -> Sequence[PreparedImage]:
        return self.prepared
