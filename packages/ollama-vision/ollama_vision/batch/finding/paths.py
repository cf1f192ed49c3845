"""`find_pictures`: files, folders and globs that a caller names -> what listing.py takes of each, in one account."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import get_args

from ollama_vision.errors import ImageError, MissingExtraError
from ollama_vision.extras import install_hint
from ollama_vision.pictures import EXTRAS, suffixes_needing

from ..arguments import OnError, globs_of, require_word
from .found_files import FoundFiles
from .globs import Globs
from .listing import FileFilter, Found, list_files

Paths = str | os.PathLike[str] | Sequence[str | os.PathLike[str]]


def find_pictures(
    paths: Paths,
    *,
    include: Iterable[str] = (),
    exclude: Iterable[str] = (),
    recursive: bool = True,
    videos: bool = False,
    on_error: OnError = "raise",
) -> Found:
    """What there is to ask about, and what is left out and why. No file is opened.

    A file that is named by itself is taken whatever its name, unless `exclude` says otherwise. Of a folder or a glob,
    files are taken by their suffix: that of a picture, or of a PDF. Left out, counted and named in what is given:

    - what has another suffix: raw photos and sidecars lie beside pictures, and opening each file to see what it is
      would read the whole disk;
    - videos, which cost many pictures each, unless `videos` or `include` takes them;
    - hidden files and folders, and those that systems make (`@eaDir`, `__MACOSX`, `Thumbs.db`): thumbnails of
      pictures that are there;
    - pipes and devices, which may never end;
    - what `exclude` fits, and what `include` does not.

    A file that is found twice, through a link say, is there once. An empty one is taken: its error names it.

    Args:
        paths: a file, a folder, a glob, or a list of them.
        include: globs; of a folder only files that fit one of them are taken, whatever their suffix. One without a
            slash fits a name at any depth; case does not count.
        exclude: globs; files and folders that fit one of them are left out.
        recursive: whether folders in folders are looked into.
        videos: whether videos in folders are taken.
        on_error: what becomes of a folder in a folder that cannot be read, and of a link that leads nowhere: "raise"
            an error, or "keep" going and name it in `unread`.

    Returns:
        `files`, in the order of `paths` and within a folder by name, 9 before 10; `left_out`, reasons and how many;
        `left_out_paths`, each path and its reason; `unread`.

    Raises:
        ImageError: something is not there, or a folder is without a picture.
        MissingExtraError: pictures of a kind need a package that is not installed.
        TypeError, ValueError: an argument that is not so, such as a string for `include`.
    """
    require_word("on_error", on_error, get_args(OnError))
    each = [paths] if isinstance(paths, (str, os.PathLike)) else list(paths)
    if not each:
        raise ImageError("There is no path to read. Name files, folders or globs.")
    wanted = FileFilter(
        include=Globs(globs_of("include", include)),
        exclude=Globs(globs_of("exclude", exclude)),
        recursive=recursive,
        videos=videos,
        keep_going=on_error == "keep",
    )
    found = list_files([_text_of(path) for path in each], wanted)
    require_extras(found.files)
    return found


def _text_of(path: str | os.PathLike[str]) -> str:
    text = os.fspath(path)
    return str(Path(text).expanduser()) if text.startswith("~") else text


def require_extras(files: FoundFiles) -> None:
    """Raises MissingExtraError when some of the files need packages that are not installed."""
    counts = Counter(files.suffixes())
    for extra in EXTRAS:
        needing = sorted(suffixes_needing(extra) & counts.keys())
        if needing and find_spec(extra.module) is None:
            count = sum(counts[suffix] for suffix in needing)
            globs = ", ".join(f"'*{suffix}'" for suffix in needing)
            verb = "needs" if count == 1 else "need"
            raise MissingExtraError(
                f"{count:,} of the {len(files):,} files ({globs}) {verb} the package {extra.package}, which is not "
                f"installed. Install the extra: {install_hint(extra.name)}. Or leave them out: exclude=[{globs}].",
                extra=extra.name,
            )
