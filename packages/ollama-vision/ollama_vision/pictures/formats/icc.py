"""ICC profiles as bytes: written from primaries and a curve (matrix/TRC), and looked into for a tag."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

Triple = tuple[float, float, float]
Matrix = tuple[Triple, Triple, Triple]

_D50: Triple = (0.9642, 1.0, 0.8249)
_BRADFORD: Matrix = ((0.8951, 0.2664, -0.1614), (-0.7502, 1.7135, 0.0367), (0.0389, -0.0685, 1.0296))


class Curve(NamedTuple):
    """What a stored value, 0 to 1, is in light: (a v + b) ** g from `d` on, `c` v below; ICC's parametric type 3."""

    g: float
    a: float = 1.0
    b: float = 0.0
    c: float = 1.0
    d: float = 0.0


SRGB_CURVE = Curve(2.4, 1 / 1.055, 0.055 / 1.055, 1 / 12.92, 0.04045)


@dataclass(frozen=True)
class Primaries:
    """Chromaticities (CIE x, y) of red, green, blue and white."""

    red: tuple[float, float]
    green: tuple[float, float]
    blue: tuple[float, float]
    white: tuple[float, float] = (0.3127, 0.3290)

    def to_xyz(self) -> Matrix:
        """Linear red, green, blue to CIE XYZ under their own white. Raises ValueError where they span no space."""
        # Each up to its brightness, which white fixes: H.273's primaries 10 have y of 0.
        columns = [(x, y, 1 - x - y) for x, y in (self.red, self.green, self.blue)]
        rows: Matrix = (*zip(*columns, strict=True),)  # type: ignore[assignment]
        scales = apply(inverse(rows), _xyz(*self.white))
        return tuple(tuple(v * s for v, s in zip(row, scales, strict=True)) for row in rows)  # type: ignore[return-value]

    def colorants(self) -> Matrix:
        """The same under D50, the white of ICC's connection space, adapted as ICC asks for (Bradford)."""
        here, there = apply(_BRADFORD, _xyz(*self.white)), apply(_BRADFORD, _D50)
        gains: Matrix = ((there[0] / here[0], 0.0, 0.0), (0.0, there[1] / here[1], 0.0), (0.0, 0.0, there[2] / here[2]))
        adapted = product(inverse(_BRADFORD), product(gains, _BRADFORD))
        return product(adapted, self.to_xyz())


BT709 = Primaries((0.64, 0.33), (0.30, 0.60), (0.15, 0.06))
BT2020 = Primaries((0.708, 0.292), (0.170, 0.797), (0.131, 0.046))


def matrix_profile(
    primaries: Primaries, curve: Curve, *, more: tuple[tuple[bytes, bytes], ...] = (), version: int = 4
) -> bytes:
    """A profile of an RGB display, with `more` tags. Raises ValueError where the primaries span no space."""
    colorants = primaries.colorants()
    red, green, blue = (xyz_tag((row[0], row[1], row[2])) for row in zip(*colorants, strict=True))
    shape = b"para\x00\x00\x00\x00\x00\x03\x00\x00" + b"".join(map(_fixed, curve))
    tags = [
        (b"desc", _text("colours described without a profile")),
        (b"cprt", _text("none")),
        (b"wtpt", xyz_tag(_D50)),
        *((name, body) for name, body in zip((b"rXYZ", b"gXYZ", b"bXYZ"), (red, green, blue), strict=True)),
        *((name, shape) for name in (b"rTRC", b"gTRC", b"bTRC")),
        *more,
    ]
    table, bodies, position = struct.pack(">I", len(tags)), b"", 132 + 12 * len(tags)
    for name, body in tags:
        table += struct.pack(">4sII", name, position + len(bodies), len(body))
        bodies += body + b"\x00" * (-len(body) % 4)
    header = struct.pack(">I", position + len(bodies)) + b"\x00" * 4 + bytes((version, 0x40, 0, 0)) + b"mntrRGB XYZ "
    header += struct.pack(">6H", 2026, 1, 1, 0, 0, 0) + b"acsp"
    header = header.ljust(68, b"\x00") + b"".join(map(_fixed, _D50))
    return header.ljust(128, b"\x00") + table + bodies


def colour_space(profile: bytes) -> bytes:
    """What kind of pixels it is for: `b"RGB "`, `b"GRAY"`, `b"CMYK"`, `b"Lab "`; empty when it is no profile."""
    return profile[16:20] if profile[36:40] == b"acsp" else b""


def tag(profile: bytes, name: bytes) -> bytes | None:
    """The tag's body, type first; `None` when it is not there."""
    return next((body for found, body in _tags(profile) if found == name), None)


def _tags(profile: bytes) -> Iterator[tuple[bytes, bytes]]:
    count = int.from_bytes(profile[128:132], "big")
    for at in range(132, 132 + 12 * min(count, 100), 12):
        entry = profile[at : at + 12]
        if len(entry) == 12:
            name, start, length = struct.unpack(">4sII", entry)
            yield name, profile[start : start + length]


def product(one: Matrix, other: Matrix) -> Matrix:
    columns = list(zip(*other, strict=True))
    return tuple(tuple(_dot(row, column) for column in columns) for row in one)  # type: ignore[return-value]


def apply(matrix: Matrix, vector: Triple) -> Triple:
    return tuple(_dot(row, vector) for row in matrix)  # type: ignore[return-value]


def _dot(one: Triple, other: Triple) -> float:
    return one[0] * other[0] + one[1] * other[1] + one[2] * other[2]


def inverse(matrix: Matrix) -> Matrix:
    """Raises ValueError when it has none."""
    (a, b, c), (d, e, f), (g, h, i) = matrix
    determinant = a * (e * i - f * h) - b * (d * i - f * g) + c * (d * h - e * g)
    if abs(determinant) < 1e-6:
        raise ValueError("the three primaries lie on one line")
    rows = ((e * i - f * h, c * h - b * i, b * f - c * e),
            (f * g - d * i, a * i - c * g, c * d - a * f),
            (d * h - e * g, b * g - a * h, a * e - b * d))  # fmt: skip
    return tuple(tuple(v / determinant for v in row) for row in rows)  # type: ignore[return-value]


def _xyz(x: float, y: float) -> Triple:
    if y <= 0:
        raise ValueError("a chromaticity with y of 0 is no colour")
    return x / y, 1.0, (1 - x - y) / y


def _fixed(value: float) -> bytes:
    """s15Fixed16Number."""
    return struct.pack(">i", round(max(-32768.0, min(value, 32767.0)) * 65536))


def xyz_tag(values: Triple) -> bytes:
    return b"XYZ \x00\x00\x00\x00" + b"".join(map(_fixed, values))


def _text(words: str) -> bytes:
    body = words.encode("utf-16-be")
    return b"mluc\x00\x00\x00\x00" + struct.pack(">II2s2sII", 1, 12, b"en", b"US", len(body), 28) + body
