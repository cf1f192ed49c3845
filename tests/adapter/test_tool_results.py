"""What LlamaIndex makes of a tool's picture: sent where a picture is left, refused or said where only text is."""

from __future__ import annotations

import base64
import io
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy
import pytest
from llama_index.core.agent.workflow import FunctionAgent, ReActAgent
from llama_index.core.base.llms.types import ChatMessage, ImageBlock, TextBlock
from llama_index.core.schema import ImageDocument, ImageNode
from llama_index.core.tools import FunctionTool
from PIL import Image

from llama_index.multi_modal_llms.ollama import prepare_image
from ollama_embedded import Reply, ToolCall, draw_scene
from ollama_vision.errors import ImageError
from tests.support.serving import Serve, Serving

USES_A_TOOL = "Thought: I look.\nAction: look\nAction Input: {}"


@pytest.fixture
def frame(tmp_path: Path) -> Path:
    draw_scene("blue square").save(tmp_path / "frame.png")
    return tmp_path / "frame.png"


def calls_look(request: Any) -> Reply:
    """A model that looks once."""
    if any(message.role == "tool" for message in request.messages):
        return Reply("A blue square.")
    return Reply(tool_calls=[ToolCall("look", {})])


def look_tool(look: Callable[[], Any]) -> FunctionTool:
    return FunctionTool.from_defaults(look, name="look", description="Look.")


async def ask(serving: Serving, look: Callable[[], Any]) -> str:
    return str(await FunctionAgent(tools=[look_tool(look)], llm=serving.llm).run("What is there?"))


def opened(path: Path) -> Image.Image:
    return Image.open(path)


def as_jpeg(path: Path) -> bytes:
    file = io.BytesIO()
    opened(path).convert("RGB").save(file, "JPEG")
    return file.getvalue()


AS_TEXT: dict[str, Callable[[Path], Any]] = {
    "PIL image": opened,
    "PIL image that was drawn": lambda path: draw_scene("blue square"),
    "list of PIL images": lambda path: [opened(path), opened(path)],
    "words and PIL image": lambda path: ("This is the hall.", opened(path)),
    "dict": lambda path: {"picture": opened(path)},
    "words and block": lambda path: ["This is the hall.", ImageBlock(path=path)],
    "words and document": lambda path: ("This is the hall.", ImageDocument(image_path=str(path))),
    "words and node": lambda path: ("This is the hall.", ImageNode(image_path=str(path))),
    "bytes": lambda path: path.read_bytes(),
    "bytes of a JPEG": as_jpeg,
    "prepared picture": prepare_image,
    "base64": lambda path: base64.b64encode(path.read_bytes()).decode(),
    "data URL": lambda path: f"data:image/png;base64,{base64.b64encode(path.read_bytes()).decode()}",
}


@pytest.mark.parametrize("given", AS_TEXT)
async def test_a_picture_that_became_text_is_refused(serve: Serve, frame: Path, given: str) -> None:
    serving = serve(calls_look)
    with pytest.raises(ImageError, match=r"messages\[\d\] \(what the tool 'look' gave\) .*ImageBlock\(path=\.\.\.\)"):
        await ask(serving, lambda: AS_TEXT[given](frame))
    assert len(serving.asked) == 1  # the text was sent to nobody


@pytest.mark.parametrize("kind", [ImageDocument, ImageNode])
@pytest.mark.parametrize("annotated", ["class", "text", "list", "not"])
async def test_a_document_without_words_is_refused_or_said(
    serve: Serve, frame: Path, kind: Any, annotated: str
) -> None:
    serving = serve(calls_look)

    def look() -> Any:
        return [kind(image_path=str(frame))] if annotated == "list" else kind(image_path=str(frame))

    if annotated != "not":
        look.__annotations__["return"] = {"class": kind, "text": kind.__name__, "list": list[kind]}[annotated]
        with pytest.raises(ImageError, match=rf"is empty, and the tool says that it returns .*{kind.__name__}"):
            await ask(serving, look)
        assert len(serving.asked) == 1
    else:
        with pytest.warns(UserWarning, match="'look' gave.* is empty. If it was an ImageDocument"):
            assert await ask(serving, look) == "A blue square."


async def test_a_documents_caption_in_place_of_its_picture_is_said(serve: Serve, frame: Path) -> None:
    def look() -> ImageDocument:
        return ImageDocument(text="The hall.", image_path=str(frame))

    with pytest.warns(UserWarning, match="is text alone, though the tool says that it returns ImageDocument"):
        assert await ask(serve(calls_look), look) == "A blue square."


FINE: dict[str, Callable[[Path], Any]] = {
    "block": lambda path: ImageBlock(path=path),
    "blocks": lambda path: [TextBlock(text=""), ImageBlock(path=path)],
    "what the message advises": lambda path: ImageBlock(image=prepare_image(opened(path)).read()),
    "words": lambda path: "<b>This</b> [is] the hall.",
    "words about Pillow": lambda path: "It printed <PIL.Image.Image image mode=RGB size=8x8 at 0x7F> and stopped.",
    "words of a block": lambda path: "Write ImageBlock(block_type='image') there.",
    "numbers": lambda path: [[[1, 2, 3]]],
    "array": lambda path: numpy.zeros((2, 2, 3)),
    "base64 of text": lambda path: base64.b64encode(b"Text, and no picture at all. " * 9).decode(),
    "none": lambda path: None,
}


@pytest.mark.parametrize("given", FINE)
async def test_other_results_pass_in_silence(serve: Serve, frame: Path, given: str) -> None:
    serving = serve(calls_look)
    with warnings.catch_warnings():
        warnings.simplefilter("error", UserWarning)
        assert await ask(serving, lambda: FINE[given](frame)) == "A blue square."
    pictures = 1 if given in ("block", "blocks", "what the message advises") else 0
    assert [len(arrived.pictures) for arrived in serving.asked] == [0, pictures]


async def test_a_tool_annotated_with_blocks_may_give_words(serve: Serve) -> None:
    def look() -> ImageBlock | str:
        return "Nothing is there."

    with warnings.catch_warnings():
        warnings.simplefilter("error", UserWarning)
        assert await ask(serve(calls_look), look) == "A blue square."


async def test_a_react_agents_observation_is_looked_at(serve: Serve, frame: Path) -> None:
    serving = serve(USES_A_TOOL, "Thought: I can answer.\nAnswer: A blue square.")
    with pytest.raises(ImageError, match=r"messages\[\d\] \(what a tool gave\) is a picture"):
        await ReActAgent(tools=[look_tool(lambda: opened(frame))], llm=serving.llm).run("What is there?")


def test_what_a_user_writes_is_not_looked_at(serve: Serve) -> None:
    said = "<PIL.Image.Image image mode=RGB size=8x8 at 0x7F0A84846CD0>"
    serving = serve("Hm.")
    serving.llm.chat([ChatMessage(role="user", content=said)])
    assert serving.bodies[-1]["messages"][-1]["content"] == said
