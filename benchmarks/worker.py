"""One client in one process: does the jobs that come as lines of JSON, measures itself, checks every answer.

    python worker.py NAME URL [MODEL]

CPU is that of this process, all of its threads; wall is the clock. Every text is compared with what it must be: of a
picture, the hash of what the server read; of a stream, each of its pieces.
"""

from __future__ import annotations

import asyncio
import base64
import gc
import json
import os
import statistics
import sys
import time
from collections.abc import Callable, Coroutine
from functools import lru_cache
from pathlib import Path
from typing import Any

sys.path.append(str(Path(__file__).resolve().parent.parent))

from fake_ollama import expected_stream, hash_of
from roster import adapter

import pictures

Figures = dict[str, float]
WARM_UP = 8
"""Questions before those that count: Python 3.11 and later make a function fast while it is being used."""


class Worker:
    """The client, its event loop, and the jobs."""

    def __init__(self, name: str, arguments: list[str]) -> None:
        self.make: Callable[[], Any] = lambda: adapter(name, *arguments)
        self.client = self.make()
        self.loop = asyncio.new_event_loop()
        asyncio.set_event_loop(self.loop)

    def run(self, job: dict[str, Any]) -> Figures:
        method: Callable[..., Figures] = getattr(self, job.pop("job"))
        gc.collect()
        return method(**job)

    def picture(self, size: str, repeat: int) -> Figures:
        """Ask about one picture after the other; figures for one."""
        files = [pictures.paths(size)[number % pictures.VARIANTS] for number in range(repeat)]
        expected = [self.hash(file) for file in files]
        warm = min(repeat, WARM_UP)
        self.check([self.client.ask("answer", file) for file in files[:warm]], expected[:warm])
        gc.collect()
        with Stopwatch() as watch:
            texts = [self.client.ask("answer", file) for file in files]
        self.check(texts, expected)
        return watch.figures(repeat)

    def stream(self, count: int, extra: str = "", on_loop: bool = False) -> Figures:
        """A stream of many pieces; figures for one line of it."""
        prompt = f"stream {count} {extra}".strip()
        lines = count * 2 if extra == "thinking" else count + count // 100 if extra == "tools" else count
        with Stopwatch() as watch:
            if on_loop:
                pieces = self.loop.run_until_complete(self._collect(prompt))
            else:
                pieces = list(self.client.stream(prompt))
        self.check(["".join(pieces)], [expected_stream(count)])
        return watch.figures(lines)

    async def _collect(self, prompt: str) -> list[str]:
        return [piece async for piece in self.client.astream(prompt)]

    def together(self, size: str, count: int, prompt: str = "wait 0.2") -> Figures:
        """Many questions at once on one event loop: the whole time, and the longest that the loop did nothing else."""
        files = [pictures.paths(size)[number % pictures.VARIANTS] for number in range(count)]
        expected = [self.hash(file) for file in files]
        # A first question, with what a client asks the server once, belongs to a program's start.
        self.check(self.on_loop(lambda: self.client.aask("answer", files[0])), expected[:1])
        gc.collect()
        with Stopwatch() as watch:
            texts, stall = self.loop.run_until_complete(self._together(prompt, files))
        self.check(texts, expected)
        return {**watch.figures(1), "stall_ms": stall * 1000}

    async def _together(self, prompt: str, files: list[Path]) -> tuple[list[str], float]:
        stalls = [0.0]

        async def watch() -> None:
            while True:
                before = time.perf_counter()
                await asyncio.sleep(0.001)
                stalls[0] = max(stalls[0], time.perf_counter() - before - 0.001)

        watching = asyncio.create_task(watch())
        await asyncio.sleep(0.01)
        texts = await asyncio.gather(*(self.client.aask(prompt, file) for file in files))
        watching.cancel()
        return list(texts), stalls[0]

    def memory(self, size: str, count: int, at_once: bool) -> Figures:
        """By how much the process's peak grows over so many pictures, after one small one. Linux only."""
        files = [pictures.paths(size)[number % pictures.VARIANTS] for number in range(count)]
        expected = [self.hash(file) for file in files]
        small = pictures.paths("1mp")[0]
        self.check([self.client.ask("answer", small)], [self.hash(small)])
        self.check(self.on_loop(lambda: self.client.aask("answer", small)), [self.hash(small)])
        gc.collect()
        before = _reset_peak()
        if at_once:
            texts = self.on_loop(*(lambda file=file: self.client.aask("answer", file) for file in files))
        else:
            texts = [self.client.ask("answer", file) for file in files]
        grown = _status("VmHWM") - before
        self.check(texts, expected)
        return {"grown_mb": grown / 1024}

    def on_loop(self, *starts: Callable[[], Coroutine[Any, Any, str]]) -> list[str]:
        async def all_of_them() -> list[str]:
            return list(await asyncio.gather(*(start() for start in starts)))

        return self.loop.run_until_complete(all_of_them())

    def construct(self, repeat: int) -> Figures:
        """Make the client's object again and again; the median of one, which is kept from closing meanwhile."""
        made, times = [], []
        for _ in range(repeat):
            before = time.perf_counter()
            made.append(self.make())
            times.append(time.perf_counter() - before)
        return {"wall_ms": statistics.median(times) * 1000}

    def prepare(self, size: str, repeat: int) -> Figures:
        """Make a picture ready to be sent, without sending it."""
        files = [pictures.paths(size)[number % pictures.VARIANTS] for number in range(repeat)]
        self.client.sent(files[0])
        with Stopwatch() as watch:
            for file in files:
                self.client.sent(file)
        return watch.figures(repeat)

    def demo(self, question: str, expected: str, salt: str) -> Figures:
        """Ask the demo model about a photograph that the server has never seen."""
        file = pictures.never_seen("scene", salt)
        with Stopwatch() as watch:
            text = self.client.ask(question, file)
        file.unlink()
        if expected not in text:
            raise AssertionError(f"the demo model said {text!r}")
        return watch.figures(1)

    def hash(self, file: Path) -> str:
        return _hash(file, getattr(self.client, "sent", Path.read_bytes))

    @staticmethod
    def check(texts: list[str], expected: list[str]) -> None:
        if texts != expected:
            wrong = next(pair for pair in zip(texts, expected, strict=True) if pair[0] != pair[1])
            raise AssertionError(f"said {wrong[0][:200]!r} instead of {wrong[1][:200]!r}")


class Stopwatch:
    """CPU and wall between entering and leaving."""

    def __enter__(self) -> Stopwatch:
        self.cpu, self.wall = time.process_time(), time.perf_counter()
        return self

    def __exit__(self, *error: object) -> None:
        self.cpu, self.wall = time.process_time() - self.cpu, time.perf_counter() - self.wall

    def figures(self, count: int) -> Figures:
        return {"cpu_ms": self.cpu * 1000 / count, "wall_ms": self.wall * 1000 / count}


@lru_cache(maxsize=256)
def _hash(file: Path, sent: Callable[[Path], bytes]) -> str:
    return hash_of(base64.b64encode(sent(file)))


def _reset_peak() -> float:
    """Forget the peak so far; the one of importing is larger than anything that follows."""
    Path("/proc/self/clear_refs").write_text("5", encoding="ascii")
    return _status("VmHWM")


def _status(name: str) -> float:
    """A figure of this process, in KiB."""
    for line in Path("/proc/self/status").read_text(encoding="ascii").splitlines():
        if line.startswith(f"{name}:"):
            return float(line.split()[1])
    raise LookupError(name)


def main() -> None:
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # what a client prints must not stand between the answers
    worker = Worker(sys.argv[1], sys.argv[2:])
    print(json.dumps({"ready": True}), file=answers, flush=True)
    for line in sys.stdin:
        print(json.dumps(worker.run(json.loads(line))), file=answers, flush=True)


if __name__ == "__main__":
    main()
