"""Runs of `ollama-vision describe` whose model is killed under them: is every line there, and is each as without kills?

    .venv/bin/python benchmarks/kill_runs.py --host http://127.0.0.1:11434 --model shapes
    .venv/bin/python benchmarks/kill_runs.py --host http://127.0.0.1:11434 --host http://127.0.0.1:11435 --kills 5,5

For Ollamas on this very machine (Linux), started by whoever runs this: `kill -9` goes to their llama-server, the
process that Ollama starts for a model, at moments drawn by lot, and never to Ollama. Several kills may fall into one
load. First comes a run without kills; what it answered at temperature 0 is what each later run must have.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import product
from pathlib import Path
from urllib.parse import urlsplit

from ollama_embedded import Shape, draw_scene
from ollama_embedded.scenes import COLOURS, KINDS, PLACES

COMMAND = Path(sys.executable).parent / "ollama-vision"


@dataclass
class Outcome:
    """What came of one run."""

    code: int
    seconds: float
    texts: dict[str, str] = field(default_factory=dict)
    blamed: dict[str, str] = field(default_factory=dict)
    lines: int = 0
    screen: str = ""


def draw(folder: Path, count: int) -> None:
    """So many small scenes, no two alike."""
    scenes = list(product(COLOURS, KINDS, PLACES))
    lots = random.Random(7)
    lots.shuffle(scenes)
    for number in range(count):
        shapes = [Shape(*scenes[number % len(scenes)])]
        places = [place for place in PLACES if place != shapes[0].place]
        for place in lots.sample(places, number % 3):
            shapes.append(Shape(lots.choice([c for c in COLOURS if c != shapes[0].colour]), lots.choice(KINDS), place))
        draw_scene(*shapes, size=(112, 112)).save(folder / f"scene-{number:04}.png")


def listener(port: int) -> int:
    """The process that listens on the port."""
    found = set()
    for table in ("/proc/net/tcp", "/proc/net/tcp6"):
        for row in Path(table).read_text().splitlines()[1:]:
            cells = row.split()
            if cells[3] == "0A" and int(cells[1].rpartition(":")[2], 16) == port:
                found.add(f"socket:[{cells[9]}]")
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if any(str(handle.readlink()) in found for handle in (process / "fd").iterdir()):
                return int(process.name)
        except OSError:  # it ended meanwhile, or is somebody else's
            continue
    raise SystemExit(f"No process of yours listens on port {port}.")


def models_of(server: int, name: str) -> list[int]:
    """The processes that the server has started for models."""
    there = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            told, _, rest = (process / "stat").read_text().partition("(")[2].rpartition(") ")
            state, parent = rest.split()[:2]
        except (OSError, ValueError):
            continue
        if int(parent) == server and state != "Z" and told.startswith(name[:15]):
            there.append(int(process.name))
    return there


def killer(
    done: Path, at: Sequence[int], hosts: Sequence[int], name: str, over: threading.Event, told: list[str]
) -> None:
    """One kill for each number of lines that are there by then; a little later, for the step of a request to differ."""
    for lines in at:
        while not over.is_set() and (not done.exists() or done.read_bytes().count(b"\n") < lines):
            time.sleep(0.005)
        time.sleep(random.random() * 0.3)
        while not over.is_set():
            if there := [process for host in hosts for process in models_of(host, name)]:
                victim = random.choice(there)
                os.kill(victim, signal.SIGKILL)
                told.append(f"{done.read_bytes().count(10)} lines: {victim}")
                break
            time.sleep(0.005)


def run(args: argparse.Namespace, folder: Path, out: Path, kills: int) -> Outcome:
    command = [
        str(COMMAND),
        "describe",
        str(folder),
        "--model",
        args.model,
        "--out",
        str(out),
        "--jobs",
        str(args.jobs),
    ]
    command += [part for host in args.host for part in ("--host", host)]
    servers = [listener(urlsplit(host).port or 11434) for host in args.host]
    over, told = threading.Event(), list[str]()
    at = sorted(random.randrange(args.pictures - args.jobs) for _ in range(kills))
    began = time.monotonic()
    process = subprocess.Popen(command, stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    thread = threading.Thread(target=killer, args=(out, at, servers, args.process, over, told))
    thread.start()
    said, complained = process.communicate()
    over.set()
    thread.join()
    outcome = Outcome(process.returncode, time.monotonic() - began, screen=said + complained)
    for line in out.read_text().splitlines() if out.exists() else ():
        record = json.loads(line)
        outcome.lines += 1
        if record["error"] is not None:
            outcome.blamed[record["path"]] = str(record["error"])
        else:
            outcome.texts[record["path"]] = record["text"]
    if len(told) < kills:
        outcome.screen += f"\nonly {len(told)} of {kills} kills came in time"
    return outcome


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--host", action="append", help="an Ollama on this machine; again for more")
    parser.add_argument("--model", default="shapes")
    parser.add_argument("--process", default="llama-server", help="the name of the model's process")
    parser.add_argument("--kills", default="1,2,3,4,5,5", help="so many in each run")
    parser.add_argument("--pictures", type=int, default=300)
    parser.add_argument("--jobs", type=int, default=8)
    parser.add_argument("--verbose", action="store_true", help="show what each run said")
    args = parser.parse_args()
    args.host = args.host or ["http://127.0.0.1:11434"]
    bad = 0
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch) / "pictures"
        folder.mkdir()
        draw(folder, args.pictures)
        first = run(args, folder, Path(scratch) / "0.jsonl", 0)
        print(f"without kills: {len(first.texts)} answers, exit {first.code}, {first.seconds:.0f} s", flush=True)
        for number, kills in enumerate(map(int, args.kills.split(",")), 1):
            now = run(args, folder, Path(scratch) / f"{number}.jsonl", kills)
            same = sum(first.texts.get(path) == text for path, text in now.texts.items())
            bad += now.code != 0 or same != args.pictures or now.lines != args.pictures
            print(
                f"{kills} kills: {now.lines} lines, {same} as without kills, {len(now.blamed)} blamed, "
                f"exit {now.code}, {now.seconds:.0f} s",
                flush=True,
            )
            for path, error in now.blamed.items():
                print(f"  {Path(path).name}: {error}", flush=True)
            if now.code or args.verbose:
                print("  " + now.screen.replace("\n", "\n  "), flush=True)
    sys.exit(min(bad, 1))


if __name__ == "__main__":
    main()
