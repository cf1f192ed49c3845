"""Names of sidecar files: beside each picture, or in a folder that looks as theirs does."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from ollama_vision.errors import SidecarError

from ..finding.found_files import FoundFile, roots_of

SidecarFormat = Literal["txt", "caption", "xmp"]
"""A text file of the answer, one line for trainers of models, or XMP."""
SidecarName = Literal["name", "stem"]
"""Whether a picture's text file is called photo.jpg.txt or photo.txt."""


@dataclass(frozen=True)
class SidecarNames:
    """Where each answer's file is."""

    folder: Path | None = None
    """`None`: beside each picture."""
    base: Path = field(default_factory=Path)
    """The folder that holds all that was named: below `folder` it looks as below this one."""
    names_model: bool = False
    """With several models each has a file of its own."""
    by_stem: bool = False
    """`photo.txt` in place of `photo.jpg.txt`: what trainers of models read (kohya and its kin)."""
    format: SidecarFormat = "txt"

    @classmethod
    def among(
        cls,
        files: Sequence[FoundFile],
        folder: Path | None,
        name: SidecarName,
        *,
        names_model: bool = False,
        format: SidecarFormat = "txt",
    ) -> SidecarNames:
        """Those of all that was found; raises SidecarError where two pictures would have the same file."""
        if name == "stem":
            refuse_same_stems((file.path for file in files), format)
        return cls(folder, folder_of_all(roots_of(files)), names_model, name == "stem", format)

    def path_for(self, record: Mapping[str, Any]) -> Path:
        """`photo.jpg.txt`, `scan.pdf.page-3.txt`, and with several models `photo.jpg.gemma3-4b.txt`."""
        picture = Path(record["path"])
        name = picture.stem if self.by_stem else picture.name
        if record["page"] is not None:
            name += f".page-{record['page']}"
        if self.names_model:
            name += f".{re.sub(r'[^A-Za-z0-9._-]+', '-', record['model'])}"
        name += f".{self.format}"
        if self.folder is None:
            return picture.with_name(name)
        return mirrored(self.folder, self.base, picture).with_name(name)


def refuse_same_stems(paths: Iterable[Path], format: SidecarFormat) -> None:
    """Raises SidecarError where the files of two pictures would have one name, whatever its case."""
    seen: dict[tuple[Path, str], Path] = {}
    for path in paths:
        other = seen.setdefault((path.parent, path.stem.casefold()), path)
        if other != path:
            what = "sidecar" if format == "xmp" else "text file"
            raise SidecarError(
                f"{other} and {path} would have the same {what} {path.with_suffix(f'.{format}')}. Leave "
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
