"""A folder of pictures, PDFs and all: one JSON object a line for each, as they finish, however many there are.

python examples/describe_folder.py [FOLDER] > descriptions.jsonl

`ollama-vision describe FOLDER` does it with more care: it goes on where it was when it is interrupted.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from asking import PICTURES, vision_model
from llama_index.multi_modal_llms.ollama import Description, ImageDescriber, OllamaMultiModal, PictureReader
from ollama_vision.errors import RunStoppedError

AT_ONCE = 4
"""Twice as many as the server answers side by side (OLLAMA_NUM_PARALLEL): the next is ready when one is done."""


def line_of(done: Description) -> str:
    found = done.source.metadata
    line = {"path": found["file_path"], "page": found.get("page_label"), "text": done.text}
    return json.dumps({**line, "error": str(done.error) if done.error else None})


def describe(llm: OllamaMultiModal, folder: Path) -> int:
    """How many failed. Pictures are read when there is room for them, so memory does not grow with the folder."""
    # What cannot be read is kept, and is then that picture's own error, beside the other ones.
    nodes = PictureReader(on_error="keep").lazy_load_data(folder)
    failed = 0
    for done in ImageDescriber(llm=llm, num_workers=AT_ONCE).iter(nodes):
        print(line_of(done), flush=True)
        failed += done.error is not None
    return failed


def main(folder: Path) -> int:
    with vision_model() as llm:
        try:
            return 1 if describe(llm, folder) else 0
        except RunStoppedError as error:  # the server's fault, or the disk's: no picture is to blame
            print(error, file=sys.stderr)
            return 2


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]) if len(sys.argv) > 1 else PICTURES))
