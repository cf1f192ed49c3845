"""Sidecar files: answers as text files beside the pictures; no file of anyone else is overwritten."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import blake2b
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

from ollama_vision.errors import SidecarError

from ..finding.found_files import FoundFile
from .descriptive import FIELDS, caption_of
from .ledger import Line
from .sidecar_names import SidecarFormat, SidecarName, SidecarNames

if TYPE_CHECKING:
    from pydantic import BaseModel

    from .xmp_sidecars import XmpSidecars

OnLeft: TypeAlias = Callable[[Path, str], None]


def sidecars_among(
    files: Sequence[FoundFile],
    folder: Path | None,
    name: SidecarName = "name",
    format: SidecarFormat = "txt",
    *,
    results: Path,
    schema: type[BaseModel] | None = None,
    models: int = 1,
    overwrite: bool = False,
    on_left: OnLeft = lambda path, why: None,
) -> Sidecars | XmpSidecars:
    """The sidecars of all that was found, as a companion of the lines in `results`.

    Args:
        on_left: gets an XMP sidecar that stays as it is, and why.

    Raises:
        SidecarError: two pictures would have the same file, or no answer has anything for one.
        MissingExtraError: XMP needs a package that is not installed.
    """
    if format != "xmp":
        return Sidecars(SidecarNames.among(files, folder, name, names_model=models > 1, format=format))
    from . import xmp  # noqa: F401  # raises MissingExtraError before anything is asked
    from .undo import UndoFile
    from .xmp_sidecars import XmpSidecars

    if models > 1:
        raise SidecarError(
            "An XMP sidecar has one description, and several models would give several. Ask one model alone, "
            'or leave out sidecar_format="xmp".'
        )
    if schema is not None and not set(FIELDS) & schema.model_json_schema().get("properties", {}).keys():
        raise SidecarError(
            f"The schema has none of the fields that go into an XMP sidecar: {', '.join(FIELDS)}. Give it one of "
            'these, or leave out sidecar_format="xmp".'
        )
    return XmpSidecars(SidecarNames.among(files, folder, name, format=format), UndoFile(results), overwrite, on_left)


@dataclass
class Sidecars:
    """Answers as text files, and which of those that are there are ours.

    A file is ours when it holds what an earlier line of the same results says of that picture, or the beginning of
    it, as a run that was killed leaves it. Any other one was there before, or was edited since: it stays as it is.
    """

    names: SidecarNames
    written: int = 0
    left_alone: list[Path] = field(default_factory=list)
    """Files of others, in whose place nothing was written."""
    _ours: dict[Path, set[bytes]] = field(default_factory=dict)
    _of_this_run: dict[Path, bytes] = field(default_factory=dict)
    """An answer may be taken back within the run, of a host that turned out not to see: the last line counts."""

    def know(self, line: Line) -> None:
        """An earlier line's text: a file that holds it was written by us."""
        self._ours.setdefault(self.names.path_for(line.record), set()).add(_digest(self._content(line.record)))

    def catch_up(self, lines: Iterable[Line]) -> None:
        """Write what is missing of earlier answers: the run was killed before it, or went without these files."""
        for line in lines:
            self.write(line.record)

    def write(self, record: Mapping[str, Any]) -> None:
        """Write an answer's file; raises SidecarError. A picture that failed has none."""
        path, content = self.names.path_for(record), self._content(record)
        if record["error"] is not None:
            if (
                (written := self._of_this_run.pop(path, None))
                and path.exists()
                and _digest(path.read_bytes()) == written
            ):
                path.unlink()
                self.written -= 1
            return
        try:
            there = path.read_bytes() if path.exists() else None
            if there == content:
                return
            if there is not None and not content.startswith(there) and not self._is_ours(path, there):
                self.left_alone.append(path)
                return
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        except OSError as error:
            raise SidecarError(
                f"The file {path} cannot be written: {error.strerror or error}. The answers are in the results; "
                'name a folder that can be written to, sidecars="...", and start again.'
            ) from error
        self.written += path not in self._of_this_run
        self._of_this_run[path] = _digest(content)

    def _is_ours(self, path: Path, there: bytes) -> bool:
        digest = _digest(there)
        return digest == self._of_this_run.get(path) or digest in self._ours.get(path, ())

    def _content(self, record: Mapping[str, Any]) -> bytes:
        text: str = caption_of(record) if self.names.format == "caption" else record["text"].rstrip("\n")
        return f"{text}\n".encode(errors="replace")


def _digest(content: bytes) -> bytes:
    return blake2b(content, digest_size=16).digest()
