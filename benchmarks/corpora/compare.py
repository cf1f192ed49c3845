"""What we make of a sample, beside what its viewer shows: right, refused, or by how much it is wrong."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, PngImagePlugin

import ollama_vision.pictures

# What leaves is looked at however large it is; whether it may leave is for the product to say.
Image.MAX_IMAGE_PIXELS = None
PngImagePlugin.MAX_TEXT_CHUNK = 1 << 28

NEAR = 4
"""Of 255: no channel of a right pixel is further off."""
EXACT = 1.0
LOSSY = 0.999
"""The share of pixels that must be near. All, where the file itself says every pixel. Where it was compressed with
loss, decoders round differently, and fill up halved colours in their own way at edges: one pixel in a thousand."""
SETTLED = ("right", "refused by both", "of no format that is read", "read here alone")
SERVED = " as served"
LOSSY_KINDS = ("JPEG", "AVIF", "HEIC", "WebP")


@dataclass(frozen=True)
class Ours:
    """What `prepare_image` made of a sample at its full size."""

    kind: str
    is_read: bool = True
    """Whether it is of a format that is read at all; what is not is refused by its true name."""
    refusal: str = ""
    error: str = ""
    """Anything but an ImageError: a fault, whatever the file."""
    steps: tuple[str, ...] = ()
    format: str = ""
    picture: str = ""
    """Where its bytes are; as PNG when it was encoded anew, for what JPEG loses is no matter of reading."""

    @property
    def passes(self) -> bool:
        """Whether it leaves byte for byte."""
        return bool(self.picture) and not self.steps


@dataclass(frozen=True)
class Verdict:
    sample: str
    kind: str
    viewer: str
    outcome: str
    """One of `SETTLED`, or `wrong`, `refused` (a viewer opens it), or `crashed`."""
    largest: int | None = None
    near: float | None = None
    detail: str = ""
    steps: tuple[str, ...] = ()

    @property
    def is_served(self) -> bool:
        """Whether it is of the server's decoder, and not of our own picture."""
        return self.sample.endswith(SERVED)

    @property
    def is_settled(self) -> bool:
        return self.outcome in SETTLED


def prepare(samples: Sequence[Path], folder: Path) -> dict[Path, Ours]:
    """All of them, in another process: one that dies of a sample is begun again behind it.

    What the same code has made already is taken from the folder, so that a run goes on where it was stopped.
    """
    folder = folder / _fingerprint()
    folder.mkdir(parents=True, exist_ok=True)
    known = {path: folder / f"{hashlib.sha256(str(path).encode()).hexdigest()[:24]}.json" for path in samples}
    made = {path: _ours(json.loads(kept.read_text())) for path, kept in known.items() if kept.is_file()}
    left = [path for path in samples if path not in made]
    while left:
        worker = subprocess.Popen(
            [sys.executable, "-W", "ignore", str(Path(__file__).with_name("worker.py")), str(folder)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        lines, _ = worker.communicate("".join(f"{path}\n" for path in left))
        done = lines.splitlines()
        for path, line in zip(left, done, strict=False):
            known[path].write_text(line, encoding="utf-8")
            made[path] = _ours(json.loads(line))
        left = left[len(done) :]
        if worker.returncode:
            made[left.pop(0)] = Ours(kind="", error=f"the process died of it ({worker.returncode})")
    return made


def _ours(fields: dict[str, Any]) -> Ours:
    return Ours(**{**fields, "steps": tuple(fields["steps"])})


def _fingerprint() -> str:
    """Of the code that prepares, and of the libraries under it."""
    room = Path(ollama_vision.pictures.__file__).parent
    seen = hashlib.sha256(repr([version(name) for name in ("pillow", "pillow-heif")]).encode())
    for path in (Path(__file__).with_name("worker.py"), *sorted(room.rglob("*.py"))):
        seen.update(path.read_bytes())
    return seen.hexdigest()[:24]


def judge(sample: str, ours: Ours, viewer: str, shown: Image.Image | None) -> Verdict:
    if ours.error:
        return Verdict(sample, ours.kind, viewer, "crashed", detail=ours.error)
    if ours.refusal:
        outcome = "refused by both" if shown is None else "refused" if ours.is_read else "of no format that is read"
        return Verdict(sample, ours.kind, viewer, outcome, detail=ours.refusal)
    if shown is None:
        return Verdict(sample, ours.kind, viewer, "read here alone", steps=ours.steps)
    with Image.open(ours.picture) as image:
        picture = image.convert("RGB")
    return _compared(sample, ours, picture, viewer, shown)


def judge_served(
    sample: str, ours: Ours, picture: Image.Image | None, viewer: str, shown: Image.Image | None
) -> Verdict:
    """Of what passes byte for byte: what the server's decoder makes of it, beside the same viewer."""
    name = sample + SERVED
    if picture is None:
        return Verdict(name, ours.kind, viewer, "wrong", detail="stb_image cannot read it")
    if shown is None:
        return Verdict(name, ours.kind, viewer, "read here alone")
    return _compared(name, ours, picture, viewer, shown)


def _compared(sample: str, ours: Ours, picture: Image.Image, viewer: str, shown: Image.Image) -> Verdict:
    if picture.size != shown.size:
        detail = f"is {picture.width}x{picture.height}, should be {shown.width}x{shown.height}"
        return Verdict(sample, ours.kind, viewer, "wrong", detail=detail, steps=ours.steps)
    largest, near, detail = difference(picture, shown)
    enough = LOSSY if ours.kind in LOSSY_KINDS else EXACT
    outcome = "right" if near >= enough else "wrong"
    return Verdict(sample, ours.kind, viewer, outcome, largest, near, "" if outcome == "right" else detail, ours.steps)


def difference(picture: Image.Image, shown: Image.Image) -> tuple[int, float, str]:
    """The largest difference of a channel, the share of pixels that are near, and the worst pixel in words."""
    mine, theirs = np.asarray(picture, np.int16), np.asarray(shown, np.int16)
    off = np.abs(mine - theirs).max(axis=2)
    y, x = (int(part) for part in np.unravel_index(int(off.argmax()), off.shape))
    worst = f"at ({x}, {y}) {tuple(map(int, mine[y, x]))}, should be {tuple(map(int, theirs[y, x]))}"
    return int(off.max()), float((off <= NEAR).mean()), worst


def plain(verdict: Verdict) -> dict[str, Any]:
    return asdict(verdict)
