"""What preparing a picture costs, beside reading it and coding it as base64 the way LlamaIndex's blocks do.

    python benchmarks/prepare.py [rounds]

Runs in the project's own environment: what llama-index-llms-ollama does to a picture before it sends it is core's
`ImageBlock.resolve_image`, which is here too. The pictures are made first, in a temporary folder. CPU time of the
process, all threads; each round measures every row once, in random order; medians. Ratios move less from machine
to machine than the times do.
"""

from __future__ import annotations

import base64
import platform
import random
import statistics
import sys
import tempfile
import time
import tracemalloc
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path

import pillow_heif
from llama_index.core.base.llms.types import ImageBlock
from PIL import Image, ImageDraw

from llama_index.multi_modal_llms.ollama import prepare_image

PIECE = 192 * 1024
"""A multiple of three, as base64 in pieces needs."""


def photograph(size: tuple[int, int]) -> Image.Image:
    """Soft noise: what cameras' files are to a codec."""
    width, height = size
    bands = [Image.effect_noise((width // 4, height // 4), 60).resize(size, Image.Resampling.BICUBIC) for _ in "RGB"]
    return Image.merge("RGB", bands)


def screen(size: tuple[int, int]) -> Image.Image:
    image = Image.new("RGB", size, "white")
    pen = ImageDraw.Draw(image)
    for line in range(0, size[1], 18):
        pen.text((20, line), f"{line:5d}  The quick brown fox jumps over the lazy dog. " * 6, fill=(20, 20, 60))
    return image


def pictures(folder: Path) -> dict[str, Path]:
    small, four, twelve = (1156, 867), (2304, 1728), (4032, 3024)
    exif = Image.Exif()
    exif[0x0112] = 6
    made = {
        "JPEG, 1 MP": lambda path: photograph(small).save(path, "JPEG", quality=85),
        "JPEG, 4 MP": lambda path: photograph(four).save(path, "JPEG", quality=85),
        "JPEG, 12 MP": lambda path: photograph(twelve).save(path, "JPEG", quality=85),
        "JPEG, 12 MP, turned by EXIF": lambda path: photograph(twelve).save(path, "JPEG", quality=85, exif=exif),
        "PNG of a screen, 1 MP": lambda path: screen(small).save(path, "PNG"),
        "PNG of a screen, 8 MP": lambda path: screen((3840, 2160)).save(path, "PNG"),
        "WebP, 1 MP": lambda path: photograph(small).save(path, "WEBP", quality=85),
        "AVIF, 1 MP": lambda path: photograph(small).save(path, "AVIF", quality=75),
        "TIFF, 12 MP, LZW": lambda path: photograph(twelve).save(path, "TIFF", compression="tiff_lzw"),
        "HEIC, 12 MP": lambda path: pillow_heif.from_pillow(photograph(twelve)).save(path, quality=70),
    }
    for name, make in made.items():
        make(folder / name)
    return {name: folder / name for name in made}


def ours(path: Path) -> int:
    """Prepared, and coded in pieces as the request's body is."""
    sent = 0
    with prepare_image(path).open() as file:
        while piece := file.read(PIECE):
            sent += len(base64.b64encode(piece))
    return sent


def core(path: Path) -> int:
    """What llama-index-llms-ollama does: as it is, whole, as text."""
    return len(ImageBlock(path=path).resolve_image(as_base64=True).read().decode("utf-8"))


def peak(work: Callable[[Path], int], path: Path) -> int:
    """Bytes that Python allocated at most; pixels inside Pillow do not count."""
    tracemalloc.start()
    work(path)
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return most


def main(rounds: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        paths = pictures(Path(folder))
        times: dict[tuple[str, str], list[float]] = {}
        jobs = [(name, who) for name in paths for who in ("ours", "core")]
        for _ in range(rounds + 1):
            random.shuffle(jobs)
            for name, who in jobs:
                start = time.process_time()
                (ours if who == "ours" else core)(paths[name])
                times.setdefault((name, who), []).append((time.process_time() - start) * 1000)
        print(f"Python {platform.python_version()}, Pillow {version('pillow')}, {platform.machine()}, {rounds} rounds")
        print("| picture | file, kB | core, ms | here, ms | ratio | sent, kB | of core's | peak here, kB | core's |")
        print("|---|---|---|---|---|---|---|---|---|")
        for name, path in paths.items():
            # The first round warms up: imports, caches.
            here, there = (statistics.median(times[name, who][1:]) for who in ("ours", "core"))
            sent, unchanged = ours(path), core(path)
            print(
                f"| {name} | {path.stat().st_size / 1e3:,.0f} | {there:.1f} | {here:.1f} | {here / there:.1f}x | "
                f"{sent / 1e3:,.0f} | {sent / unchanged:.2f} | "
                f"{peak(ours, path) / 1e3:,.0f} | {peak(core, path) / 1e3:,.0f} |"
            )


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 15)
