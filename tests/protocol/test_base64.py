"""A picture's base64 on the wire: the standard library's bytes, by a coder that uses vector instructions."""

from __future__ import annotations

import base64
import binascii
import random
from collections.abc import Iterator
from dataclasses import dataclass

import pybase64
import pytest

from ollama_vision.protocol.request import Request

PIECE = 192 * 1024
LENGTHS = [*range(1, 8), *(PIECE + more for more in range(-4, 5)), 2 * PIECE, 3 * PIECE + 1]


class Held:
    """The bytes of a picture that is sent."""

    def __init__(self, data: bytes) -> None:
        self.data = data

    def __len__(self) -> int:
        return len(self.data)

    def chunks(self, size: int) -> Iterator[bytes]:
        return (self.data[at : at + size] for at in range(0, len(self.data), size))


@dataclass(frozen=True)
class Picture:
    content: Held
    in_memory: bool = True


@pytest.mark.parametrize("length", LENGTHS)
def test_a_picture_is_coded_as_the_standard_library_codes_it(length: int, monkeypatch: pytest.MonkeyPatch) -> None:
    data = random.Random(length).randbytes(length)
    wanted = b'{"images":["' + base64.b64encode(data) + b'"]}'

    def refused(*args: object, **kwargs: object) -> bytes:
        raise AssertionError("a 12th of the speed")

    monkeypatch.setattr(binascii, "b2a_base64", refused)
    request = Request("/", (b'{"images":["', Picture(Held(data)), b'"]}'))
    assert b"".join(request.pieces()) == wanted
    assert request.content_length == len(wanted)


def test_the_coder_is_the_one_in_c() -> None:
    """pybase64 falls back to the standard library where its extension cannot be loaded."""
    assert "C extension active" in pybase64.get_version()
