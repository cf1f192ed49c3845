"""The photographs that are asked about: noise and gradients, coded to the size that a camera's files have."""

from __future__ import annotations

import random
from pathlib import Path

HOME = Path(__file__).resolve().parent / ".pictures"
SIZES = {"1mp": (1160, 870, 82), "4mp": (2304, 1728, 82), "12mp": (4000, 3000, 80), "19mb": (8000, 6000, 87)}
"""Width, height, JPEG quality: 0.37, 1.4, 3.8 and 19 MB."""
VARIANTS = 8
"""Files of each size that differ in a comment: what a client keeps of one does not help it with the next."""


def paths(size: str) -> list[Path]:
    return [HOME / f"{size}-{number}.jpg" for number in range(VARIANTS)]


def make() -> None:
    """Draw what is missing."""
    HOME.mkdir(exist_ok=True)
    for size, (width, height, quality) in SIZES.items():
        if not all(path.is_file() for path in paths(size)):
            _write(paths(size), _photograph(width, height, quality))
    if not all(path.is_file() for path in paths("scene")):
        _write(paths("scene"), _scene())


def never_seen(size: str, salt: str) -> Path:
    """A copy that no server has seen yet: the same picture with another comment in it."""
    jpeg = paths(size)[0].read_bytes()
    path = HOME / f"{size}-{salt}.jpg"
    path.write_bytes(_with_comment(jpeg, salt))
    return path


def _photograph(width: int, height: int, quality: int) -> bytes:
    from PIL import Image

    dice = random.Random(7)
    small = Image.frombytes("RGB", (64, 48), dice.randbytes(64 * 48 * 3))
    smooth = small.resize((width, height), Image.Resampling.BICUBIC)
    grain = Image.frombytes("L", (512, 512), dice.randbytes(512 * 512))
    tile = Image.new("L", (width, height))
    for left in range(0, width, 512):
        for top in range(0, height, 512):
            tile.paste(grain, (left, top))
    return _jpeg(Image.blend(smooth, tile.convert("RGB"), 0.175), quality)


def _scene() -> bytes:
    """What the demo model knows, as a 12 MP photograph of it would be: 0.85 MB."""
    from PIL import Image

    from ollama_embedded import Shape, draw_scene

    drawn = draw_scene(Shape("blue", "square", "top left"), Shape("green", "triangle", "bottom right"))
    large = drawn.convert("RGB").resize((4000, 3000), Image.Resampling.BICUBIC)
    grain = Image.frombytes("L", (1000, 750), random.Random(7).randbytes(1000 * 750)).resize((4000, 3000))
    return _jpeg(Image.blend(large, grain.convert("RGB"), 0.04), 82)


def _jpeg(image: object, quality: int) -> bytes:
    import io

    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=quality)  # type: ignore[attr-defined]
    return buffer.getvalue()


def _write(files: list[Path], jpeg: bytes) -> None:
    for number, path in enumerate(files):
        path.write_bytes(_with_comment(jpeg, f"variant {number}"))


def _with_comment(jpeg: bytes, text: str) -> bytes:
    words = text.encode()
    return jpeg[:2] + b"\xff\xfe" + (len(words) + 2).to_bytes(2, "big") + words + jpeg[2:]


if __name__ == "__main__":
    make()
    for path in sorted(HOME.iterdir()):
        print(path.name, f"{path.stat().st_size:,}")
