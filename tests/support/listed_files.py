"""Folders of files by their names, and what find_pictures takes of them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from llama_index.multi_modal_llms.ollama import PictureReader
from ollama_vision.batch.finding.listing import Found
from ollama_vision.errors import ImageError


def fill(folder: Path, *names: str) -> None:
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x")


def find(paths: Any, **settings: Any) -> Found:
    return PictureReader(**settings).find(paths)


def names(found: Found) -> list[str]:
    return [file.path.as_posix() for file in found.files]


def said(paths: Any, **settings: Any) -> str:
    with pytest.raises(ImageError) as caught:
        find(paths, **settings)
    return str(caught.value)
