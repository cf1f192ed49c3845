"""Pictures a second: ImageDescriber beside a simple loop, on 1, 2 and 4 hosts, and on one with several slots.

    .venv/bin/python benchmarks/throughput.py              measured and shown, some 6 minutes
    .venv/bin/python benchmarks/throughput.py --quick      one round, fewer pictures: under 2 minutes
    .venv/bin/python benchmarks/throughput.py --publish    writes the figures and the plot into docs/scaling.md too

Every server is a process of its own. Two kinds of them: some take a fixed time for each picture, as a graphics card
elsewhere would, and show the shape that this machine's few cores hide; the others answer with the demo model on this
machine's cores. Every answer is checked. Rounds are interleaved, a figure is the median over them.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import environments
from embedded import processor
from llama_index.core.schema import ImageNode
from published import publish

import pictures
from llama_index.multi_modal_llms.ollama import ImageDescriber, OllamaMultiModal
from ollama_embedded import EmbeddedOllama, Pause, Reply, ScriptedEngine, Shape, draw_scene
from ollama_embedded.scenes import KINDS

HERE = Path(__file__).resolve().parent
PAGE = HERE.parent / "docs" / "scaling.md"
PLOT = HERE.parent / "docs" / "scaling" / "throughput.png"

SERVICE = 0.5
"""Seconds that a picture takes on a server of the first kind: a small vision model on a good graphics card."""
HOSTS = (1, 2, 4)
SLOTS = (1, 2, 4)
WORKERS = (1, 2, 4, 8)
LOOP = 0
"""In place of a number of workers: a loop that asks and waits, without ImageDescriber."""
COLOURS = ("red", "blue", "green", "yellow", "purple", "black")

Check = Callable[[ImageNode, str], bool]
Cell = tuple[str, int, int]
"""Kind of server, how many (or how many slots), workers."""


def serve(kind: str, slots: int) -> None:
    """One server, until standard input ends."""
    engine = ScriptedEngine(Reply([Pause(SERVICE), "Done."]), model="shapes") if kind == "fixed" else None
    with EmbeddedOllama(engine=engine, num_parallel=slots) as server:
        print(server.url, flush=True)
        sys.stdin.read()


@contextmanager
def servers(kind: str, count: int, slots: int = 1) -> Iterator[list[OllamaMultiModal]]:
    """Clients on servers that are processes of their own, warmed up."""
    command = [sys.executable, str(Path(__file__)), "--serve", kind, str(slots)]
    started = [
        subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) for _ in range(count)
    ]
    try:
        llms = []
        for process in started:
            assert process.stdout is not None
            url = process.stdout.readline().strip()
            llm = OllamaMultiModal(model="shapes", base_url=url, temperature=0.0, context_window=2048)
            llm.complete("Describe the image.", image_documents=[draw_scene("red circle")])
            llms.append(llm)
        yield llms
    finally:
        for process in started:
            assert process.stdin is not None
            process.stdin.close()
            process.wait(30)


def rate(llms: Sequence[OllamaMultiModal], nodes: Sequence[ImageNode], workers: int, right: Check) -> float:
    """Pictures a second, from the first question to the last answer."""
    began = time.perf_counter()
    if workers == LOOP:
        texts = [llms[0].complete("Describe the image.", image_documents=[node]).text for node in nodes]
    else:
        texts = [node.get_content() for node in ImageDescriber(llm=list(llms), num_workers=workers)(nodes)]
    taken = time.perf_counter() - began
    wrong = [text for node, text in zip(nodes, texts, strict=True) if not right(node, text)]
    if wrong or len(texts) != len(nodes):
        raise RuntimeError(f"{len(texts)} answers to {len(nodes)} pictures; wrong ones: {wrong[:3]}")
    return len(nodes) / taken


def photographs(count: int) -> list[ImageNode]:
    """Of 4 megapixels, which are scaled before they are sent: what a folder of pictures costs its reader."""
    files = pictures.paths("4mp")
    return [ImageNode(image_path=str(files[number % len(files)])) for number in range(count)]


def scenes(count: int, folder: Path) -> list[ImageNode]:
    """Of 224 x 224 pixels, as the demo model knows them."""
    nodes = []
    for number in range(count):
        shape = Shape(COLOURS[number % len(COLOURS)], KINDS[number // len(COLOURS) % len(KINDS)])
        file = folder / f"{number}.png"
        if not file.exists():
            draw_scene(shape).save(file)
        nodes.append(ImageNode(image_path=str(file), metadata={"shape": str(shape)}))
    return nodes


def is_done(_: ImageNode, text: str) -> bool:
    return text == "Done."


def names_the_shape(node: ImageNode, text: str) -> bool:
    return all(word in text for word in node.metadata["shape"].split())


def measure(rounds: int, share: float) -> dict[Cell, list[float]]:
    """Pictures a second of every cell, a figure a round."""
    found: dict[Cell, list[float]] = {}
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        fixed = stack.enter_context(servers("fixed", max(HOSTS)))
        demo = {slots: stack.enter_context(servers("demo", 1, slots)) for slots in SLOTS}
        demo_hosts = [*demo[1], *stack.enter_context(servers("demo", 1))]
        cells: list[tuple[Cell, list[OllamaMultiModal]]] = []
        cells += [(("fixed", hosts, workers), fixed[:hosts]) for hosts in HOSTS for workers in WORKERS]
        cells += [(("slots", slots, workers), llms) for slots, llms in demo.items() for workers in (LOOP, *WORKERS)]
        cells += [(("demo", 2, workers), demo_hosts) for workers in WORKERS]
        cells.append((("fixed", 1, LOOP), fixed[:1]))
        drawn = scenes(int(share * 60), folder)
        for number in range(rounds):
            print(f"round {number + 1} of {rounds}", file=sys.stderr, flush=True)
            at = number * len(cells) // rounds  # another one begins each round
            for cell, llms in [*cells[at:], *cells[:at]]:
                kind, many, workers = cell
                if kind == "fixed":
                    nodes = photographs(int(share * 12 * min(many, max(1, workers))))
                    speed = rate(llms, nodes, workers, is_done)
                else:
                    speed = rate(llms, drawn, workers, names_the_shape)
                found.setdefault(cell, []).append(speed)
    return found


def table(rows: Sequence[tuple[str, str, int]], figures: dict[Cell, float]) -> list[str]:
    names = ["loop", *(f"`num_workers={workers}`" for workers in WORKERS)]
    lines = ["| pictures a second | " + " | ".join(names) + " |", "| --- |" + " ---: |" * len(names)]
    for name, kind, many in rows:
        cells = [figures.get((kind, many, workers)) for workers in (LOOP, *WORKERS)]
        lines.append(f"| {name} | " + " | ".join("" if each is None else f"{each:.1f}" for each in cells) + " |")
    return lines


def page_of(figures: dict[Cell, float], facts: dict[str, Any]) -> str:
    """The figures as the page has them."""
    plural = {1: "1 host", **{many: f"{many} hosts" for many in HOSTS[1:]}}
    rounds = facts["rounds"]
    measured = "One round" if rounds == 1 else f"Medians of {rounds} interleaved rounds"
    slots = {1: "1 slot", **{many: f"{many} slots" for many in SLOTS[1:]}}
    return "\n".join(
        [
            f"Servers that take {SERVICE} s for a picture and one picture at a time, photographs of 4 megapixels:",
            "",
            *table([(plural[many], "fixed", many) for many in HOSTS], figures),
            "",
            "The demo model on this machine's processor, one server with several slots, and two servers:",
            "",
            *table(
                [*((f"1 host, {slots[many]}", "slots", many) for many in SLOTS), ("2 hosts, 1 slot each", "demo", 2)],
                figures,
            ),
            "",
            f"{measured} on {facts['machine']}, Python {facts['python']}, "
            f"{', '.join(f'{name} {number}' for name, number in facts['versions'].items())}, {facts['day']}. "
            f"Other work kept {facts['busy']} cores busy before the first round.",
        ]
    )


def publish_all(text: str, results: Path) -> None:
    """Write the figures into the page, and the plot beside it."""
    publish(PAGE, "benchmarks.throughput --publish", text)
    environments.make("plots")
    PLOT.parent.mkdir(exist_ok=True)
    command = [str(environments.python_of("plots")), str(HERE / "throughput_plot.py"), str(results), str(PLOT)]
    subprocess.run(command, check=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--rounds", type=int)
    parser.add_argument("--publish", action="store_true")
    parser.add_argument("--serve", nargs=2, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.serve:
        serve(arguments.serve[0], int(arguments.serve[1]))
        return
    pictures.make()
    busy = os.getloadavg()[0]
    rounds = arguments.rounds or (1 if arguments.quick else 3)
    measured = measure(rounds, 0.4 if arguments.quick else 1.0)
    figures = {cell: statistics.median(speeds) for cell, speeds in measured.items()}
    facts = {
        "rounds": rounds,
        "machine": f"{os.cpu_count()} cores, {processor()}, {platform.system()} {platform.release()}",
        "python": platform.python_version(),
        "versions": {name: version(name) for name in ("llama-index-core", "httpcore2", "pillow", "xllamacpp")},
        "busy": round(busy, 1),
        "day": datetime.now(UTC).date().isoformat(),
    }
    text = page_of(figures, facts)
    print(text)
    results = HERE / "results" / "throughput.json"
    results.parent.mkdir(exist_ok=True)
    cells = [{"kind": kind, "many": many, "workers": workers, "rate": figures[kind, many, workers]}
             for kind, many, workers in figures]  # fmt: skip
    results.write_text(json.dumps({"service": SERVICE, "cells": cells, **facts}, indent=1), encoding="utf-8")
    if arguments.publish:
        publish_all(text, results)


if __name__ == "__main__":
    main()
