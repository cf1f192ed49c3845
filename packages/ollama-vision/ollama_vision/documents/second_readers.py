"""Second readers: what somebody else reads on the same page, Tesseract (OCR) or another model in a run of its own."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from ollama_vision.errors import SecondReaderError
from ollama_vision.pictures import ImageOptions, PictureSource

if TYPE_CHECKING:
    from ollama_vision.batch import Page

TESSERACT = "tesseract"
_PIXELS = 8_000_000
"""A4 at 300 dots an inch, which is what Tesseract is made for: of what a model is sent it reads half."""
_MOST_SECONDS = 300.0
_NO_LANGUAGES = frozenset({"osd", "equ", "snum"})
_MOST_LANGUAGES = 3
"""More cost a second each, and letters of one alphabet are taken for another's."""

Read: TypeAlias = "Callable[[Page], str | None]"
"""What it reads on a page; `None` where it came to nothing. Called in threads."""


@dataclass(frozen=True)
class Tesseract:
    """The program, for some languages."""

    program: str
    languages: str
    options: ImageOptions

    @classmethod
    def find(cls, name: str, options: ImageOptions) -> Tesseract:
        """`tesseract`, or with its languages `tesseract:deu+fra`. Raises SecondReaderError."""
        program = shutil.which(TESSERACT)
        if program is None:
            raise SecondReaderError(
                "The second reader tesseract is a program that is not installed here. Install it (Debian and Ubuntu: "
                "apt install tesseract-ocr), or name a model."
            )
        there = _languages(program)
        wanted = name.partition(":")[2]
        if missing := [each for each in wanted.split("+") if wanted and each not in there]:
            raise SecondReaderError(
                f"Tesseract does not have the language {missing[0]}. It has {', '.join(there)}; Debian and Ubuntu: "
                f"apt install tesseract-ocr-{missing[0]}."
            )
        usual = there if len(there) <= _MOST_LANGUAGES else ["eng"] if "eng" in there else there[:1]
        return cls(program, wanted or "+".join(usual), options)

    def read(self, page: Page) -> str | None:
        """See `Read`. Raises ImageError for a page that cannot be drawn, and SecondReaderError."""
        options = self.options.model_copy(update={"max_pixels": _PIXELS, "server_sizes": None, "format": "png"})
        source = PictureSource.of_file(page.file.path, options)
        number = page.page or 1
        (drawn,) = PictureSource(source.held, options, document=True).pages(only={number})
        command = [self.program, "stdin", "stdout", "-l", self.languages]
        # One page a thread already.
        environment = {**os.environ, "OMP_THREAD_LIMIT": "1"}
        try:
            done = subprocess.run(  # noqa: S603 - the program that was found, and no shell
                command, input=drawn.read(), capture_output=True, env=environment, timeout=_MOST_SECONDS, check=False
            )
        except subprocess.TimeoutExpired:
            return None
        if done.returncode:
            said = " ".join(done.stderr.decode(errors="replace").split())[:300]
            raise SecondReaderError(f"Tesseract cannot read {page.file.path}, page {number}: {said}")
        return done.stdout.decode("utf-8", errors="replace").replace("\f", "")


def _languages(program: str) -> list[str]:
    done = subprocess.run([program, "--list-langs"], capture_output=True, text=True, check=False)  # noqa: S603
    lines = f"{done.stdout}\n{done.stderr}".splitlines()
    names = [line.strip() for line in lines if line.strip() and " " not in line.strip()]
    return [name for name in names if name not in _NO_LANGUAGES and "/" not in name]


def reads_by_program(second: str | None) -> bool:
    """Whether a second reader is Tesseract, and no model."""
    return second is not None and second.partition(":")[0] == TESSERACT


def from_texts(texts: Mapping[tuple[str, int], str]) -> Read:
    """What another model read before."""
    return lambda page: texts.get((str(page.file.path), page.page or 1))
