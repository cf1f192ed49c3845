"""Media: what a prepared picture or sound is to a request, so that the protocol knows no picture."""

from __future__ import annotations

from typing import BinaryIO, Protocol


class Media(Protocol):
    """Bytes that are sent as base64."""

    @property
    def size_in_bytes(self) -> int: ...
    def open(self) -> BinaryIO: ...
