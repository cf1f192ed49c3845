"""Colours as sRGB, which is how every vision model takes them; profiles that hardly differ are left alone."""

from __future__ import annotations

import io
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from PIL import Image

NOTICEABLE = 64
"""The largest difference of a channel, of 255, that is left alone in a picture that can else pass through: what
Display P3, in which phones photograph, and Adobe RGB make of the most vivid colours. ProPhoto makes 128 of it,
exchanged channels 192. A picture that is converted anyway is converted to sRGB too."""

# Neither black, white nor the corners of the cube, which every profile maps to themselves.
_PROBES = bytes(
    value
    for red in (64, 128, 192)
    for green in (64, 128, 192)
    for blue in (64, 128, 192)
    for value in (red, green, blue)
)


def to_srgb(image: Image.Image, profile: bytes | None) -> Image.Image:
    """An RGB picture with its profile (RGB or CMYK) applied. A profile that cannot be used is ignored, as
    viewers do: without it the colours are what most software shows."""
    from PIL import ImageCms

    if image.mode == "LAB":
        lab = ImageCms.createProfile("LAB")
        converted = ImageCms.profileToProfile(image, lab, ImageCms.createProfile("sRGB"), outputMode="RGB")
        return converted if converted is not None else image.convert("RGB")
    if profile is None or image.mode not in ("RGB", "CMYK"):
        return image if image.mode in ("RGB", "L") else image.convert("RGB")
    try:
        converted = ImageCms.profileToProfile(
            image,
            ImageCms.ImageCmsProfile(io.BytesIO(profile)),
            ImageCms.createProfile("sRGB"),
            outputMode="RGB",
        )
    except (ImageCms.PyCMSError, OSError):
        converted = None
    return converted if converted is not None else image.convert("RGB")


@lru_cache(maxsize=8)
def changes_colours(profile: bytes, least: int = NOTICEABLE) -> bool:
    """Whether ignoring the profile of an RGB picture shifts a channel by more than `least`, of 255."""
    from PIL import Image

    probes = Image.frombytes("RGB", (27, 1), _PROBES)
    shown = to_srgb(probes, profile).tobytes()
    return any(abs(given - seen) > least for given, seen in zip(_PROBES, shown, strict=True))
