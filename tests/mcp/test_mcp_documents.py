"""The tool `read_document`: pages as Markdown, a verdict for each, and what an agent is told of those to look at."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from ollama_embedded import EmbeddedOllama, Gate, Reply, ScriptedEngine
from tests.support.documents import TEXTS, Reader, born_digital, shown
from tests.support.mcp_clients import Progress, in_process, over_stdio, refusal, texts


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Three pages with their text."""
    folder = tmp_path / "root"
    folder.mkdir()
    (folder / "letters.pdf").write_bytes(born_digital(*TEXTS))
    (tmp_path / "outside.pdf").write_bytes(born_digital(*TEXTS))
    (folder / "away.pdf").symlink_to(tmp_path / "outside.pdf")
    return folder


def answers(root: Path, second: str = "") -> Reader:
    """What each page says; of the second one something else, if so."""
    read = {shown(root / "letters.pdf", number): text for number, text in enumerate(TEXTS, 1)}
    if second:
        read[shown(root / "letters.pdf", 2)] = second
    return Reader(read)


async def test_pages_are_read_and_agree(root: Path) -> None:
    progress = Progress()
    with EmbeddedOllama(engine=ScriptedEngine(answers(root), model="m")) as server:
        async with in_process(root, server) as client:
            result = await client.call_tool("read_document", {"document": "letters.pdf"}, progress_callback=progress)
    assert not result.is_error
    (markdown,) = texts(result)
    assert markdown.startswith("<!-- page 1 -->")
    assert markdown.count("<!-- page ") == 3
    told = result.structured_content
    assert told["document"] == str(root / "letters.pdf")
    assert [(page["page"], page["verdict"]) for page in told["pages"]] == [(1, "agrees"), (2, "agrees"), (3, "agrees")]
    assert {"text", "findings", "cer", "usage", "model", "seconds"} <= set(told["pages"][0])
    assert [(done, of) for done, of, _ in progress] == [(0, None), (1, 3), (2, 3), (3, 3)]


async def test_what_is_not_to_be_trusted_is_said_and_only_pages_that_were_named_are_read(root: Path) -> None:
    with EmbeddedOllama(engine=ScriptedEngine(answers(root, "Something else 4711."), model="m")) as server:
        async with in_process(root, server) as client:
            result = await client.call_tool("read_document", {"document": "letters.pdf", "pages": "2-3"})
            again = await client.call_tool("read_document", {"document": "letters.pdf", "pages": [1]})
            wrong = refusal(await client.call_tool("read_document", {"document": "letters.pdf", "pages": "0"}))
            missing = refusal(await client.call_tool("read_document", {"document": "letters.pdf", "pages": 9}))
    second, third = result.structured_content["pages"]
    assert (second["page"], third["page"], third["verdict"]) == (2, 3, "agrees")
    assert second["verdict"] != "agrees"
    assert texts(result)[1].startswith(f"Look at these pages yourself:\n- page 2: {second['verdict']} (the page says ")
    assert [page["page"] for page in again.structured_content["pages"]] == [1]
    assert "pages takes numbers from 1 on" in wrong
    assert "9" in missing
    assert "3 pages" in missing


async def test_only_documents_below_a_root_are_read(root: Path) -> None:
    async with in_process(root, "http://127.0.0.1:1") as client:
        for document in ("away.pdf", "../outside.pdf", str(root.parent / "outside.pdf")):
            told = refusal(await client.call_tool("read_document", {"document": document}))
            assert "is not below the folders" in told
        assert "is a folder" in refusal(await client.call_tool("read_document", {"document": "."}))


@pytest.mark.proves_sight
async def test_a_model_that_does_not_see_reads_nothing(root: Path) -> None:
    with EmbeddedOllama(blind="black") as server:
        async with in_process(root, server) as client:
            told = refusal(await client.call_tool("read_document", {"document": "letters.pdf"}))
    assert "does not see" in told


@pytest.mark.parametrize("way", ["in process", "stdio"])
async def test_cancelling_it_ends_the_generation_on_the_server(root: Path, way: str) -> None:
    gate = Gate()
    with EmbeddedOllama(engine=ScriptedEngine(lambda request: Reply(["A", gate, "."]), model="m")) as server:
        words = ["--root", str(root), "--host", server.url, "--no-sight-check"]
        async with in_process(root, server) if way == "in process" else over_stdio(*words) as client:
            call = asyncio.create_task(client.call_tool("read_document", {"document": "letters.pdf", "pages": 1}))
            assert await asyncio.to_thread(gate.reached.wait, 60)
            asked = [each for each in server.asked if each.pictures]
            call.cancel()
            with pytest.raises(asyncio.CancelledError):
                await call
            assert await asyncio.to_thread(asked[0].left.wait, 60)
            gate.open()
