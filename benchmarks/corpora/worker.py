"""Prepares the samples whose paths stand on standard input, and says of each on a line what became of it."""

from __future__ import annotations

import hashlib
import json
import sys
from pathlib import Path
from typing import Any

from llama_index.multi_modal_llms.ollama import ImageOptions, prepare_image
from ollama_vision.errors import ImageError
from ollama_vision.pictures.formats.kinds import READABLE, Kind
from ollama_vision.pictures.formats.sniff import HEAD, sniff

FULL_SIZE: dict[str, Any] = {"max_pixels": None, "min_side": 1, "max_source_pixels": 300_000_000}


def prepared(path: Path, folder: Path) -> dict[str, Any]:
    """The fields of `compare.Ours`."""
    kind = kind_of(path)
    told: dict[str, Any] = {"kind": kind.name, "is_read": kind in READABLE}
    try:
        options = ImageOptions(**FULL_SIZE)
        if kind.name == "TIFF":
            options = ImageOptions(**FULL_SIZE, pages=(1,))
        picture = prepare_image(path, options)
        steps, format = picture.steps, picture.format
        if picture.format == "jpeg" and steps:
            # What JPEG loses is no matter of how the file was read.
            picture = prepare_image(path, options.model_copy(update={"format": "png"}))
    except ImageError as error:
        return {**told, "refusal": str(error).replace(str(path), path.name), "steps": ()}
    except Exception as error:
        return {**told, "error": repr(error), "steps": ()}
    data = picture.read()
    name = hashlib.sha256(str(path).encode()).hexdigest()[:24]
    sent = folder / f"{name}.{picture.format}"
    sent.write_bytes(data)
    return {**told, "steps": steps, "format": format, "picture": str(sent)}


def kind_of(path: Path) -> Kind:
    with path.open("rb") as file:
        return sniff(file.read(HEAD))


if __name__ == "__main__":
    for line in sys.stdin:
        print(json.dumps(prepared(Path(line.rstrip("\n")), Path(sys.argv[1]))), flush=True)
