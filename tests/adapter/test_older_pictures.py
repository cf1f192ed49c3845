"""`keep_pictures`: the pictures of older turns may leave a long history, and are not read."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from llama_index.core.base.llms.types import ChatMessage, ImageBlock, ToolCallBlock
from PIL import Image

from tests.support.serving import Serve, Serving


def album(folder: Path, *turns: int) -> list[ChatMessage]:
    """A conversation with so many pictures in each of the user's turns; files that do not exist yet."""
    messages = []
    for turn, count in enumerate(turns):
        pictures = [
            ImageBlock.model_construct(path=folder / f"{turn}-{number}.png", image=None, url=None, detail=None)
            for number in range(count)
        ]
        messages.append(ChatMessage(role="user", content=f"Question {turn}"))
        messages[-1].blocks.extend(pictures)
        messages.append(ChatMessage(role="assistant", content=f"Answer {turn}"))
    return messages[:-1]


def draw(folder: Path, scene: Image.Image, *names: str) -> None:
    for name in names:
        scene.save(folder / f"{name}.png")


def shape_of(serving: Serving) -> list[tuple[str, int]]:
    """The user's messages that were sent: text, and number of pictures."""
    sent = [each for each in serving.bodies[-1]["messages"] if each["role"] == "user"]
    return [(each["content"], len(each.get("images", ()))) for each in sent]


@pytest.mark.parametrize("where", ["field", "call"])
def test_older_pictures_may_leave(serve: Serve, scene: Image.Image, tmp_path: Path, where: str) -> None:
    fewer: dict[str, Any] = {"keep_pictures": 2}
    serving = serve("Fine.", **(fewer if where == "field" else {}))
    messages = album(tmp_path, 2, 1, 1)
    before = [each.model_copy(deep=True) for each in messages]
    draw(tmp_path, scene, "1-0", "2-0")  # those of the first turn are not even read
    serving.llm.chat(messages, **(fewer if where == "call" else {}))
    assert shape_of(serving) == [
        ("Question 0\n[picture omitted]\n[picture omitted]", 0),
        ("Question 1", 1),
        ("Question 2", 1),
    ]
    assert messages == before


def test_pictures_of_the_latest_turn_stay(serve: Serve, scene: Image.Image, tmp_path: Path) -> None:
    serving = serve("Fine.")
    draw(tmp_path, scene, "1-0", "1-1", "1-2", "result")
    messages = album(tmp_path, 1, 3)
    call = ToolCallBlock(tool_call_id="c1", tool_name="camera", tool_kwargs={})
    messages += [
        ChatMessage(role="assistant", blocks=[call]),
        ChatMessage(role="tool", blocks=[ImageBlock(path=tmp_path / "result.png")]),
    ]
    serving.llm.chat(messages, keep_pictures=0)
    assert shape_of(serving) == [("Question 0\n[picture omitted]", 0), ("Question 1", 3)]
    assert len(serving.bodies[-1]["messages"][-1]["images"]) == 1


def test_all_pictures_stay_unless_told(serve: Serve, scene: Image.Image, tmp_path: Path) -> None:
    draw(tmp_path, scene, "0-0", "0-1", "1-0")
    serving = serve("Fine.", keep_pictures=1)
    serving.llm.chat(album(tmp_path, 2, 1), keep_pictures=None)
    assert shape_of(serving) == [("Question 0", 2), ("Question 1", 1)]


@pytest.mark.parametrize("count", [-1, "two", True, 1.5])
def test_a_number_of_pictures_that_is_none(serve: Serve, count: Any) -> None:
    with pytest.raises(ValueError, match="keep_pictures"):
        serve("Fine.").llm.chat([ChatMessage(content="Hello")], keep_pictures=count)


def test_complete_has_no_history(serve: Serve) -> None:
    with pytest.raises(TypeError, match="complete\\(\\) has no history"):
        serve("Fine.").llm.complete("Hello", keep_pictures=1)  # type: ignore[call-arg]
