"""Sidecar files: answers as text files beside the pictures; no file of anyone else is overwritten."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import blake2b
from pathlib import Path
from typing import Any, Literal

from ollama_vision.errors import SidecarError

from ..finding.found_files import FoundFile
from .ledger import Line

SidecarName = Literal["name", "stem"]
"""Whether a picture's text file is called photo.jpg.txt or photo.txt."""


@dataclass
class Sidecars:
    """Where each answer's file is, and which of those that are there are ours.

    A file is ours when it holds what an earlier line of the same results says of that picture, or the beginning of
    it, as a run that was killed leaves it. Any other one was there before, or was edited since: it stays as it is.
    """

    folder: Path | None = None
    """`None`: beside each picture."""
    base: Path = field(default_factory=Path)
    """The folder that holds all that was named: below `folder` it looks as below this one."""
    names_model: bool = False
    """With several models each has a file of its own."""
    by_stem: bool = False
    """`photo.txt` in place of `photo.jpg.txt`: what trainers of models read (kohya and its kin)."""
    written: int = 0
    left_alone: list[Path] = field(default_factory=list)
    """Files of others, in whose place nothing was written."""
    _ours: dict[Path, set[bytes]] = field(default_factory=dict)

    @classmethod
    def among(
        cls, files: Sequence[FoundFile], folder: Path | None, name: SidecarName, *, names_model: bool = False
    ) -> Sidecars:
        """Those of all that was found; raises SidecarError where two pictures would have the same file."""
        if name == "stem":
            refuse_same_stems(file.path for file in files)
        return cls(folder, folder_of_all({file.root for file in files}), names_model, by_stem=name == "stem")

    def path_for(self, record: Mapping[str, Any]) -> Path:
        """`photo.jpg.txt`, `scan.pdf.page-3.txt`, and with several models `photo.jpg.gemma3-4b.txt`."""
        picture = Path(record["path"])
        name = picture.stem if self.by_stem else picture.name
        if record["page"] is not None:
            name += f".page-{record['page']}"
        if self.names_model:
            name += f".{re.sub(r'[^A-Za-z0-9._-]+', '-', record['model'])}"
        name += ".txt"
        if self.folder is None:
            return picture.with_name(name)
        return mirrored(self.folder, self.base, picture).with_name(name)

    def know(self, line: Line) -> None:
        """An earlier line's text: a file that holds it was written by us."""
        self._ours.setdefault(self.path_for(line.record), set()).add(_digest(_content(line.record)))

    def catch_up(self, lines: Iterable[Line]) -> None:
        """Write what is missing of earlier answers: the run was killed before it, or went without these files."""
        for line in lines:
            self.write(line.record)

    def write(self, record: Mapping[str, Any]) -> None:
        """Write an answer's file; raises SidecarError. A picture that failed has none."""
        if record["error"] is not None:
            return
        path, content = self.path_for(record), _content(record)
        try:
            there = path.read_bytes() if path.exists() else None
            if there == content:
                return
            if there is not None and not content.startswith(there) and _digest(there) not in self._ours.get(path, ()):
                self.left_alone.append(path)
                return
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        except OSError as error:
            raise SidecarError(
                f"The file {path} cannot be written: {error.strerror or error}. The answers are in the results; "
                'name a folder that can be written to, sidecars="...", and start again.'
            ) from error
        self.written += 1


def refuse_same_stems(paths: Iterable[Path]) -> None:
    """Raises SidecarError where the text files of two pictures would have one name, whatever its case."""
    seen: dict[tuple[Path, str], Path] = {}
    for path in paths:
        other = seen.setdefault((path.parent, path.stem.casefold()), path)
        if other != path:
            raise SidecarError(
                f"{other} and {path} would have the same text file {path.with_suffix('.txt')}. Leave "
                'out sidecar_name="stem", or leave one of them out: exclude=.'
            )


def folder_of_all(roots: Iterable[Path]) -> Path:
    """The folder that holds all that was named; what was named itself, when that is one folder."""
    folders = {_plain(root if root.is_dir() else root.parent) for root in roots}
    return Path(os.path.commonpath(folders))


def mirrored(folder: Path, base: Path, file: Path) -> Path:
    """Where a file of the same name lies below `folder`, which looks as `base` does."""
    return folder / _plain(file.parent).relative_to(base) / file.name


def _plain(path: Path) -> Path:
    # Without `..`, and with links as they are: a linked folder's pictures are below what was named.
    return Path(os.path.abspath(path))  # noqa: PTH100


def _content(record: Mapping[str, Any]) -> bytes:
    text: str = record["text"]
    return (text.rstrip("\n") + "\n").encode(errors="replace")


def _digest(content: bytes) -> bytes:
    return blake2b(content, digest_size=16).digest()
