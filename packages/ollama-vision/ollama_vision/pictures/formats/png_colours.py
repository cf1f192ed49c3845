"""PNG's colour chunks (cICP, iCCP, sRGB, gAMA and cHRM) as one ICC profile, the strongest of them alone."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Mapping, Sequence
from typing import Any

from .cicp import HDR_PEAK, knows, profile_of
from .icc import BT709, Curve, Primaries, colour_space, matrix_profile

COLOUR_CHUNKS = frozenset({b"cICP", b"mDCV", b"cLLI", b"iCCP", b"sRGB", b"gAMA", b"cHRM"})
LONGEST_PROFILE = 4_000_000

_SRGB_GAMMA = 0.45455
"""1 / 2.2, which stands for sRGB's curve where nothing else is said (PNG, third edition, 11.3.2.5)."""


def profile_of_chunks(chunks: Mapping[bytes, bytes], *, grey: bool) -> bytes | None:
    """Of the bodies of the chunks before the picture data. `None`: sRGB, or nothing is said.

    The order is PNG's: cICP before iCCP before sRGB before gAMA and cHRM. A chunk that cannot be used counts for
    nothing, and the next one is asked; so Chromium 156 does it.
    """
    code = chunks.get(b"cICP", b"")
    if len(code) == 4 and knows(code[0], code[1]) and (code[2], code[3]) == (0, 1):
        return profile_of(code[0], code[1], medium="png", peak=_peak(chunks) or HDR_PEAK)
    packed = _unpacked(chunks[b"iCCP"]) if b"iCCP" in chunks else None
    if packed is not None and colour_space(packed) in ((b"GRAY", b"RGB ") if grey else (b"RGB ",)):
        return packed
    if len(chunks.get(b"sRGB", b"")) == 1 or len(chunks.get(b"gAMA", b"")) != 4:
        # cHRM without gAMA says too little: viewers leave it.
        return None
    places = chunks.get(b"cHRM", b"")
    chromaticities = [value / 100_000 for value in struct.unpack(">8I", places)] if len(places) == 32 else None
    return profile_of_gamma(int.from_bytes(chunks[b"gAMA"], "big") / 100_000, chromaticities)


def _peak(chunks: Mapping[bytes, bytes]) -> float:
    """cd/m2 of the brightest light: of the picture (cLLI), else of the display that it was made on (mDCV)."""
    levels, display = chunks.get(b"cLLI", b""), chunks.get(b"mDCV", b"")
    most = int.from_bytes(levels[:4], "big") if len(levels) == 8 else 0
    return (most or (int.from_bytes(display[16:20], "big") if len(display) == 24 else 0)) / 10_000


def profile_of_info(info: Mapping[Any, Any]) -> bytes | None:
    """Of what Pillow and pillow-heif tell of a picture that they have opened, so that a `PIL.Image` leaves as its file
    would. `None`: as `info["icc_profile"]` says, or sRGB. Of cICP, and of AVIF's nclx, Pillow 13 tells nothing."""
    if info.get("icc_profile"):
        return None
    nclx = info.get("nclx_profile")
    if isinstance(nclx, dict):
        return profile_of(nclx.get("color_primaries", 2), nclx.get("transfer_characteristics", 2))
    if "srgb" in info or not isinstance(info.get("gamma"), float):
        return None
    chromaticities = info.get("chromaticity")
    return profile_of_gamma(info["gamma"], chromaticities if isinstance(chromaticities, tuple) else None)


def profile_of_gamma(gamma: float, chromaticities: Sequence[float] | None) -> bytes | None:
    """Of PNG's gamma (the encoder's: 1 is linear, 0.45455 like sRGB) and CIE x and y of white, red, green, blue."""
    space = _primaries(chromaticities)
    if gamma <= 0:
        return None
    if abs(gamma / _SRGB_GAMMA - 1) <= 0.05 and (space is None or _is_srgb(space)):
        # Within 5 % is taken for sRGB by libpng and Chromium. With sRGB's own chromaticities beside it Chromium takes
        # it to the letter, up to 9 of 255 darker in the shadows; but these are the values that PNG tells writers to
        # give for sRGB, and ImageMagick writes them into every picture.
        return None
    return matrix_profile(space or BT709, Curve(1 / gamma))


def _primaries(chromaticities: Sequence[float] | None) -> Primaries | None:
    """`None` when they are not given, or span no space."""
    if chromaticities is None or len(chromaticities) != 8:
        return None
    white, red, green, blue = zip(chromaticities[::2], chromaticities[1::2], strict=True)
    space = Primaries(red, green, blue, white)
    try:
        space.colorants()
    except (ValueError, ZeroDivisionError):
        return None
    return space


def _is_srgb(space: Primaries) -> bool:
    ours, theirs = (
        (*each.red, *each.green, *each.blue, *each.white) for each in (BT709, space)
    )  # fmt: skip
    return all(abs(one - other) <= 0.001 for one, other in zip(ours, theirs, strict=True))


def _unpacked(body: bytes) -> bytes | None:
    """The ICC profile of an iCCP chunk; `None` when it cannot be unpacked, as for every viewer."""
    _, _, packed = body.partition(b"\x00")
    try:
        return zlib.decompressobj().decompress(packed[1:], LONGEST_PROFILE) or None
    except zlib.error:
        return None
