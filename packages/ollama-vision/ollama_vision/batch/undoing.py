"""`undo_sidecars`: XMP sidecars as they were before runs changed them; nothing is asked."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from pathlib import Path

from ollama_vision.errors import ImageError

from .finding.paths import Paths, find_pictures
from .results.file import ResultsLock
from .results.undo import Undone, absolute, undo, undo_path


def undo_sidecars(
    out: str | Path,
    paths: Paths | None = None,
    *,
    include: Iterable[str] = (),
    exclude: Iterable[str] = (),
    videos: bool = False,
) -> Undone:
    """Bring back what the sidecars of pictures were, byte for byte, and remove those that were not there.

    A sidecar that was changed since is left, and named in what is given. The answers stay in `out`.

    Args:
        out: the file of results of the runs that changed them.
        paths: only those of these pictures, as `describe` was given them; all without.
        include: as in `find_pictures`.
        exclude: as there.
        videos: as there.

    Raises:
        ResultsInUseError: another process writes `out`.
        SidecarError: what they were cannot be read.
    """
    out = Path(out)
    if not undo_path(out).exists():
        return Undone()
    is_meant = _any if paths is None else _among(paths, tuple(include), tuple(exclude), videos=videos)
    with ResultsLock(out):
        return undo(out, is_meant)


def _any(picture: str) -> bool:
    return True


def _among(paths: Paths, include: tuple[str, ...], exclude: tuple[str, ...], *, videos: bool) -> Callable[[str], bool]:
    each = [paths] if isinstance(paths, (str, os.PathLike)) else list(paths)
    found: set[str] = set()
    for path in each:
        try:
            there = find_pictures(path, include=include, exclude=exclude, videos=videos, on_error="keep")
        except ImageError:
            continue  # it is gone, and what is left of it is told by its name
        found.update(absolute(file.path) for file in there.files)
    named = [Path(absolute(Path(path).expanduser())) for path in each]

    def is_meant(picture: str) -> bool:
        if picture in found:
            return True
        return not Path(picture).exists() and any(Path(picture).is_relative_to(path) for path in named)

    return is_meant
