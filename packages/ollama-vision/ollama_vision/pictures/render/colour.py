"""Colour management: conversion to sRGB, which every vision model takes; profiles that hardly differ are left alone."""

from __future__ import annotations

import io
from functools import lru_cache
from typing import TYPE_CHECKING

from ..formats.cicp import hdr_in, profile_of
from ..formats.icc import BT709, SRGB_CURVE, colour_space, matrix_profile

if TYPE_CHECKING:
    from PIL import Image

__all__ = ["NOTICEABLE", "changes_colours", "is_hdr", "profile_of", "to_srgb"]

NOTICEABLE = 4
"""The largest difference of a channel, of 255, that is left alone: nobody sees it, and a JPEG's own noise is larger.
The sRGB profiles of ICC, HP, Ghostscript and Little CMS differ by 0; Display P3, in which phones photograph, differs
by 40 and more in vivid colours."""

# Neither black, white nor the corners of the cube, which every profile maps to themselves; dark ones, because there
# the curves differ most: gamma 2.2 and sRGB by 9 of 255 at 16, by 1 at 128.
_LEVELS = (16, 32, 64, 128, 192)
_PROBES = bytes(value for red in _LEVELS for green in _LEVELS for blue in _LEVELS for value in (red, green, blue))


def to_srgb(image: Image.Image, profile: bytes | None, low_bytes: Image.Image | None = None) -> Image.Image:
    """An L, RGB, CMYK, LA or RGBA picture with its profile applied; what is transparent stays so.

    `low_bytes`, of mode RGB, are those of 16-bit colour of which the picture is the high ones: only HDR needs them.

    A profile that cannot be used, or is for another kind of pixels, is ignored, as viewers do: without it the colours
    are what most software shows. A grey picture stays grey unless the profile makes colours of its greys.
    """
    if image.mode in ("LA", "RGBA"):
        colours = to_srgb(image.convert("L" if image.mode == "LA" else "RGB"), profile, low_bytes)
        colours.putalpha(image.getchannel("A"))
        return colours
    if image.mode == "L":
        return _grey(image, profile) if profile is not None else image
    if image.mode == "LAB":
        return _by_lcms(image, None) or image.convert("RGB")
    space = colour_space(profile) if profile is not None else b""
    if profile is None or image.mode not in ("RGB", "CMYK") or space != _SPACES[image.mode]:
        return image.convert("RGB")
    if image.mode == "RGB" and (hdr := hdr_in(profile)) is not None:
        from .hdr import to_sdr

        return to_sdr(image, *hdr, low_bytes)
    return _by_lcms(image, profile) or image.convert("RGB")


# Of version 2: to one of version 4, which lcms makes by itself, it stretches a printer's black to the screen's, and
# CMYK comes out up to 25 of 255 darker than in Chromium and ImageMagick.
_SRGB = matrix_profile(BT709, SRGB_CURVE, version=2)
_SPACES = {"RGB": b"RGB ", "CMYK": b"CMYK", "L": b"GRAY"}


def _by_lcms(image: Image.Image, profile: bytes | None) -> Image.Image | None:
    from PIL import ImageCms

    try:
        given = ImageCms.createProfile("LAB") if profile is None else ImageCms.ImageCmsProfile(io.BytesIO(profile))
        return ImageCms.profileToProfile(image, given, ImageCms.ImageCmsProfile(io.BytesIO(_SRGB)), outputMode="RGB")
    except (ImageCms.PyCMSError, OSError):
        return None


def _grey(image: Image.Image, profile: bytes) -> Image.Image:
    """By a table of its 256 greys, through a profile of grey or of RGB."""
    from PIL import Image as pil

    tables = _greys(profile)
    if tables is None:
        return image
    if len(set(tables)) == 1:
        return image.point(list(tables[0]))
    return pil.merge("RGB", [image.point(list(table)) for table in tables])


@lru_cache(maxsize=8)
def _greys(profile: bytes) -> tuple[bytes, ...] | None:
    """What red, green and blue become of each grey; three alike where it stays grey, `None` where nothing is known."""
    from PIL import Image as pil

    ramp = pil.frombytes("L", (256, 1), bytes(range(256)))
    space = colour_space(profile)
    if space == b"GRAY":
        shown = _by_lcms(ramp, profile)
    elif space == b"RGB ":
        shown = to_srgb(ramp.convert("RGB"), profile)
    else:
        return None
    if shown is None:
        return None
    red, green, blue = (bytes(channel.tobytes()) for channel in shown.split())
    # Rounding alone parts the channels by 1 or 2.
    if all(max(three) - min(three) <= 2 for three in zip(red, green, blue, strict=True)):
        return green, green, green
    return red, green, blue


def is_hdr(profile: bytes) -> bool:
    """Whether 8 bits are too few for it."""
    return colour_space(profile) == b"RGB " and hdr_in(profile) is not None


@lru_cache(maxsize=16)
def changes_colours(profile: bytes, *, grey: bool = False) -> bool:
    """Whether ignoring the profile of an RGB or grey picture shifts a channel by more than `NOTICEABLE`."""
    from PIL import Image

    if grey:
        tables = _greys(profile) or ()
        return any(abs(given - seen) > NOTICEABLE for table in tables for given, seen in enumerate(table))
    probes = Image.frombytes("RGB", (len(_PROBES) // 3, 1), _PROBES)
    shown = to_srgb(probes, profile).tobytes()
    return any(abs(given - seen) > NOTICEABLE for given, seen in zip(_PROBES, shown, strict=True))
