"""The right pixels of a sample, from programs that share no code of ours: flattened on white, upright, in sRGB."""

from __future__ import annotations

import hashlib
import re
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path

from PIL import Image, ImageChops

from benchmarks.corpora import chromium

Image.MAX_IMAGE_PIXELS = None

IMAGEMAGICK = next((name for name in ("convert-im6.q16", "magick", "convert") if shutil.which(name)), "convert")


def versions() -> dict[str, str]:
    """Of every program that gives pixels, as it says of itself."""
    return {
        "Chromium": chromium.version().removeprefix("Chromium "),
        "libtiff's tiff2rgba": _first(["tiffinfo"], r"LIBTIFF, Version (\S+)"),
        "ImageMagick": _first([IMAGEMAGICK, "-version"], r"ImageMagick (\S+)"),
        "libheif's heif-convert": _first(["heif-convert"], r"libheif version: (\S+)"),
    }


def _first(command: list[str], pattern: str) -> str:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    found = re.search(pattern, done.stdout + done.stderr)
    return found[1] if found else "unknown"


class Viewers:
    """Pixels of samples, kept in a folder by the sample's content: viewers do not change while our code does."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        self._digests: dict[Path, str] = {}

    def look(self, samples: Sequence[Path]) -> None:
        """Asks the viewers for whatever is not kept yet."""
        new = [sample for sample in samples if not any(path.exists() for path in self._kept(sample))]
        for_chromium, by_others = [], []
        for sample in new:
            (
                for_chromium if _head(sample).startswith(tuple(chromium.MEDIA_TYPES)) or _is_avif(sample) else by_others
            ).append(sample)
        if for_chromium:
            chromium.show(for_chromium, lambda sample, shown: self._keep(sample, "Chromium", shown))
        # What Chromium does not open, another may.
        by_others += [sample for sample in for_chromium if self._kept(sample)[1].exists()]
        with tempfile.TemporaryDirectory() as scratch:
            converted: dict[Path, tuple[Path, str]] = {}
            for number, sample in enumerate(by_others):
                target = Path(scratch) / f"{number}.png"
                if viewer := _convert(sample, target):
                    converted[target] = sample, viewer
            found = {}
            if converted:
                chromium.show(list(converted), lambda target, shown: found.update({target: shown}))
            for target, (sample, viewer) in converted.items():
                if found.get(target) is not None:
                    self._kept(sample)[1].unlink(missing_ok=True)
                    self._keep(sample, viewer, found[target])
        for sample in by_others:
            if not any(path.exists() for path in self._kept(sample)):
                self._keep(sample, "", None)

    def shown(self, sample: Path) -> tuple[str, Image.Image | None]:
        """Whose pixels, and the pixels: `None` when no viewer opens it."""
        picture, nothing = self._kept(sample)
        if nothing.exists():
            return "", None
        with Image.open(picture) as image:
            return str(image.info["Viewer"]), image.convert("RGB")

    def _keep(self, sample: Path, viewer: str, shown: Image.Image | None) -> None:
        from PIL.PngImagePlugin import PngInfo

        picture, nothing = self._kept(sample)
        if shown is None:
            nothing.touch()
        else:
            told = PngInfo()
            told.add_text("Viewer", viewer)
            shown.save(picture, pnginfo=told, compress_level=1)

    def _kept(self, sample: Path) -> tuple[Path, Path]:
        digest = self._digests.get(sample)
        if digest is None:
            digest = self._digests[sample] = hashlib.sha256(sample.read_bytes()).hexdigest()[:32]
        return self.folder / f"{digest}.png", self.folder / f"{digest}.none"


def _convert(sample: Path, target: Path) -> str:
    """The sample as PNG, with its profile, by the first of its viewers that opens it; returns which."""
    head = _head(sample)
    if head.startswith((b"II*\x00", b"MM\x00*", b"II+\x00", b"MM\x00+")):
        if _is_plain_tiff(sample) and _with_tiff2rgba(sample, target):
            return "tiff2rgba"
    elif _is_avif(sample):
        return ""  # Whatever Chromium refuses breaks the standard; older readers pass over that.
    elif head[4:8] == b"ftyp":
        return "heif-convert" if _with_heif_convert(sample, target) else ""
    return "ImageMagick" if _with_imagemagick(sample, target) else ""


def _is_plain_tiff(sample: Path) -> bool:
    """Whether tiff2rgba shows all there is to it: it knows neither profiles nor orientation."""
    done = subprocess.run(["tiffinfo", str(sample)], capture_output=True, text=True, errors="replace", check=False)
    first = done.stdout.split("TIFF Directory at")[1:2] or [""]
    turned = re.search(r"Orientation: (?!row 0 top, col 0 lhs)", first[0])
    return not turned and "ICC Profile" not in first[0]


def _with_tiff2rgba(sample: Path, target: Path) -> bool:
    flat = target.with_suffix(".tif")
    if not _runs(["tiff2rgba", "-c", "none", str(sample), str(flat)]) or not flat.exists():
        return False
    # Four bytes a pixel, colours multiplied by alpha: so white shines through by what is left of it.
    try:
        with Image.open(flat) as image:
            size = image.size
            strips = zip(image.tag_v2[273], image.tag_v2[279], strict=True)
            data = flat.read_bytes()
    except (OSError, KeyError):
        return False  # It wrote the beginning of a file, and ended with 0 all the same.
    pixels = Image.frombytes("RGBA", size, b"".join(data[at : at + length] for at, length in strips))
    through = ImageChops.invert(pixels.getchannel("A"))
    bands = [ImageChops.add(band, through) for band in pixels.split()[:3]]
    Image.merge("RGB", bands).save(target)
    return True


def _with_heif_convert(sample: Path, target: Path) -> bool:
    if not _runs(["heif-convert", str(sample), str(target)]):
        return False
    # Of several pictures it writes name-1.png and so on, and only heif-info says which is the primary one.
    told = subprocess.run(["heif-info", str(sample)], capture_output=True, text=True, errors="replace", check=False)
    pictures = re.findall(r"^image: .*", told.stdout, re.MULTILINE)
    number = next((place for place, line in enumerate(pictures, 1) if ", primary" in line), 1)
    numbered = target.with_name(f"{target.stem}-{number}.png")
    if not target.exists() and numbered.exists():
        numbered.rename(target)
    if target.exists():
        target.write_bytes(_without_exif(target.read_bytes()))
    return target.exists()


def _without_exif(png: bytes) -> bytes:
    """A HEIC is turned by its boxes, which libheif has done; Chromium would turn it by its EXIF once more."""
    parts, at = [png[:8]], 8
    while at < len(png):
        end = at + 12 + int.from_bytes(png[at : at + 4], "big")
        if png[at + 4 : at + 8] != b"eXIf":
            parts.append(png[at:end])
        at = end
    return b"".join(parts)


def _with_imagemagick(sample: Path, target: Path) -> bool:
    look = ["-auto-orient", "-background", "white", "-alpha", "remove", "-depth", "8"]
    # Else it writes gamma 1/2.2 into every PNG, which Chromium takes to the letter.
    bare = ["-define", "png:exclude-chunks=gAMA,cHRM", f"PNG:{target}"]
    return _runs([IMAGEMAGICK, f"{sample}[0]", *look, *bare]) and target.exists()


def _runs(command: list[str]) -> bool:
    try:
        done = subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, timeout=120, check=False)
    except (subprocess.TimeoutExpired, FileNotFoundError):
        return False
    return done.returncode == 0


def _head(sample: Path) -> bytes:
    with sample.open("rb") as file:
        return file.read(64)


def _is_avif(sample: Path) -> bool:
    head = _head(sample)
    return head[4:8] == b"ftyp" and any(brand in head for brand in (b"avif", b"avis"))
