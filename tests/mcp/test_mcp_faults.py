"""What goes wrong reaches an agent as a tool's error in our words; what it no longer wants is no longer generated."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from mcp import Client
from PIL import Image

from ollama_embedded import EmbeddedOllama, Gate, Reply, ScriptedEngine
from ollama_embedded.faults import CutStream
from ollama_vision.errors import ModelNotFoundError
from ollama_vision.mcp import progress as progress_module
from tests.support.mcp_clients import Progress, in_process, over_http, over_stdio, refusal, said, texts

NOBODY = "http://127.0.0.1:1"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    for name, colour in (("a.png", "red"), ("b.png", "blue")):
        Image.new("RGB", (40, 40), colour).save(tmp_path / name)
    return tmp_path


def look(picture: str = "a.png", **more: Any) -> dict[str, Any]:
    return {"picture": picture, "question": "What is this?", **more}


@asynccontextmanager
async def connected(way: str, root: Path, server: EmbeddedOllama) -> AsyncIterator[Client]:
    words = ["--root", str(root), "--host", server.url, "--model", server.model, "--no-sight-check"]
    if way == "in process":
        async with in_process(root, server, sight_check=False) as client:
            yield client
    elif way == "stdio":
        async with over_stdio(*words) as client:
            yield client
    else:
        with over_http(*words) as (_, url):
            async with Client(url) as client:
                yield client


@pytest.mark.parametrize("tool", ["look", "describe_folder"])
@pytest.mark.parametrize("way", ["in process", "stdio", "http"])
async def test_cancelling_a_call_ends_the_generation_on_the_server(root: Path, way: str, tool: str) -> None:
    gate = Gate()
    arguments = look() if tool == "look" else {"folder": ".", "prompt": "What is this?"}
    engine = ScriptedEngine(lambda request: Reply(["A", gate, " square."]))
    with EmbeddedOllama(engine=engine) as server:
        async with connected(way, root, server) as client:
            call = asyncio.create_task(client.call_tool(tool, arguments))
            assert await asyncio.to_thread(gate.reached.wait, 60)
            asked = [each for each in server.asked if each.pictures]
            call.cancel()
            with pytest.raises(asyncio.CancelledError):
                await call
            # The server of tools is still there, and so is what it asks.
            assert await asyncio.to_thread(asked[0].left.wait, 60)
            gate.open()
            assert said(await client.call_tool("look", look())) == "A square."


async def test_what_grows_is_told_meanwhile(root: Path) -> None:
    gate, progress = Gate(), Progress()
    with EmbeddedOllama(engine=ScriptedEngine(Reply(["A", gate, " square."]))) as server:
        async with in_process(root, server) as client:
            call = asyncio.create_task(client.call_tool("look", look(), progress_callback=progress))
            assert await asyncio.to_thread(gate.reached.wait, 60)
            assert await progress.has(2)
            gate.open()
            assert said(await call) == "A square."
    assert progress[:2] == [(0, None, f"Asking {server.model}"), (1, None, f"{server.model} answers")]


async def test_it_says_again_and_again_that_it_is_at_work(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As long as nothing comes: a model is loaded for minutes, and clients do not wait so long in silence."""
    monkeypatch.setattr(progress_module, "BETWEEN", 0.01)
    gate, progress = Gate(), Progress()
    with EmbeddedOllama(engine=ScriptedEngine(Reply([gate, "A", " square."]))) as server:
        async with in_process(root, server) as client:
            call = asyncio.create_task(client.call_tool("look", look(), progress_callback=progress))
            assert await progress.has(5)
            gate.open()
            assert said(await call) == "A square."
    done = [each[0] for each in progress]
    assert done == sorted(set(done)), "it only grows"
    assert done[0] == 0
    assert all(number < 1 for number in done[:5])
    assert str(progress[1][2]).startswith(f"Asking {server.model} (")


async def test_no_server_and_no_model_that_sees_are_said(root: Path) -> None:
    def none_sees() -> str:
        raise ModelNotFoundError("No model on the server sees pictures.")

    async with in_process(root, NOBODY, settings={"max_retries": 0}) as client:
        told = refusal(await client.call_tool("look", look()))
        assert "127.0.0.1:1" in told
        assert "--host" in told or "ollama serve" in told
        folder = await client.call_tool("describe_folder", {"folder": ".", "prompt": "What is this?"})
        assert folder.is_error
        assert "127.0.0.1:1" in texts(folder)[0]
    async with in_process(root, NOBODY, find_model=none_sees) as client:
        assert refusal(await client.call_tool("look", look())) == "No model on the server sees pictures."


async def test_a_model_without_vision_is_refused(root: Path) -> None:
    with EmbeddedOllama(engine=ScriptedEngine("Red.", capabilities=("completion",))) as server:
        async with in_process(root, server) as client:
            assert "cannot see pictures" in refusal(await client.call_tool("look", look()))
    assert not [asked for asked in server.asked if asked.pictures]


@pytest.mark.proves_sight
async def test_a_blind_model_is_refused_before_a_folder_and_by_a_look_that_is_to_prove_it(root: Path) -> None:
    with EmbeddedOllama(blind="black") as server:
        async with in_process(root, server) as client:
            folder = await client.call_tool("describe_folder", {"folder": ".", "prompt": "Describe the image."})
            proof = refusal(await client.call_tool("prove_sight"))
            unproven = await client.call_tool("look", look())
        async with in_process(root, server, sight_check=True) as client:
            proven = refusal(await client.call_tool("look", look()))
        async with in_process(root, server, sight_check=False) as client:
            unchecked = await client.call_tool("describe_folder", {"folder": ".", "prompt": "Describe the image."})
    assert folder.is_error
    assert "does not see" in texts(folder)[0]
    assert folder.structured_content["lines"] == []
    assert "does not see" in proof
    assert "does not see" in proven
    assert not unproven.is_error
    assert len(unchecked.structured_content["lines"]) == 2


async def test_what_had_come_of_an_answer_goes_with_its_error(root: Path) -> None:
    replies: list[Reply | str] = [
        Reply(["A red", " squ"], fault=CutStream(after=2)),
        Reply("A red", done_reason="length"),
        " ",
    ]
    with EmbeddedOllama(engine=ScriptedEngine(replies)) as server:
        async with in_process(root, server) as client:
            cut, limited, empty = [await client.call_tool("look", look()) for _ in replies]
    assert cut.is_error
    assert "A red" in texts(cut)[1]
    assert "partial_text" not in texts(cut)[0]
    assert texts(limited) == [
        f"The answer of {server.model} is not whole: it ran into the limit. Ask for less, or in parts.",
        "What had come of the answer: A red",
    ]
    assert "answered with nothing" in refusal(empty)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"question": "q"}, "look needs picture, which is missing."),
        (look(region=[1, 2]), "region [1, 2] must be four numbers"),
        (look(region=[0.5, 0.5, 0.1, 0.1]), "is inverted"),
        (look(tiles="many"), 'look: tiles takes "auto", or columns and rows, as in "3x2", not \'many\'.'),
        (
            look(tilse="auto"),
            "look takes no 'tilse' (did you mean 'tiles'?); it takes picture, question, region, til",
        ),
        (look(question=""), "question"),
        (look("c.png"), "c.png does not exist."),
        (look("../a.png"), "../a.png is not below the folders that may be read."),
        (look("ftp://a.example/a.png"), "only http: and https: are fetched"),
        (look("http://127.0.0.1:1/a.png"), "is a loopback address (127.0.0.1). Save it below the folders that may"),
        (look("."), "is a folder"),
    ],
    ids=lambda value: None,
)
async def test_what_cannot_be_meant_is_said_and_nothing_is_asked(
    root: Path, arguments: dict[str, Any], words: str
) -> None:
    with EmbeddedOllama(engine=ScriptedEngine("Red.")) as server:
        async with in_process(root, server) as client:
            assert words in refusal(await client.call_tool("look", arguments))
    assert not [asked for asked in server.asked if asked.pictures]


async def test_arguments_that_are_null_are_left_out(root: Path) -> None:
    """As an agent's framework sends those that it was not told."""
    with EmbeddedOllama(engine=ScriptedEngine("Red.")) as server:
        async with in_process(root, server, sight_check=False) as client:
            assert said(await client.call_tool("look", look(region=None, tiles=None))) == "Red."
            arguments = {"folder": ".", "prompt": "What is this?", "schema": None, "limit": None}
            result = await client.call_tool("describe_folder", arguments)
    assert [line["text"] for line in result.structured_content["lines"]] == ["Red.", "Red."]


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"limit": 0}, "limit is 0. Input should be greater than or equal to 1."),
        ({"schema": "{"}, "schema takes a JSON Schema"),
        ({"schema": {"type": "array"}}, "object"),
        ({"folder": "none"}, "none does not exist"),
        ({"prompt": " "}, "prompt is empty"),
    ],
    ids=["limit", "schema", "schema of a list", "folder", "prompt"],
)
async def test_a_folder_that_cannot_be_asked_about_is_said(root: Path, more: dict[str, Any], words: str) -> None:
    async with in_process(root, NOBODY) as client:
        arguments = {"folder": ".", "prompt": "What is this?", **more}
        assert words in refusal(await client.call_tool("describe_folder", arguments))


async def test_there_is_no_other_tool(root: Path) -> None:
    async with in_process(root, NOBODY) as client:
        assert "There are look, describe_folder" in refusal(await client.call_tool("read_file", {"path": "/"}))


async def test_a_picture_that_fails_has_its_error_in_its_line(root: Path) -> None:
    (root / "c.png").write_bytes(b"no picture")
    with EmbeddedOllama(engine=ScriptedEngine("Red.")) as server:
        async with in_process(root, server, sight_check=False) as client:
            result = await client.call_tool("describe_folder", {"folder": ".", "prompt": "What is this?"})
    *_, failed = result.structured_content["lines"]
    assert failed["error"]["type"] == "ImageError"
    assert texts(result)[2] == f"{root / 'c.png'}: Error: {failed['error']['message']}"
