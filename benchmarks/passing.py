"""Where the time goes when a picture is passed through as it is, by itself: no server, no LlamaIndex.

    python benchmarks/passing.py

Runs in the project's own environment. CPU time of the thread, the median of many runs over several files.
"""

from __future__ import annotations

import base64
import sys
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

sys.path.insert(0, str(Path(__file__).resolve().parent))
sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import pictures
from llama_index.multi_modal_llms.ollama import ImageOptions, prepare_image
from ollama_vision.pictures.formats.jpeg import _MARKER
from ollama_vision.protocol.request import Request

RUNS = 80
AS_IT_IS = ImageOptions(max_pixels=64_000_000)
SIZES = ("1mp", "4mp", "12mp")


def sent(file: Path) -> None:
    """Every piece of the body, as it leaves."""
    for _ in Request("/", (b'{"images":["', prepare_image(file, AS_IT_IS), b'"]}')).pieces():
        pass


def searched(file: Path) -> Callable[[], object]:
    """What a JPEG of one scan is spared: the search for markers through its data, in memory already."""
    data = file.read_bytes()
    start = data.index(b"\xff\xda") + 2
    return lambda: _MARKER.search(data, start)


STEPS: dict[str, Callable[[Path], Callable[[], object]]] = {
    "find, open, prove that it is whole": lambda file: lambda: prepare_image(file, AS_IT_IS),
    "beside it: search all of it for markers": searched,
    "the same, then read and code it in pieces": lambda file: lambda: sent(file),
    "beside it: read and code it at once, by base64": lambda file: lambda: base64.b64encode(file.read_bytes()),
}


def cost(step: Callable[[Path], Callable[[], object]], files: list[Path]) -> float:
    """Milliseconds."""
    spent = []
    for run in range(RUNS):
        work = step(files[run % len(files)])
        before = time.thread_time()
        work()
        spent.append(time.thread_time() - before)
    return median(spent) * 1000


def main() -> None:
    pictures.make()
    print(f"{'CPU ms':48}" + "".join(f"{size:>8}" for size in SIZES))
    for name, step in STEPS.items():
        costs = [cost(step, pictures.paths(size)) for size in SIZES]
        print(f"{name:48}" + "".join(f"{each:8.2f}" for each in costs))


if __name__ == "__main__":
    main()
