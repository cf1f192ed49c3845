"""What keeps the client fast, held by counts that no busy machine can change: modules, pieces, calls, connections.

The figures themselves are measured by `benchmarks/`; docs/performance.md has them.
"""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import threading
import tracemalloc
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from llama_index.core.base.llms.types import ChatMessage, ImageBlock, TextBlock
from llama_index.core.bridge.pydantic import Field
from llama_index.core.instrumentation.event_handlers import BaseEventHandler
from llama_index.core.instrumentation.events import BaseEvent
from llama_index.core.instrumentation.events.llm import LLMChatStartEvent
from llama_index_instrumentation import get_dispatcher
from PIL import Image

from llama_index.multi_modal_llms.ollama import ImageOptions, OllamaMultiModal, prepare_image
from ollama_vision.pictures.blob import Blob
from ollama_vision.protocol.request import Request
from tests.support.wire_server import WireServer, answer, client

HELLO = [ChatMessage(role="user", content="hello")]
AS_IT_IS = ImageOptions(max_pixels=64_000_000)
KIB = 1024
HEAVY = {
    "httpx",
    "httpcore",
    "httpx2",
    "httpcore2",
    "PIL",
    "rich",
    "click",
    "typer",
    "pypdfium2",
    "pillow_heif",
    "av",
    "difflib",
    "ollama",
}


@pytest.fixture(scope="module")
def photograph(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A JPEG of about 4 MB, all noise."""
    path = tmp_path_factory.mktemp("pictures") / "noise.jpg"
    Image.effect_noise((2400, 1800), 90).save(path, quality=90)
    return path


def about(picture: Path) -> list[ChatMessage]:
    return [ChatMessage(role="user", blocks=[TextBlock(text="What is it?"), ImageBlock(path=picture)])]


def fresh(code: str) -> Any:
    """What a new Python prints as JSON."""
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    return json.loads(done.stdout.splitlines()[-1])


def test_importing_and_making_the_object_loads_its_own_rooms_and_nothing_heavy() -> None:
    loaded = fresh(
        "import llama_index.core, json, sys\n"
        "before = set(sys.modules)\n"
        "from llama_index.multi_modal_llms.ollama import OllamaMultiModal\n"
        "OllamaMultiModal(model='m')\n"
        "print(json.dumps(sorted(set(sys.modules) - before)))"
    )
    assert not {name.split(".")[0] for name in loaded} & HEAVY
    own = {name for name in loaded if name.startswith(("llama_index.multi_modal_llms.ollama", "ollama_vision"))}
    # Eight of them are fronts of packages; each costs what finding and reading a file does, 0.1 to 0.3 ms.
    assert len(own) <= 34
    rooms = {name.split(".")[1] for name in own if name.startswith("ollama_vision.")}
    assert not rooms & {"batch", "cli"}
    within = {name for name in own if name.startswith(("ollama_vision.pictures.", "ollama_vision.protocol."))}
    assert within == {
        "ollama_vision.pictures.options",
        "ollama_vision.pictures.registry",
        "ollama_vision.protocol.options",
    }
    within = {name for name in own if name.startswith("ollama_vision.server.")}
    assert within == {"ollama_vision.server.capability_cache"}, "what asks is opened by the first question"


def test_the_help_of_the_command_loads_no_llama_index() -> None:
    loaded = fresh(
        "import io, json, sys\n"
        "from contextlib import redirect_stdout\n"
        "from ollama_vision.cli.app import run\n"
        "with redirect_stdout(io.StringIO()):\n"
        "    run(['--help'])\n"
        "print(json.dumps(sorted(sys.modules)))"
    )
    assert not {name.split(".")[0] for name in loaded} & {"llama_index", "httpx2", "PIL", "rich", "pydantic"}


def test_a_picture_leaves_in_few_pieces_none_of_them_large(photograph: Path) -> None:
    request = Request("/", (b'{"a":"', prepare_image(photograph, AS_IT_IS), b'"}'))
    sizes = [len(piece) for piece in request.pieces()]
    assert max(sizes) <= 257 * KIB
    assert len(sizes) == -(-photograph.stat().st_size // (192 * KIB)), "text leaves with the piece beside it"


def test_a_picture_that_passes_through_is_never_whole_in_memory(photograph: Path) -> None:
    def send() -> None:
        picture = prepare_image(photograph, AS_IT_IS)
        for _ in Request("/", (b'{"a":"', picture, b'"}')).pieces():
            pass

    send()
    assert peak_of(send) < 1100 * KIB, "a piece, its base64, and what the walk has in hand"


@pytest.mark.parametrize("given", [Path, str], ids=["path", "string"])
def test_a_picture_is_opened_once_to_be_told_and_walked(
    given: Callable[[Path], Any], photograph: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[str] = []

    def counted(name: str, opens: Callable[[Blob], Any]) -> Callable[[Blob], Any]:
        def open_it(blob: Blob) -> Any:
            opened.append(name)
            return opens(blob)

        return open_it

    for name in ("open", "reading"):
        monkeypatch.setattr(Blob, name, counted(name, getattr(Blob, name)))
    prepare_image(given(photograph), AS_IT_IS)
    assert opened == ["reading"]


def test_many_calls_leave_nothing_behind(photograph: Path) -> None:
    with WireServer(answer("chat", "A"), keep_bodies=False) as server:
        llm = client(server, image_options=AS_IT_IS)
        llm.chat(about(photograph))
        tracemalloc.start()
        try:
            llm.chat(about(photograph))
            before, _ = tracemalloc.get_traced_memory()
            for _ in range(10):
                llm.chat(about(photograph))
            after, _ = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
        assert after - before < 256 * KIB


async def test_only_a_few_pictures_are_on_their_way_at_the_same_time(
    photograph: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    under_way: set[object] = set()
    most = 0
    pieces = Request.pieces

    def counted(request: Request) -> Iterator[bytes]:
        nonlocal most
        if request.media_bytes:
            under_way.add(token := object())
            most = max(most, len(under_way))
        yield from pieces(request)
        if request.media_bytes:
            under_way.remove(token)

    monkeypatch.setattr(Request, "pieces", counted)
    with WireServer(answer("chat", "A"), keep_bodies=False) as server:
        llm = client(server, image_options=AS_IT_IS)
        replies = await asyncio.gather(*(llm.achat(about(photograph)) for _ in range(12)))
    assert [reply.message.content for reply in replies] == ["A"] * 12
    assert 1 <= most <= 4


class Counter(BaseEventHandler):
    """Counts the calls that begin in each turn of an event loop."""

    turn: int = 0
    begun: dict[int, int] = Field(default_factory=dict)

    def handle(self, event: BaseEvent, **kwargs: Any) -> None:
        if isinstance(event, LLMChatStartEvent):
            self.begun[self.turn] = self.begun.get(self.turn, 0) + 1


async def test_of_many_calls_at_once_few_begin_in_one_turn_of_the_loop() -> None:
    counter, root = Counter(), get_dispatcher()

    async def count() -> None:
        while True:
            counter.turn += 1
            await asyncio.sleep(0)

    root.add_event_handler(counter)
    counting = asyncio.create_task(count())
    try:
        with WireServer(answer("chat", "A")) as server:
            llm = client(server)
            await asyncio.gather(*(llm.achat(HELLO) for _ in range(64)))
    finally:
        counting.cancel()
        root.event_handlers.remove(counter)
    assert sum(counter.begun.values()) == 64
    assert max(counter.begun.values()) <= 8


async def test_few_threads_work_beside_the_loop(photograph: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    threads: set[int] = set()
    pieces = Request.pieces

    def noted(request: Request) -> Iterator[bytes]:
        for piece in pieces(request):
            threads.add(threading.get_ident())
            yield piece

    monkeypatch.setattr(Request, "pieces", noted)
    with WireServer(answer("chat", "A"), keep_bodies=False) as server:
        llm = client(server, image_options=AS_IT_IS)
        before = threading.active_count()
        await asyncio.gather(*(llm.achat(about(photograph)) for _ in range(12)))
        of_server = server.accepted
        assert threading.active_count() - before - of_server <= 5, "four that prepare, one that codes"
    assert len(threads) == 1


def test_all_loops_share_the_threads_beside_them(photograph: Path) -> None:
    async def ask(llm: OllamaMultiModal) -> None:
        await asyncio.gather(*(llm.achat(about(photograph)) for _ in range(6)))

    def beside() -> set[threading.Thread]:
        return {thread for thread in threading.enumerate() if "s-pictures_" in thread.name}

    with WireServer(answer("chat", "A"), keep_bodies=False) as server:
        llm = client(server, image_options=AS_IT_IS)
        asyncio.run(ask(llm))
        earlier = beside()
        for _ in range(3):
            asyncio.run(ask(llm))
    assert earlier <= beside()
    assert 1 < len(beside()) <= 5, "four that prepare, one that codes"


async def test_a_place_at_the_gate_is_free_again_after_a_failure(photograph: Path) -> None:
    llm = client("http://127.0.0.1:9", image_options=AS_IT_IS, max_retries=0)
    for _ in range(2):
        failures = await asyncio.wait_for(
            asyncio.gather(*(llm.achat(about(photograph)) for _ in range(6)), return_exceptions=True), 30
        )
        assert {type(failure).__name__ for failure in failures} == {"ConnectionFailedError"}


def peak_of(work: Callable[[], None]) -> int:
    """Bytes that Python's objects grew by, at the most, while it was done."""
    tracemalloc.start()
    try:
        before, _ = tracemalloc.get_traced_memory()
        tracemalloc.reset_peak()
        work()
        return tracemalloc.get_traced_memory()[1] - before
    finally:
        tracemalloc.stop()
