"""What a choice among labels costs beside one answer held to a schema: client and demo model together.

    python benchmarks/choosing.py [--rounds 15]

Each question is about a photograph of 12 megapixels of its own, so that nothing kept of one helps with the next. In
each round all are asked in turn, another one first each time. Of wall time the ratio is the median of the ratios within
a round; of CPU time, which Linux tells of both processes and other work changes little, that of the sums.
"""

from __future__ import annotations

import argparse
import io
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median

from PIL import Image

from ollama_embedded import draw_scene
from ollama_vision import ImageOptions, VisionModel

SIZE = (4000, 3000)
COLOURS = ["red", "green", "blue", "yellow", "black", "white", "orange", "purple", "brown", "grey"]
SENT = {
    "scaled by the client, as it does unless told otherwise": ImageOptions(),
    "sent as it is": ImageOptions(max_pixels=SIZE[0] * SIZE[1]),
}
SCHEMA = {"type": "string", "enum": ["yes", "no"]}

Ask = Callable[[VisionModel, bytes], object]
ASKED: dict[str, Ask] = {
    "one answer": lambda model, picture: model.ask("Is there a circle?", picture, schema=SCHEMA, temperature=0),
    "two labels": lambda model, picture: model.choose("Is there a circle?", ["yes", "no"], picture),
    "ten labels": lambda model, picture: model.choose("What colour is the circle?", COLOURS, picture),
}
GOALS = {"two labels": 1.2, "ten labels": 2.3}


@contextmanager
def server() -> Iterator[tuple[str, str, int]]:
    """The demo model in a process of its own: its address, its name, and the process's id."""
    code = (
        "import sys; from ollama_embedded import EmbeddedOllama\n"
        "with EmbeddedOllama() as server:\n"
        "    print(server.url, server.model, flush=True)\n"
        "    sys.stdin.read()"
    )
    command = [sys.executable, "-c", code]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        url, model = process.stdout.readline().split()
        yield url, model, process.pid
        process.communicate("")


def photographs() -> Iterator[bytes]:
    """JPEGs of one scene with grain, each with a spot of its own."""
    grain = Image.effect_noise(SIZE, 12).convert("RGB")
    photograph = Image.blend(draw_scene("red circle", "blue square").resize(SIZE), grain, 0.2)
    number = 0
    while True:
        number += 1
        photograph.paste((number % 256, number // 256, 128), (0, 0, 64, 64))
        file = io.BytesIO()
        photograph.save(file, "JPEG", quality=90)
        yield file.getvalue()


def cpu_seconds(process: int) -> float:
    """What this process and another one have worked so far; NaN for where the system does not tell."""
    stat = Path(f"/proc/{process}/stat")
    if not stat.exists():
        return float("nan")
    user, system = stat.read_text().rpartition(")")[2].split()[11:13]
    return time.process_time() + (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=15)
    rounds = parser.parse_args().rounds
    pictures = photographs()
    with server() as (url, name, process):
        for sent, options in SENT.items():
            model = VisionModel(name, url, image_options=options)
            spent: dict[str, list[float]] = {asked: [] for asked in ASKED}
            worked = dict.fromkeys(ASKED, 0.0)
            for number in range(-1, rounds):  # the first is to warm up
                names = list(ASKED)
                for asked in names[number % 3 :] + names[: number % 3]:
                    picture = next(pictures)
                    cpu, began = cpu_seconds(process), time.perf_counter()
                    ASKED[asked](model, picture)
                    if number >= 0:
                        spent[asked].append(time.perf_counter() - began)
                        worked[asked] += cpu_seconds(process) - cpu
            print(f"{SIZE[0]} x {SIZE[1]}, {len(next(pictures)) / 1e6:.1f} MB, {sent}:")
            for asked, times in spent.items():
                ratio = median(this / one for this, one in zip(times, spent["one answer"], strict=True))
                goal = f", at most {GOALS[asked]} wanted" if asked in GOALS else ""
                cpu, work = 1000 * worked[asked] / rounds, worked[asked] / worked["one answer"]
                wall = f"{median(times) * 1000:6.0f} ms {ratio:5.2f}x"
                print(f"  {asked:12}{wall}   CPU{cpu:6.0f} ms {work:5.2f}x{goal}")


if __name__ == "__main__":
    main()
