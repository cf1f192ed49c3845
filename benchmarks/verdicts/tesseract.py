"""Tesseract as a reader: what it reads of a drawn page, one process each, without a second thread."""

from __future__ import annotations

import os
import shutil
import subprocess

LANGUAGES = {"latin": "eng", "cyrillic": "rus", "greek": "ell"}
"""Debian: tesseract-ocr, tesseract-ocr-rus, tesseract-ocr-ell."""


def languages() -> set[str]:
    """Those that are installed."""
    if shutil.which("tesseract") is None:
        return set()
    done = subprocess.run(["tesseract", "--list-langs"], capture_output=True, text=True, check=True)
    return set(done.stdout.split()[-20:])


def read(picture: bytes, language: str, dpi: int) -> str:
    command = ["tesseract", "stdin", "stdout", "-l", language, "--dpi", str(dpi)]
    environment = {**os.environ, "OMP_THREAD_LIMIT": "1"}
    done = subprocess.run(command, input=picture, capture_output=True, check=True, env=environment)
    return done.stdout.decode("utf-8").replace("\f", "")
