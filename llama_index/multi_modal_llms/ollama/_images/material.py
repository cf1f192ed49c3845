"""One thing to be sent, with its bytes within reach, and the words in which to refuse it."""

from __future__ import annotations

import errno
import os
import stat
from dataclasses import dataclass
from typing import BinaryIO

from ..errors import ImageError, MissingExtraError
from .encoded import BadEncoding, unwrap
from .formats import Kind
from .prepared import Content
from .refusing import image_error, install, missing_path_hint, said
from .sniff import sniff_file


@dataclass(frozen=True)
class Material:
    """The bytes of a file, in memory or on disk, and where they came from."""

    content: Content

    @property
    def where(self) -> str:
        return self.content.where

    @property
    def source(self) -> str:
        return self.content.source

    def open(self) -> BinaryIO:
        return self.content.open()

    def kind(self) -> Kind:
        with self.open() as file:
            return sniff_file(file)

    def refuse(self, problem: str, way_out: str = "", kind: Kind | None = None) -> ImageError:
        """The error to raise: where and what it is, the problem, and what to do."""
        return image_error(self.where, self.source, problem, way_out, kind.name if kind else "")

    def lacks(self, kind: Kind) -> MissingExtraError:
        """The error to raise when the package that reads it is not installed."""
        assert kind.extra is not None, kind.name  # noqa: S101
        extra = kind.extra.name
        problem = f"is {kind.phrase}, and the package {kind.extra.package} is not there"
        message = said(self.where, self.source, problem, f"Install the extra: {install(extra)}.")
        return MissingExtraError(message, where=self.where, source=self.source, kind=kind.name, extra=extra)


def from_bytes(data: bytes, *, where: str, source: str) -> Material:
    """Of bytes as they are, base64 or a `data:` URL."""
    try:
        inner = unwrap(data)
    except BadEncoding as error:
        raise image_error(where, source, f"is {error}", "Build it as data:image/png;base64,<base64>.") from error
    return Material(Content(where, source, data=inner))


def from_file(path: str | os.PathLike[str], *, where: str, hint: str = "") -> Material:
    """Of a file on disk, which is not read yet. `hint` is the way out when it is not there."""
    name = os.fspath(path)
    try:
        mode = os.stat(name).st_mode  # noqa: PTH116 - a Path costs 4 us, of 90 that a PNG of 1 MP takes
        if stat.S_ISREG(mode):
            return Material(Content.of_file(name, where=where, source=name))
    except FileNotFoundError as error:
        raise image_error(where, name, "does not exist", hint or missing_path_hint(name)) from error
    except PermissionError as error:
        way_out = f"Make it readable for you (`chmod u+r`), or leave it out.{f' {hint}' if hint else ''}"
        raise image_error(where, name, f"cannot be read: {error.strerror or error}", way_out) from error
    except OSError as error:
        if error.errno == errno.ENAMETOOLONG:
            raise image_error(where, f"{name[:80]}...", "is too long for a file name", hint) from error
        raise image_error(where, name, f"cannot be read: {error.strerror or error}", hint) from error
    except ValueError as error:  # a NUL character in it
        raise image_error(where, repr(name[:80]), "is not a file name", hint) from error
    if stat.S_ISDIR(mode):
        raise image_error(where, name, "is a folder", "Name the files in it.")
    # A pipe could keep the call waiting for ever, a device could fill the memory.
    raise image_error(where, name, "is a pipe or a device", "Pass its bytes, or an open file.")
