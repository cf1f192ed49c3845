"""LlamaIndex's messages -> Ollama's, read where they arrive: at the server."""

from __future__ import annotations

import asyncio
import base64
import copy
from pathlib import Path
from typing import Any

import pytest
from llama_index.core.base.llms.types import (
    AudioBlock,
    CacheControl,
    CachePoint,
    ChatMessage,
    CitableBlock,
    CitationBlock,
    ImageBlock,
    TextBlock,
    ThinkingBlock,
    ToolCallBlock,
)
from llama_index.core.schema import ImageDocument, ImageNode, NodeWithScore
from PIL import Image

from llama_index.multi_modal_llms.ollama import OllamaMultiModal
from ollama_embedded import EmbeddedOllama, ScriptedEngine
from ollama_embedded.scenes import draw_scene
from ollama_vision.errors import ImageError
from tests.support.recorded import FOLDER


@pytest.fixture
def server() -> Any:
    with EmbeddedOllama(engine=ScriptedEngine(model="m")) as server:
        yield server


@pytest.fixture
def llm(server: EmbeddedOllama) -> OllamaMultiModal:
    return OllamaMultiModal(model="m", base_url=server.url)


@pytest.fixture
def pictures(tmp_path: Path) -> list[Path]:
    paths = [tmp_path / f"{name}.png" for name in ("one", "two", "three")]
    for path, shape in zip(paths, ("red circle", "blue star", "green cross"), strict=True):
        draw_scene(shape).save(path)
    return paths


def sent(server: EmbeddedOllama) -> list[dict[str, Any]]:
    """The messages of the last request."""
    return list(server.asked[-1].body["messages"])


def arrived(server: EmbeddedOllama) -> list[bytes]:
    return list(server.asked[-1].pictures)


def as_data_url(path: Path) -> str:
    return "data:image/png;base64," + base64.b64encode(path.read_bytes()).decode()


def forms(path: Path) -> dict[str, Any]:
    """One picture in the forms that LlamaIndex has for it."""
    data = path.read_bytes()
    text = base64.b64encode(data).decode()
    return {
        "ImageDocument(image_path)": ImageDocument(image_path=str(path)),
        "ImageDocument(image)": ImageDocument(image=text),
        "ImageDocument(metadata)": ImageDocument(metadata={"file_path": str(path)}),
        "ImageNode(image_path)": ImageNode(image_path=str(path)),
        "ImageNode(image)": ImageNode(image=text),
        "NodeWithScore": NodeWithScore(node=ImageNode(image=text), score=1.0),
        "ImageBlock(path)": ImageBlock(path=path),
        "ImageBlock(image=bytes)": ImageBlock(image=data),
        "ImageBlock(image=base64)": ImageBlock(image=text.encode()),
        "ImageBlock(url=data)": ImageBlock(url=as_data_url(path)),
        "path": path,
        "str": str(path),
        "bytes": data,
        "PIL": Image.open(path),
    }


@pytest.mark.parametrize("form", list(forms(FOLDER / "pictures/red-circle.png")))
def test_a_picture_arrives_in_every_form(
    llm: OllamaMultiModal, server: EmbeddedOllama, pictures: list[Path], form: str
) -> None:
    llm.complete("what is it?", image_documents=[forms(pictures[0])[form]])
    (image,) = server.asked[-1].images
    assert image.convert("RGB").tobytes() == Image.open(pictures[0]).tobytes()
    if form not in ("PIL", "ImageNode(image)"):
        assert arrived(server) == [pictures[0].read_bytes()]


def test_forms_mix_and_keep_their_order(llm: OllamaMultiModal, server: EmbeddedOllama, pictures: list[Path]) -> None:
    one, two, three = pictures
    llm.complete(
        "which?", image_documents=[ImageDocument(image_path=str(one)), ImageBlock(path=two), three.read_bytes()]
    )
    assert arrived(server) == [path.read_bytes() for path in pictures]
    assert server.asked[-1].body["images"] == [base64.b64encode(path.read_bytes()).decode() for path in pictures]


def test_blocks_keep_the_message_that_they_are_in(
    llm: OllamaMultiModal, server: EmbeddedOllama, pictures: list[Path]
) -> None:
    llm.chat(
        [
            ChatMessage(role="system", content="be brief"),
            ChatMessage(role="user", blocks=[ImageBlock(path=pictures[0]), TextBlock(text="a"), TextBlock(text="b")]),
            ChatMessage(role="assistant", content="a red circle"),
            ChatMessage(
                role="user", blocks=[TextBlock(text="c"), ImageBlock(path=pictures[1]), ImageBlock(path=pictures[2])]
            ),
        ]
    )
    first, *rest = sent(server)
    assert first == {"role": "system", "content": "be brief"}
    assert [(message["role"], message["content"], len(message.get("images", ()))) for message in rest] == [
        ("user", "a\nb", 1),
        ("assistant", "a red circle", 0),
        ("user", "c", 2),
    ]
    assert arrived(server) == [path.read_bytes() for path in pictures]


def test_empty_system_messages_are_left_out(llm: OllamaMultiModal, server: EmbeddedOllama) -> None:
    """On the server even an empty one displaces the model's own."""
    llm.chat([ChatMessage(role="system", content=""), ChatMessage(role="user", content="hello")])
    assert sent(server) == [{"role": "user", "content": "hello"}]


@pytest.mark.parametrize(
    ("role", "wire"),
    [("developer", "system"), ("chatbot", "assistant"), ("model", "assistant"), ("function", "tool")],
)
def test_other_vendors_roles(llm: OllamaMultiModal, server: EmbeddedOllama, role: str, wire: str) -> None:
    llm.chat([ChatMessage(role=role, content="x"), ChatMessage(role="user", content="hello")])
    assert sent(server)[0]["role"] == wire


def test_what_holds_other_blocks_is_unpacked(
    llm: OllamaMultiModal, server: EmbeddedOllama, pictures: list[Path]
) -> None:
    citable = CitableBlock(title="t", source="s", content=[TextBlock(text="cited"), ImageBlock(path=pictures[0])])
    citation = CitationBlock(cited_content=TextBlock(text="quoted"), source="s", title="t", additional_location_info={})
    point = CachePoint(cache_control=CacheControl(type="ephemeral", ttl="5m"))
    llm.chat([ChatMessage(role="user", blocks=[citable, point, citation, TextBlock(text="and?")])])
    assert sent(server)[0]["content"] == "cited\nquoted\nand?"
    assert arrived(server) == [pictures[0].read_bytes()]


def test_thinking_and_tool_calls_go_back_once(llm: OllamaMultiModal, server: EmbeddedOllama) -> None:
    call = ToolCallBlock(tool_call_id="call_1", tool_name="weather", tool_kwargs={"city": "Rome"})
    llm.chat(
        [
            ChatMessage(role="user", content="hello"),
            ChatMessage(
                role="assistant",
                blocks=[ThinkingBlock(content="hm"), TextBlock(text=""), call],
                additional_kwargs={
                    "tool_calls": [{"id": "call_1", "function": {"name": "weather", "arguments": "{}"}}]
                },
            ),
            ChatMessage(role="tool", content="sunny", additional_kwargs={"tool_call_id": "call_1"}),
        ]
    )
    _, assistant, tool = sent(server)
    assert assistant == {
        "role": "assistant",
        "content": "",
        "thinking": "hm",
        "tool_calls": [{"id": "call_1", "function": {"index": 0, "name": "weather", "arguments": {"city": "Rome"}}}],
    }
    assert tool == {"role": "tool", "content": "sunny", "tool_name": "weather", "tool_call_id": "call_1"}


def test_what_is_no_message(llm: OllamaMultiModal) -> None:
    with pytest.raises(ValueError, match="ChatMessage"):  # by core, which puts it into an event
        llm.chat(["hello"])  # type: ignore[list-item]
    with pytest.raises(TypeError, match=r"messages\[0\] is a dict; chat takes ChatMessage"):
        llm.chat([{"role": "user", "content": "x"}])  # type: ignore[list-item]


def test_sound_for_a_model_that_is_deaf(llm: OllamaMultiModal) -> None:
    from ollama_vision.errors import CapabilityError

    block = AudioBlock(audio=b"RIFF\x24\x00\x00\x00WAVEfmt ", format="wav")
    with pytest.raises(CapabilityError, match="cannot hear"):
        llm.chat([ChatMessage(role="user", blocks=[block])])


# Pictures in additional_kwargs["images"], the first class's way


def legacy(path: Path, after: bool) -> ChatMessage:
    """A message with a picture in its additional_kwargs: given to the constructor, or set afterwards as base64."""
    if not after:
        return ChatMessage(
            role="user", content="what?", additional_kwargs={"images": [ImageDocument(image_path=str(path))]}
        )
    message = ChatMessage(role="user", content="what?")
    message.additional_kwargs["images"] = [base64.b64encode(path.read_bytes()).decode()]
    return message


@pytest.mark.parametrize("after", [False, True], ids=["in the constructor", "set afterwards"])
def test_a_legacy_picture_is_sent_once_however_often_the_message_is_used(
    llm: OllamaMultiModal, server: EmbeddedOllama, pictures: list[Path], after: bool
) -> None:
    message = legacy(pictures[0], after)
    before = copy.deepcopy(message)

    async def later() -> None:
        await llm.achat([message])
        async for _ in await llm.astream_chat([message]):
            pass

    llm.chat([message])
    for _ in llm.stream_chat(messages=[message]):
        pass
    asyncio.run(later())
    llm.chat([message])
    assert len(server.asked) == 5
    for request in server.asked:
        assert request.pictures == (pictures[0].read_bytes(),)
    assert message.blocks == before.blocks
    assert message.additional_kwargs.keys() == before.additional_kwargs.keys()


def wrapped(path: Path) -> dict[str, Any]:
    """Entries that core itself gets wrong, or does not take."""
    text = base64.encodebytes(path.read_bytes()).decode()
    return {
        "bytes": path.read_bytes(),
        "base64 with newlines": text,
        "data URL": as_data_url(path),
        "ImageNode(image_path)": ImageNode(image_path=str(path)),
        "ImageDocument(metadata)": ImageDocument(metadata={"file_path": str(path)}),
        "ImageBlock(path)": ImageBlock(path=path),
    }


@pytest.mark.parametrize("entry", list(wrapped(FOLDER / "pictures/red-circle.png")))
def test_legacy_entries_in_every_wrapping(
    llm: OllamaMultiModal, server: EmbeddedOllama, pictures: list[Path], entry: str
) -> None:
    message = ChatMessage(role="user", content="what?")
    message.additional_kwargs["images"] = [wrapped(pictures[0])[entry]]
    llm.chat([message])
    llm.chat([message])
    for request in server.asked:
        assert request.pictures == (pictures[0].read_bytes(),)


def test_what_core_made_of_a_legacy_picture_is_not_sent_beside_it(
    llm: OllamaMultiModal, server: EmbeddedOllama, pictures: list[Path]
) -> None:
    """Base64 with newlines is taken for raw bytes by core's constructor, and coded once more."""
    document = ImageDocument(image=base64.encodebytes(pictures[0].read_bytes()).decode())
    message = ChatMessage(role="user", content="what?", additional_kwargs={"images": [document]})
    llm.chat([message])
    assert arrived(server) == [pictures[0].read_bytes()]


def test_legacy_pictures_stand_beside_blocks(
    llm: OllamaMultiModal, server: EmbeddedOllama, pictures: list[Path]
) -> None:
    message = ChatMessage(role="user", blocks=[TextBlock(text="x"), ImageBlock(path=pictures[0])])
    message.additional_kwargs["images"] = [base64.b64encode(pictures[1].read_bytes()).decode()]
    llm.chat([message])
    assert arrived(server) == [pictures[0].read_bytes(), pictures[1].read_bytes()]


def test_a_legacy_string_is_never_a_path(llm: OllamaMultiModal, pictures: list[Path]) -> None:
    message = ChatMessage(role="user", content="what?")
    message.additional_kwargs["images"] = [str(pictures[0])]
    with pytest.raises(
        ImageError, match=r'messages\[0\].additional_kwargs\["images"\]\[0\] \(bytes of base64\) is no base64'
    ):
        llm.chat([message])


def test_a_legacy_thing_that_is_no_picture(llm: OllamaMultiModal) -> None:
    message = ChatMessage(role="user", content="what?")
    message.additional_kwargs["images"] = [42]
    with pytest.raises(ImageError, match=r"\(int\) is no picture"):
        llm.chat([message])
