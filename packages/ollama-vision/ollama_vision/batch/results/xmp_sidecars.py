"""`--sidecar xmp`: answers merged into XMP sidecars beside the pictures, which can be undone (undo.py)."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ollama_vision.errors import SidecarError

from .descriptive import Descriptive
from .ledger import Line
from .sidecar_names import SidecarNames
from .undo import Change, UndoFile, UnreadableSidecarError, absolute, digest, put, read_sidecar


@dataclass
class XmpSidecars:
    """The sidecars of one run; a companion of its lines."""

    names: SidecarNames
    log: UndoFile
    overwrite: bool = False
    on_left: Callable[[Path, str], None] = lambda path, why: None
    """Gets each that is added to `left`."""
    written: int = 0
    left: dict[Path, str] = field(default_factory=dict)
    """Sidecars that cannot be read or merged with stay as they are, and why."""
    replaced: dict[Path, int] = field(default_factory=dict)
    """In which of them characters that XML cannot hold became U+FFFD, and how many."""

    def know(self, line: Line) -> None:
        """What is ours is in the undo log."""

    def catch_up(self, lines: Iterator[Line]) -> None:
        """Write what is missing of earlier answers: the run was killed before it, or went without sidecars."""
        later: dict[Path, Mapping[str, Any]] = {}
        with self.log.held() if self.log.path.exists() else nullcontext():
            for line in lines:
                path = self.names.path_for(line.record)
                last = self.log.last(path)
                if last is not None and last.is_another_answer(line.record["request"], _answer(line.record)):
                    # An answer that was taken back has its line before the one that holds, and has been replaced.
                    later[path] = line.record
                    continue
                later.pop(path, None)
                self.write(line.record)
            for record in later.values():
                self.write(record)

    def write(self, record: Mapping[str, Any]) -> None:
        """Merge an answer into its picture's sidecar; raises SidecarError where nothing can be written.

        Another answer to the same request takes the place of the first one, so that the last line of a picture
        counts; one that failed leaves what was there before.
        """
        from .xmp import merge  # opens lxml, which comes with an extra

        path = self.names.path_for(record)
        told = _told(record)
        last = self.log.last(path)
        if not told and last is None:
            return
        try:
            there = read_sidecar(path)
            is_ours = last is not None and digest(there) == last.after
            answer = _answer(record)
            base = there
            if last is not None and is_ours and last.is_another_answer(record["request"], answer):
                base = last.previous
            merged = merge(base, told, overwrite=self.overwrite) if told else None
        except OSError as error:
            self._leave(path, f"cannot be read: {error.strerror or error}")
            return
        except UnreadableSidecarError as error:
            self._leave(path, f"cannot be merged with: it {error}")
            return
        data = base if merged is None else merged.data
        if data == there:
            return
        if there is not None and not os.access(path, os.W_OK):
            self._leave(path, "is write-protected")
            return
        is_begun = last is not None and (is_ours or there == last.first)
        self._put(
            Change(
                path,
                absolute(Path(record["path"])),
                record["request"],
                answer,
                last.first if is_begun and last is not None else there,
                base,
                digest(data),
            ),
            data,
        )
        if merged is not None and merged.replaced:
            self.replaced[path] = merged.replaced

    def _leave(self, path: Path, why: str) -> None:
        if path not in self.left:
            self.on_left(path, why)
        self.left[path] = why

    def _put(self, change: Change, data: bytes | None) -> None:
        try:
            change.path.parent.mkdir(parents=True, exist_ok=True)
            self.log.add(change)
            put(change.path, data)
        except OSError as error:
            raise SidecarError(
                f"The file {change.path} cannot be written: {error.strerror or error}. The answers are in the "
                'results; name a folder that can be written to, sidecars="...", and start again.'
            ) from error
        self.written += 1


def _told(record: Mapping[str, Any]) -> Descriptive:
    return Descriptive() if record["error"] is not None else Descriptive.of(record)


def _answer(record: Mapping[str, Any]) -> bytes:
    return digest(repr(_told(record)).encode())
