"""What the model gets of a picture that leaves byte for byte: the server reads it with stb_image, without profiles."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from pathlib import Path

from PIL import Image

from benchmarks.corpora import packages


class StbImage:
    """stb_image, compiled from its package."""

    def __init__(self) -> None:
        (header,) = packages.samples_of(packages.STB_IMAGE)
        found = re.search(r"stb_image - v(\S+)", header.read_text(encoding="utf-8"))
        self.version = found[1] if found else "unknown"
        compiler = shutil.which("cc")
        if compiler is None:
            raise SystemExit("stb_image is compiled from its package, and there is no C compiler: apt-get install gcc")
        self.program = packages.CACHE / "stb"
        source = Path(__file__).with_name("stb.c")
        subprocess.run([compiler, "-O2", "-I", header.parent, source, "-lm", "-o", self.program], check=True)

    def show(self, paths: Sequence[Path]) -> Iterator[Image.Image | None]:
        """The pixels of each, one at a time; `None` for what it cannot read."""
        names = packages.CACHE / "stb.names"
        names.write_text("".join(f"{path}\n" for path in paths), encoding="utf-8")
        with names.open() as given, subprocess.Popen([self.program], stdin=given, stdout=subprocess.PIPE) as running:
            assert running.stdout is not None
            for _ in paths:
                width, height = map(int, running.stdout.readline().split())
                pixels = running.stdout.read(width * height * 3)
                yield Image.frombytes("RGB", (width, height), pixels) if width else None
