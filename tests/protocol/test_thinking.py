"""Thinking: asked for by field or call, kept apart from the answer, told piece by piece, and sent back."""

from __future__ import annotations

import json
from typing import Any

import pytest
from llama_index.core.base.llms.types import ChatMessage, TextBlock, ThinkingBlock

from ollama_embedded import Reply
from ollama_embedded.faults import RawReply
from ollama_vision.errors import CapabilityError, EmptyResponseError
from tests.support.endpoints import NAMES, ask, eight
from tests.support.recorded import FOLDER
from tests.support.serving import Serve

THOUGHT = Reply("Blue.", thinking=["Hm, ", "the sky."])


@eight
@pytest.mark.parametrize(
    ("field", "call", "sent"),
    [
        (None, None, None),
        (True, None, True),
        (False, None, False),
        ("high", None, "high"),
        (None, True, True),
        (None, "low", "low"),
        (True, False, False),
        (False, "medium", "medium"),
        ("low", True, True),
    ],
)
def test_field_and_call(serve: Serve, endpoint: str, field: Any, call: Any, sent: Any) -> None:
    serving = serve(THOUGHT, thinking=field)
    ask(serving.llm, endpoint, "Which colour?", **({} if call is None else {"think": call}))
    assert serving.bodies[0].get("think") == sent
    assert ("think" in serving.bodies[0]) == (sent is not None)
    assert serving.llm.thinking == field


@eight
def test_thoughts_stand_apart_from_the_answer(serve: Serve, endpoint: str) -> None:
    answer = ask(serve(THOUGHT, thinking=True).llm, endpoint, "Which colour?")
    assert answer.text == "Blue."
    assert answer.last.additional_kwargs["thinking"] == "Hm, the sky."
    if "stream" in endpoint:
        deltas = [item.additional_kwargs.get("thinking_delta") for item in answer.items]
        assert deltas == ["Hm, ", "the sky.", None, None]
        assert [item.delta for item in answer.items] == ["", "", "Blue.", ""]
    if endpoint.endswith("chat"):
        for item in answer.items:
            assert [type(block) for block in item.message.blocks] == [ThinkingBlock, TextBlock]
        assert answer.last.message.blocks[0].content == "Hm, the sky."
        assert answer.last.raw["message"]["thinking"] == "Hm, the sky."
    else:
        assert answer.last.raw["thinking"] == "Hm, the sky."


@pytest.mark.parametrize("endpoint", [name for name in NAMES if name.endswith("chat")])
def test_thoughts_go_back(serve: Serve, endpoint: str) -> None:
    serving = serve(THOUGHT, "Grey.", thinking=True)
    question = ChatMessage(role="user", content="Which colour?")
    message = ask(serving.llm, endpoint, "Which colour?").last.message
    serving.llm.chat([question, message, ChatMessage(role="user", content="And in winter?")])
    assert serving.bodies[1]["messages"][1] == {"role": "assistant", "content": "Blue.", "thinking": "Hm, the sky."}


def recorded(name: str) -> tuple[Reply, str, str]:
    """A recorded reply, with its thoughts and its text."""
    found = json.loads((FOLDER / f"{name}.json").read_text(encoding="utf-8"))["response"]
    pieces = [text.encode() for _, text in found["chunks"]]
    lines = [json.loads(line) for line in b"".join(pieces).splitlines()]
    parts = [line.get("message", line) for line in lines]
    thoughts = "".join(part.get("thinking", "") for part in parts)
    text = "".join(part.get("content", part.get("response", "")) for part in parts)
    return Reply(fault=RawReply(pieces, found["status"], found["headers"])), thoughts, text


@eight
@pytest.mark.parametrize("asked", ["unset", "true", "false", "level"])
@pytest.mark.parametrize("stream", ["", "-stream"])
def test_recorded_thoughts(serve: Serve, endpoint: str, asked: str, stream: str) -> None:
    path = "chat" if endpoint.endswith("chat") else "generate"
    reply, thoughts, text = recorded(f"think-{path}-{asked}{stream}")
    assert bool(thoughts) == (asked != "false")
    answer = ask(serve(reply).llm, endpoint, "Which colour?")
    assert answer.last.additional_kwargs.get("thinking", "") == thoughts
    assert answer.text == text


@eight
@pytest.mark.parametrize("stream", ["", "-stream"])
def test_recorded_thoughts_that_used_up_the_budget(serve: Serve, endpoint: str, stream: str) -> None:
    path = "chat" if endpoint.endswith("chat") else "generate"
    reply, thoughts, text = recorded(f"think-{path}-cut-short{stream}")
    assert not text.strip()
    with pytest.raises(EmptyResponseError, match="think=False") as caught:
        ask(serve(reply).llm, endpoint, "Which colour?")
    assert caught.value.thinking == thoughts
    assert caught.value.finish_reason == "length"


@eight
@pytest.mark.parametrize("check", [True, False])
def test_a_model_that_does_not_think(serve: Serve, endpoint: str, check: bool) -> None:
    serving = serve("Blue.", capabilities=("completion", "vision"), check_capabilities=check)
    with pytest.raises(CapabilityError, match="leave think unset") as caught:
        ask(serving.llm, endpoint, "Which colour?", think=True)
    assert caught.value.missing == ("thinking",)
    assert ask(serving.llm, endpoint, "Which colour?", think=False).text == "Blue."
