"""Thousands of requests, of all eight endpoints, answered and failed and left: files and memory stay flat."""

from __future__ import annotations

import asyncio
import gc
import resource
import subprocess
import sys
import threading
import weakref
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from llama_index.core.base.llms.types import ChatMessage, ImageBlock, TextBlock
from PIL import Image

from llama_index.multi_modal_llms.ollama import OllamaMultiModal
from ollama_vision import errors
from tests.support.endpoints import NAMES
from tests.support.wire_server import CLOSE, HOLD, Script, Seen, WireServer, answer, client, part, reply, stream

ROOT = Path(__file__).resolve().parents[2]
AT_ONCE = 8


def script_for(seen: Seen) -> Script:
    """Mostly answers; every kind of failure now and then. The request says which."""
    endpoint = "chat" if seen.path.endswith("chat") else "generate"
    kinds: dict[int, Script] = {
        1: reply(500, {"error": "it broke"}),
        2: [CLOSE],
        3: stream(part(endpoint, "A"), end=[CLOSE]),
        4: stream(part(endpoint, "A"), {"error": "it broke"}),
        5: stream(part(endpoint, "A"), end=[HOLD]),
    }
    return kinds.get(seen.json["options"]["seed"] % 20, answer(endpoint, "A", " red", " circle."))


def arguments(endpoint: str, number: int, picture: Path) -> tuple[Any, ...]:
    with_picture = number % 4 == 0
    if endpoint.endswith("chat"):
        blocks = [TextBlock(text="x"), *([ImageBlock(path=picture)] if with_picture else [])]
        return ([ChatMessage(role="user", blocks=blocks)],)
    return ("x", picture if with_picture else None)


def leaves_early(number: int) -> bool:
    return number % 20 == 5  # that answer never ends


def ask(llm: OllamaMultiModal, number: int, picture: Path) -> None:
    endpoint = [name for name in NAMES if not name.startswith("a")][number % 4]
    if leaves_early(number):
        endpoint = "stream_chat"
    result = getattr(llm, endpoint)(*arguments(endpoint, number, picture), seed=number)
    for _ in result if endpoint.startswith("stream") else ():
        if leaves_early(number):
            break


async def aask(llm: OllamaMultiModal, number: int, picture: Path) -> None:
    endpoint = [name for name in NAMES if name.startswith("a")][number % 4]
    if leaves_early(number):
        endpoint = "astream_chat"
    result = await getattr(llm, endpoint)(*arguments(endpoint, number, picture), seed=number)
    if endpoint.startswith("astream"):
        async for _ in result:
            if leaves_early(number):
                break


def expected_to_fail(number: int) -> bool:
    return number % 20 in (1, 2, 3, 4)


class Soak:
    """Asks, counts what failed, and measures what the process holds."""

    def __init__(self, url: str, picture: Path) -> None:
        self.url = url
        self.picture = picture
        self.answered = self.failed = 0

    def run(self, numbers: range) -> None:
        half = len(numbers) // 2
        self.sync(numbers[:half])
        asyncio.run(self.on_loop(numbers[half:]))

    def sync(self, numbers: range) -> None:
        llm = client(self.url)
        for number in numbers:
            try:
                ask(llm, number, self.picture)
            except errors.OllamaMultiModalError:
                assert expected_to_fail(number)
                self.failed += 1
            else:
                assert not expected_to_fail(number)
                self.answered += 1

    async def on_loop(self, numbers: range) -> None:
        llm = client(self.url)
        turns = asyncio.Semaphore(AT_ONCE)

        async def one(number: int) -> None:
            async with turns:
                try:
                    await aask(llm, number, self.picture)
                except errors.OllamaMultiModalError:
                    assert expected_to_fail(number)
                    self.failed += 1
                else:
                    assert not expected_to_fail(number)
                    self.answered += 1

        await asyncio.gather(*map(one, numbers))


def resident_kilobytes() -> int:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * resource.getpagesize() // 1024


def held() -> dict[str, int]:
    gc.collect()
    return {
        "files": len(list(Path("/proc/self/fd").iterdir())),
        "threads": threading.active_count(),
        "tasks": sum(isinstance(each, asyncio.Task) for each in gc.get_objects()),
        "kilobytes": resident_kilobytes(),
    }


def soak(count: int, tmp_path: Path, record: Callable[[str, object], None]) -> None:
    picture = tmp_path / "noise.png"
    Image.effect_noise((400, 300), 60).save(picture)
    with WireServer(answers=script_for, keep_bodies=True) as server:
        run = Soak(server.url, picture)
        run.run(range(min(200, count)))  # what is made once: caches, threads of the pool, modules
        assert server.wait_until_closed()
        server.requests.clear()
        before = held()
        run.answered = run.failed = 0
        for start in range(0, count, 200):
            run.run(range(start, start + 200))
            server.requests.clear()
        assert server.wait_until_closed()
        after = held()
        record("before", before)
        record("after", after)
    assert (run.answered, run.failed) == (count * 16 // 20, count * 4 // 20)
    assert after["files"] <= before["files"]
    assert after["threads"] <= before["threads"] + 1
    assert after["tasks"] <= before["tasks"]
    # The pool's arenas breathe; a leak of one small object for each request would be more than this.
    assert after["kilobytes"] - before["kilobytes"] <= 8_000 + count


def soak_apart(count: int, folder: Path) -> None:
    """In a process of its own: what other tests hold, and let go meanwhile, is not counted."""
    program = (
        f"from pathlib import Path; from tests.repo.test_soak import soak; soak({count}, Path({str(folder)!r}), print)"
    )
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_a_few_hundred_requests_leave_nothing_behind(tmp_path: Path) -> None:
    soak_apart(400, tmp_path)


@pytest.mark.soak
@pytest.mark.timeout(1800)
def test_ten_thousand_requests_leave_nothing_behind(tmp_path: Path) -> None:
    soak_apart(10_000, tmp_path)


@pytest.mark.parametrize("kind", [3, 4], ids=["cut", "an error line"])
def test_what_broke_off_is_dropped_at_once(tmp_path: Path, kind: int) -> None:
    """Object, reply and connection go when nobody holds them any more, and not with the next collection."""
    picture = tmp_path / "noise.png"
    Image.effect_noise((40, 30), 60).save(picture)
    gc.disable()
    try:
        with WireServer(answers=script_for) as server:
            llm = client(server.url)
            connections = weakref.ref(llm._connections)
            with pytest.raises(errors.OllamaMultiModalError):
                ask(llm, kind, picture)
            del llm
            assert connections() is None
    finally:
        gc.enable()
