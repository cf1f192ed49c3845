"""The low bytes of 16-bit colour (raw modes): Pillow decodes the high bytes, and the low ones when they are swapped."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from PIL import Image

_OTHER_ORDER = {"B": "L", "L": "B", "N": "B" if sys.byteorder == "little" else "L"}
_COLOURS = ("RGB", "RGBA", "RGBX")


def low_bytes(image: Image.Image, reopen: Callable[[], Image.Image]) -> Callable[[], Image.Image] | None:
    """What decodes the low bytes, as RGB; `None` unless the picture, not decoded yet, is colour of 16 bits.

    `reopen` opens it once more, at the same page. Also of grey with alpha in a PNG, which Pillow decodes as colour.
    """
    modes = {_raw_mode(tile) for tile in _tiles(image)}
    mode = modes.pop() if len(modes) == 1 else ""
    other, associated = _other_bytes(mode), mode.startswith("RGBa;")
    if other is None:
        return None

    def decode() -> Image.Image:
        again: Any = reopen()
        again.tile = [tile._replace(args=_with_raw_mode(tile.args, other)) for tile in again.tile]
        again.load()
        if other == "RGBA":
            from PIL import Image as pil

            # Grey and alpha, high and low byte of each.
            return pil.merge("RGB", [again.getchannel(1)] * 3)
        lower: Image.Image = again.convert("RGB")
        if associated:
            # Pillow divides the high bytes by the alpha; beside that the low ones mean something where it is whole.
            lower.paste((0, 0, 0), mask=again.getchannel("A").point([*[255] * 255, 0]))
        return lower

    return decode


def stored_bits(image: Image.Image) -> int:
    """How many bits a grey of a PNG that is not decoded yet has in the file, when these are 2 or 4; else 8."""
    return {"L;2": 2, "L;4": 4}.get(next((_raw_mode(tile) for tile in _tiles(image)), ""), 8)


def _tiles(image: Any) -> list[Any]:
    return getattr(image, "tile", None) or []


def _raw_mode(tile: Any) -> str:
    args = tile.args
    mode = args[0] if isinstance(args, tuple) and args else args
    return mode if isinstance(mode, str) else ""


def _with_raw_mode(args: Any, mode: str) -> Any:
    return (mode, *args[1:]) if isinstance(args, tuple) else mode


def _other_bytes(mode: str) -> str | None:
    if mode == "LA;16B":
        return "RGBA"
    bands, _, order = mode.partition(";16")
    # Associated alpha ("RGBa") is divided out of the high bytes; of the low ones it cannot be.
    bands = bands.replace("RGBa", "RGBA")
    return f"{bands};16{_OTHER_ORDER[order]}" if bands in _COLOURS and order in _OTHER_ORDER else None
