"""Animated PNG (APNG): its first frame, also where the picture for other viewers is no part of the animation."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from PIL import Image


def begin_animation(image: Any) -> Image.Image | None:
    """Go from an APNG's default image, if it has one apart, to the first frame of its animation.

    Gives the mask of what that frame covers, unless it is all or the picture has alpha.
    """
    from PIL import Image as pil
    from PIL.PngImagePlugin import Blend

    if not getattr(image, "default_image", False):
        return None
    # The animation begins on an empty canvas. Pillow 13 begins it on the default image.
    image.load()
    image.paste(pil.new(image.mode, image.size))
    image.seek(1)
    # On nothing, "over" is "instead"; Pillow's "over" multiplies the alpha by itself.
    image.blend_op = Blend.OP_SOURCE
    box = image.info.get("bbox")
    if box is None or tuple(box) == (0, 0, *image.size) or image.mode in ("LA", "RGBA"):
        return None
    mask = pil.new("L", image.size)
    mask.paste(255, tuple(box))
    return mask
