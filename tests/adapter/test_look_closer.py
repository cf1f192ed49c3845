"""look_closer: agents that zoom, from end to end with the demo model's eyes, and what they may not name."""

from __future__ import annotations

import asyncio
from pathlib import Path
from random import Random
from typing import Any

import pytest
from llama_index.core.agent.workflow import FunctionAgent
from llama_index.core.schema import ImageDocument
from PIL import Image

from llama_index.multi_modal_llms.ollama import ImageOptions, OllamaMultiModal, look_closer_tool
from ollama_embedded import EmbeddedOllama, Reply, ScriptedEngine, ToolCall, draw_scene
from ollama_embedded.scenes import COLOURS, GROUND, KINDS, Shape
from tests.support.serving import Serve

SIDE = 3400
QUESTION = "Describe the image."


def hidden(shape: Shape, at: tuple[int, int]) -> Image.Image:
    """One thing of 60 pixels in a picture of 3400: its scene of 224 pixels stands at that place."""
    picture = Image.new("RGB", (SIDE, SIDE), GROUND)
    picture.paste(draw_scene(shape), at)
    return picture


def scenes(count: int) -> list[tuple[Shape, tuple[int, int]]]:
    """Drawn by lot, the same in every run."""
    random = Random(7)
    return [
        (
            Shape(random.choice([*COLOURS]), random.choice(KINDS), "middle center", "medium"),
            (random.randrange(SIDE - 224), random.randrange(SIDE - 224)),
        )
        for _ in range(count)
    ]


def is_told(shape: Shape, answer: str) -> bool:
    return f"{shape.colour} {shape.kind}" in answer


def test_what_is_too_small_in_the_whole_is_seen_in_a_region(demo: OllamaMultiModal) -> None:
    """48 pairs of colour and shape: of 24 scenes, guessing tells one in two runs, and the region all of them."""
    whole = closer = 0
    for shape, (left, top) in scenes(24):
        picture = hidden(shape, (left, top))
        tool: Any = look_closer_tool(demo, [picture])
        whole += is_told(shape, demo.complete(QUESTION, image_documents=[picture]).text)
        closer += is_told(shape, tool(1, [left, top, left + 224, top + 224], QUESTION).content)
    assert (whole <= 2, closer) == (True, 24), (whole, closer)


@pytest.mark.parametrize("streaming", [True, False])
def test_an_agent_zooms_until_it_sees(streaming: bool, demo: OllamaMultiModal, serve: Serve, tmp_path: Path) -> None:
    """The agent's own model is scripted, as the demo model knows no such tool; what it is told, real eyes saw."""
    hidden(Shape("red", "star", "middle center"), (1900, 300)).save(tmp_path / "plan.png")
    regions = [[0, 0, 0.5, 1], [1900 / SIDE, 300 / SIDE, 2124 / SIDE, 524 / SIDE]]

    def agent(request: Any) -> Reply:
        told = [message.content for message in request.messages if message.role == "tool"]
        if told and "star" in told[-1]:
            return Reply(f"Found after {len(told)} looks: {told[-1]}")
        arguments = {"picture": "plan.png", "region": regions[len(told)], "question": QUESTION}
        return Reply(tool_calls=[ToolCall("look_closer", arguments)])

    serving = serve(agent)
    tool = look_closer_tool(demo, [tmp_path / "plan.png"])
    answer = asyncio.run(_run(FunctionAgent(tools=[tool], llm=serving.llm, streaming=streaming)))
    assert answer == "Found after 2 looks: A medium red star in the center."
    offered = serving.bodies[0]["tools"][0]["function"]
    assert offered["name"] == "look_closer"
    assert [*offered["parameters"]["properties"]] == ["picture", "region", "question"]
    assert "there is 1 (plan.png)" in offered["description"]


async def _run(agent: FunctionAgent) -> str:
    return str(await agent.run("What is hidden in the plan?"))


def test_an_agent_reads_what_was_wrong_and_mends_it(serve: Serve, tmp_path: Path) -> None:
    Image.new("RGB", (400, 300), "red").save(tmp_path / "plan.png")
    calls = [
        {"picture": "/etc/passwd", "region": [0, 0, 1, 1], "question": "What?"},
        {"picture": "1", "region": [0.5, 0.5, 0.2, 0.9], "question": "What?"},
        {"picture": "1", "region": [300, 0, 500, 300], "question": "What?"},
        {"picture": "1", "region": [300, 0, 400, 300], "question": "What?"},
    ]

    def agent(request: Any) -> Reply:
        told = [message.content for message in request.messages if message.role == "tool"]
        if len(told) == len(calls):
            return Reply(" / ".join(told))
        return Reply(tool_calls=[ToolCall("look_closer", calls[len(told)])])

    with EmbeddedOllama(engine=ScriptedEngine("Red.")) as eyes:
        tool = look_closer_tool(OllamaMultiModal(model="scripted", base_url=eyes.url), [tmp_path / "plan.png"])
        answer = asyncio.run(_run(FunctionAgent(tools=[tool], llm=serve(agent).llm)))
        assert [asked.images[0].size for asked in eyes.asked] == [(100, 300)]
    wrong_name, inverted, outside, right = answer.split(" / ")
    assert "There is no picture '/etc/passwd'; there is 1 (plan.png)." in wrong_name + " / " + inverted + outside
    assert "is inverted" in answer
    assert "is 400x300 when upright, and the region (300, 0, 500, 300) reaches outside" in answer
    assert right == "Red."
    assert outside


@pytest.mark.parametrize(
    ("region", "sent"),
    [
        ([0.5, 0, 1, 0.5], (200, 150)),
        ([0, 0, 1, 1], (400, 300)),
        ([0.0, 0.0, 0.25, 1.0], (100, 300)),
        ([100.0, 0, 300, 150], (200, 150)),
        ("0.5, 0, 1, 0.5", (200, 150)),
        ("[100, 0, 300, 150]", (200, 150)),
    ],
)
def test_regions_are_understood_as_models_write_them(region: Any, sent: tuple[int, int]) -> None:
    options = ImageOptions(tiles=(2, 2), format="png")
    with EmbeddedOllama(engine=ScriptedEngine("Red.")) as eyes:
        llm = OllamaMultiModal(model="scripted", base_url=eyes.url, image_options=options)
        tool: Any = look_closer_tool(llm, [Image.new("RGB", (400, 300), "red")])
        assert tool("1", region, "Which colour?").content == "Red."
        assert asyncio.run(tool.acall("1", region, "Which colour?")).content == "Red."
        assert [[image.size for image in asked.images] for asked in eyes.asked] == [[sent], [sent]]


@pytest.mark.parametrize("region", [[0.5, 0, 300, 200], [0, 0, 1], [], "left", None, ["a", 0, 1, 1]])
def test_what_is_no_region_is_told(region: Any) -> None:
    tool: Any = look_closer_tool(OllamaMultiModal(model="m"), [Image.new("RGB", (40, 30))])
    with pytest.raises(ValueError, match="region="):
        tool("1", region, "What?")


def test_pictures_are_named_by_their_files_where_these_differ(tmp_path: Path) -> None:
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
        Image.new("RGB", (64, 48), "red").save(tmp_path / folder / "same.png")
    Image.new("RGB", (80, 60), "blue").save(tmp_path / "other.png")
    given: list[Any] = [
        tmp_path / "a" / "same.png",
        str(tmp_path / "b" / "same.png"),
        ImageDocument(image_path=str(tmp_path / "other.png")),
        Image.new("RGB", (32, 32)),
    ]
    with EmbeddedOllama(engine=ScriptedEngine("Yes.")) as eyes:
        tool: Any = look_closer_tool(OllamaMultiModal(model="scripted", base_url=eyes.url), given)
        assert "there are 1, 2, 3 (other.png) and 4" in tool.metadata.description
        tool("other.png", [0, 0, 1, 1], "What?")
        assert eyes.asked[-1].images[0].size == (80, 60)
        for wrong in ("same.png", "5", "0", "", str(tmp_path / "other.png")):
            with pytest.raises(ValueError, match="There is no picture"):
                tool(wrong, [0, 0, 1, 1], "What?")
    nothing: tuple[Any, ...] = ([], str(tmp_path / "other.png"))
    for none in nothing:
        with pytest.raises(TypeError, match="pictures is a list"):
            look_closer_tool(OllamaMultiModal(model="m"), none)
