"""Tools and resources of the MCP server, by the SDK's own client on the demo model: what an agent asks and gets."""

from __future__ import annotations

import base64
import json
import os
import threading
from pathlib import Path

import pytest
from mcp import MCPError
from PIL import Image

from ollama_embedded import EmbeddedOllama
from ollama_embedded.scenes import Shape, draw_scene
from ollama_vision.mcp import resources as resources_module
from ollama_vision.mcp.roots import Roots
from tests.support.mcp_clients import Progress, in_process, refusal, said, texts
from tests.support.serving import asked_since

FIELDS = ["text", "fields", "model", "usage", "finish_reason", "pictures", "seconds"]
REQUIRED = {
    "look": ["picture", "question"],
    "describe_folder": ["folder", "prompt"],
    "read_document": ["document"],
    "find_pictures": ["folder"],
    "prove_sight": [],
}
ARGUMENTS = {
    "look": ["picture", "question", "region", "tiles"],
    "describe_folder": ["folder", "prompt", "schema", "limit"],
    "read_document": ["document", "pages"],
    "find_pictures": ["folder", "pattern"],
    "prove_sight": ["model"],
}


@pytest.fixture
def root(tmp_path: Path, scene: Image.Image) -> Path:
    """Two pictures, one of them in a folder, and what is no picture."""
    folder = tmp_path / "root"
    (folder / "in").mkdir(parents=True)
    scene.save(folder / "scene.png")
    draw_scene(Shape("red", "circle", "middle center")).save(folder / "in" / "one.png")
    (folder / "notes.txt").write_text("private")
    (tmp_path / "outside.png").write_bytes((folder / "scene.png").read_bytes())
    return folder


async def test_the_tools_are_told_with_what_they_need(root: Path) -> None:
    async with in_process(root, "http://127.0.0.1:1") as client:
        tools = (await client.list_tools()).tools
        told = client.instructions
    assert told is not None
    assert str(root) in told
    assert {tool.name: tool.input_schema.get("required", []) for tool in tools} == REQUIRED
    assert {tool.name: list(tool.input_schema["properties"]) for tool in tools} == ARGUMENTS
    for tool in tools:
        assert tool.description
        assert tool.annotations is not None
        assert tool.annotations.read_only_hint
        for argument in tool.input_schema["properties"].values():
            assert argument["description"]
            assert "title" not in argument


async def test_it_looks_at_a_picture_and_tells_what_ask_tells(root: Path, demo_server: EmbeddedOllama) -> None:
    async with in_process(root, demo_server, settings={"temperature": 0.0}) as client:
        result = await client.call_tool("look", {"picture": "in/one.png", "question": "Describe the image."})
    assert "red circle" in said(result)
    told = result.structured_content
    assert list(told) == FIELDS
    assert (told["text"], told["fields"], told["model"]) == (said(result), None, demo_server.model)
    assert told["usage"]["total_tokens"] > 0
    assert told["pictures"][0]["source"] == str(root / "in" / "one.png")
    assert json.dumps(told)


@pytest.mark.parametrize("region", [[0.5, 0.5, 1.0, 1.0], [0, 0, 1, 1], "0.5, 0.5, 1, 1", [56, 56, 112, 112]])
async def test_it_looks_closer_at_a_region(
    root: Path, scene: Image.Image, region: object, demo_server: EmbeddedOllama
) -> None:
    before = list(demo_server.asked)
    arguments = {"picture": "scene.png", "question": "Describe the image.", "region": region}
    async with in_process(root, demo_server) as client:
        result = await client.call_tool("look", arguments)
    said(result)
    (sent,) = asked_since(demo_server, before)[-1].images
    whole = region == [0, 0, 1, 1]
    width = scene.width if whole else 56 if region == [56, 56, 112, 112] else scene.width // 2
    assert sent.width == width


async def test_it_sends_tiles(root: Path, demo_server: EmbeddedOllama) -> None:
    async with in_process(root, demo_server) as client:
        for tiles, count in (("2x1", 3), ([2, 2], 5)):
            before = list(demo_server.asked)
            said(await client.call_tool("look", {"picture": "scene.png", "question": "How many?", "tiles": tiles}))
            assert len(asked_since(demo_server, before)[-1].images) == count


async def test_a_picture_in_a_data_url_is_looked_at(root: Path, demo_server: EmbeddedOllama) -> None:
    data = base64.b64encode((root / "in" / "one.png").read_bytes()).decode()
    arguments = {"picture": f"data:image/png;base64,{data}", "question": "Describe the image."}
    async with in_process(root, demo_server, settings={"temperature": 0.0}) as client:
        assert "red circle" in said(await client.call_tool("look", arguments))


def sizes_of(paths: list[str]) -> list[int]:
    return [Path(path).stat().st_size for path in paths]


async def test_it_finds_pictures_and_nothing_else(root: Path, tmp_path: Path) -> None:
    (root / "away").symlink_to(tmp_path)
    (root / "away.png").symlink_to(tmp_path / "outside.png")
    async with in_process(root, "http://127.0.0.1:1") as client:
        every = await client.call_tool("find_pictures", {"folder": "."})
        some = await client.call_tool("find_pictures", {"folder": str(root), "pattern": "ONE.*"})
        others = await client.call_tool("find_pictures", {"folder": ".", "pattern": "*.txt"})
    paths = [str(root / "in" / "one.png"), str(root / "scene.png")]
    told = every.structured_content
    assert [each["path"] for each in told["pictures"]] == paths
    assert [each["size"] for each in told["pictures"]] == sizes_of(paths)
    assert told["found"] == 2
    assert told["left_out"] == {"link that leads elsewhere": 2, "no picture by its name (.txt 1)": 1}
    assert said(every).splitlines() == [
        *paths,
        "Left out: 2 link that leads elsewhere, 1 no picture by its name (.txt 1).",
    ]
    assert [each["path"] for each in some.structured_content["pictures"]] == paths[:1]
    assert others.structured_content["pictures"] == []


async def test_it_describes_a_folder(root: Path, demo_server: EmbeddedOllama) -> None:
    progress = Progress()
    arguments = {"folder": ".", "prompt": "Describe the image."}
    async with in_process(root, demo_server) as client:
        result = await client.call_tool("describe_folder", arguments, progress_callback=progress)
    assert not result.is_error
    told = result.structured_content
    one, scene = told["lines"]
    assert [one["path"], scene["path"]] == [str(root / "in" / "one.png"), str(root / "scene.png")]
    assert "red circle" in one["text"]
    assert {"page", "sha256", "usage", "request", "host", "seconds"} <= set(one)
    assert (told["found"], told["left"]) == (2, 0)
    assert texts(result)[:2] == [f"{line['path']}: {line['text']}" for line in told["lines"]]
    assert [(each[0], each[1]) for each in progress] == [(0, 2), (1, 2), (2, 2)]


async def test_it_describes_so_many_with_fields_and_says_what_is_left(root: Path, demo_server: EmbeddedOllama) -> None:
    schema = {"type": "object", "properties": {"count": {"type": "integer"}}, "required": ["count"]}
    asked = {"folder": "in", "prompt": "How many shapes are there?", "schema": json.dumps(schema), "limit": 1}
    draw_scene(Shape("red", "circle", "middle center")).save(root / "in" / "two.png")
    async with in_process(root, demo_server) as client:
        result = await client.call_tool("describe_folder", asked)
    told = result.structured_content
    assert [line["fields"] for line in told["lines"]] == [{"count": 1}]
    assert (told["found"], told["left"]) == (2, 1)
    assert texts(result)[1] == "Not asked about, for limit is 1: 1 of 2 files."


@pytest.mark.proves_sight
async def test_it_proves_that_the_model_sees(root: Path, demo_server: EmbeddedOllama) -> None:
    async with in_process(root, demo_server) as client:
        result = await client.call_tool("prove_sight")
        named = await client.call_tool("prove_sight", {"model": "no-such-model"})
    assert "sees" in said(result)
    assert result.structured_content["verdict"] in ("sees", "sees badly")
    assert "no-such-model" in refusal(named)


async def test_pictures_are_resources(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(resources_module, "PER_PAGE", 1)
    async with in_process(root, "http://127.0.0.1:1") as client:
        first = await client.list_resources()
        second = await client.list_resources(cursor=first.next_cursor)
        (contents,) = (await client.read_resource(second.resources[0].uri)).contents
        with pytest.raises(MCPError, match="begin without a cursor"):
            await client.list_resources(cursor="x")
    listed = [*first.resources, *second.resources]
    assert [(each.name, each.mime_type) for each in listed] == [("in/one.png", "image/png"), ("scene.png", "image/png")]
    assert second.next_cursor is None
    assert base64.b64decode(contents.blob) == (root / "scene.png").read_bytes()  # type: ignore[union-attr]


async def test_what_is_no_picture_below_a_root_is_no_resource(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (root / "away.png").symlink_to(tmp_path / "outside.png")
    wrong = {
        (tmp_path / "outside.png").as_uri(): "is not below the folders",
        (root / "away.png").as_uri(): "is not below the folders",
        (root / "notes.txt").as_uri(): "is no picture, document or video",
        (root / "none.png").as_uri(): "does not exist",
        "https://example.com/a.png": "is no resource here",
    }
    async with in_process(root, "http://127.0.0.1:1") as client:
        for uri, words in wrong.items():
            with pytest.raises(MCPError, match=words):
                await client.read_resource(uri)
        monkeypatch.setattr(resources_module, "MOST_BYTES", 10)
        with pytest.raises(MCPError, match="no more than 10 are sent"):
            await client.read_resource((root / "scene.png").as_uri())


async def test_files_are_found_and_opened_off_the_event_loop(
    root: Path, demo_server: EmbeddedOllama, monkeypatch: pytest.MonkeyPatch
) -> None:
    where = list[tuple[str, int]]()
    find, opened = Roots.find, Roots.open

    def noting_find(self: Roots, named: str) -> Path:
        where.append(("find", threading.get_ident()))
        return find(self, named)

    def noting_open(self: Roots, path: str, *, folder: bool = False) -> int:
        where.append(("open", threading.get_ident()))
        return opened(self, path, folder=folder)

    monkeypatch.setattr(Roots, "find", noting_find)
    monkeypatch.setattr(Roots, "open", noting_open)
    async with in_process(root, demo_server) as client:
        await client.call_tool("look", {"picture": "scene.png", "question": "What is this?"})
        await client.call_tool("describe_folder", {"folder": ".", "prompt": "What is this?"})
        await client.call_tool("find_pictures", {"folder": "."})
        await client.read_resource((await client.list_resources()).resources[0].uri)
    assert {name for name, _ in where} == {"find", "open"}
    assert threading.get_ident() not in {thread for _, thread in where}


@pytest.mark.skipif(os.name == "nt", reason="links of POSIX")
async def test_a_file_that_is_exchanged_after_its_place_was_found_is_refused(
    root: Path, tmp_path: Path, demo_server: EmbeddedOllama, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The link stands there when the picture is opened, and is not followed."""
    find, before = Roots.find, list(demo_server.asked)

    def exchanging(self: Roots, named: str) -> Path:
        found = find(self, named)
        found.unlink()
        found.symlink_to(tmp_path / "outside.png")
        return found

    monkeypatch.setattr(Roots, "find", exchanging)
    async with in_process(root, demo_server) as client:
        result = await client.call_tool("look", {"picture": "scene.png", "question": "What is this?"})
    assert "not below the folders" in refusal(result)
    assert not [asked for asked in asked_since(demo_server, before) if asked.pictures]
