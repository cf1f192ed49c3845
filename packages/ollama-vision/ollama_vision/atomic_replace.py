"""Atomic replace: a file is there when all of it is written and on the disk; until then the old one stands."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path


@contextmanager
def replacing(target: Path, *, is_locked: bool = False) -> Iterator[Path]:
    """Where to write; that takes the place and the mode of `target` when the block ends, or leaves no trace.

    Args:
        is_locked: no other process writes `target` meanwhile, so that what one that was killed left behind is
            written over.

    Raises:
        OSError: it cannot be written; the error names `target`.
    """
    new = target.with_name(f"{target.name}.new" if is_locked else f".{target.name}.{os.getpid()}.tmp")
    try:
        yield new
        with new.open("r+b") as file:
            os.fsync(file.fileno())
        if target.exists():
            new.chmod(target.stat().st_mode)
        new.replace(target)
        sync_folder(target)
    except OSError as error:
        if error.filename == str(new):
            error.filename = str(target)
        raise
    finally:
        new.unlink(missing_ok=True)


def sync_folder(path: Path) -> None:
    """A new name is on the disk when its folder is; Windows has no such thing."""
    with suppress(OSError):
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
