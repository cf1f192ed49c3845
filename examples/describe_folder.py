"""A folder of pictures, PDFs and all: one JSON object a line for each, as they finish, however many there are.

python examples/describe_folder.py [FOLDER] > descriptions.jsonl

With `out="descriptions.jsonl"` it would keep its lines there, and go on where it was when it is interrupted.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from asking import PICTURES, model_and_host
from ollama_vision import describe
from ollama_vision.errors import RunStoppedError

AT_ONCE = 4
"""Twice as many as the server answers side by side (OLLAMA_NUM_PARALLEL): the next is ready when one is done."""
SHOWN = ("path", "page", "text", "error")


def main(folder: Path) -> int:
    failed = 0
    with model_and_host() as (model, host):
        try:
            # Pictures are read when there is room for them, so memory does not grow with the folder.
            for line in describe(folder, model, "Describe the image.", host=host, jobs=AT_ONCE):
                print(json.dumps({name: line[name] for name in SHOWN}), flush=True)
                failed += line["error"] is not None
        except RunStoppedError as error:  # the server's fault, or the disk's: no picture is to blame
            print(error, file=sys.stderr)
            return 2
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]) if len(sys.argv) > 1 else PICTURES))
