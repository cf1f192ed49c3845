"""The demo model's chat template: rendered by llama.cpp, and by Jinja itself to the same text."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterator
from typing import Any

import httpx2
import jinja2
import pytest

from ollama_embedded import EmbeddedOllama
from tests.support.recorded import FOLDER
from tests.support.toy_models import serving, talking_model
from training.export import TEMPLATE

Messages = list[dict[str, Any]]
Render = Callable[..., str]

REGISTERS = "<|endoftext|><|endoftext|>"
PICTURE = base64.b64encode((FOLDER / "pictures" / "two-shapes.png").read_bytes()).decode()
MARKERS = ("<__media__>", "<__media_x7Qd2__>", "<__ollama_media_0f3a__>", "[img-0]")
TEXT = {"type": "string"}


def tool(name: str, *parameters: str) -> dict[str, Any]:
    schema = {"type": "object", "properties": dict.fromkeys(parameters, TEXT), "required": list(parameters)}
    return {"type": "function", "function": {"name": name, "description": f"Does {name}.", "parameters": schema}}


TOOLS = [tool("report_shapes", "shapes"), tool("count_shapes", "n"), tool("move", "from_x", "to_y"), tool("ping")]
OFFERED = "Tools: report_shapes(shapes), count_shapes(n), move(from_x, to_y), ping()"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedOllama]:
    with serving(talking_model(tmp_path_factory.mktemp("pair"), "Yes.")) as server:
        yield server


@pytest.fixture(scope="module")
def client(server: EmbeddedOllama) -> Iterator[httpx2.Client]:
    with httpx2.Client(base_url=server.url, trust_env=False, timeout=30.0) as client:
        yield client


@pytest.fixture
def render(client: httpx2.Client, server: EmbeddedOllama) -> Render:
    """The prompt that llama.cpp makes; Jinja has to make the same."""

    def render(messages: Messages, tools: Messages | None = None) -> str:
        body = {"model": server.model, "messages": messages, "tools": tools or [], "stream": False}
        reply = client.post("/api/chat", json=body | {"_debug_render_only": True})
        assert reply.is_success, reply.text
        prompt = str(reply.json()["_debug_info"]["rendered_template"])
        if not any(message.get("images") for message in messages):
            assert prompt == jinja(messages, tools)
        return prompt

    return render


def jinja(messages: Messages, tools: Messages | None = None) -> str:
    environment = jinja2.Environment(autoescape=False)
    # As in Hugging Face's libraries, which Jinja's own filter does not follow.
    environment.filters["tojson"] = lambda value, separators: json.dumps(
        value, separators=separators, ensure_ascii=False
    )
    template = environment.from_string(TEMPLATE.read_text(encoding="utf-8"))
    return template.render(messages=messages, tools=tools, add_generation_prompt=True)


def user(content: str, **more: Any) -> dict[str, Any]:
    return {"role": "user", "content": content, **more}


def turn(text: str) -> str:
    """The whole prompt of one question."""
    return f"<|im_start|>user\n{text}<|im_end|>\n<|im_start|>assistant\n"


def test_text_stays_as_it_is(render: Render) -> None:
    assert render([user("  What is this?\n")]) == turn("  What is this?\n")


@pytest.mark.parametrize("marker", MARKERS)
@pytest.mark.parametrize("layout", ["{}What?", "{} What?", "{}\nWhat?", "What?{}", "What? {}", "What?\n{}\n"])
def test_a_picture_comes_first_wherever_it_stood(render: Render, marker: str, layout: str) -> None:
    assert render([user(layout.format(marker))]) == turn(f"{marker}{REGISTERS}What?")


@pytest.mark.parametrize("marker", MARKERS)
def test_two_pictures_keep_their_order_and_each_has_its_registers(render: Render, marker: str) -> None:
    second = "[img-1]" if marker == "[img-0]" else marker
    both = f"{marker}{REGISTERS}{second}{REGISTERS}"
    assert render([user(f"{marker}{second}Which?")]) == turn(f"{both}Which?")
    assert render([user(f"Is {marker} like {second} or not?")]) == turn(f"{both}Is like or not?")


@pytest.mark.parametrize(
    "text",
    [
        "Write [img-x], [img-], [img-1 or [img- 1].",
        "Write <__social__>, <__media, <__media_ and__> or <__mediator__>.",
        "Write [img-1",
        "Write <__media_1",
        "a <__ b __> c ] d",
    ],
)
def test_what_only_looks_like_a_marker_stays_where_it_is(render: Render, text: str) -> None:
    assert render([user(text)]) == turn(text)
    assert render([user(f"{text}\n[img-0]")]) == turn(f"[img-0]{REGISTERS}{text}")


def test_pictures_of_a_chat_come_first_in_their_own_turn(render: Render) -> None:
    chat = [user("What?", images=[PICTURE, PICTURE]), {"role": "assistant", "content": "A circle."}, user("Why?")]
    prompt = render(chat)
    marker = prompt[prompt.index("<__media_") : prompt.index("__>") + 3]
    seen = f"{marker}{REGISTERS}" * 2
    assert prompt == (
        f"<|im_start|>user\n{seen}What?<|im_end|>\n<|im_start|>assistant\nA circle.<|im_end|>\n"
        "<|im_start|>user\nWhy?<|im_end|>\n<|im_start|>assistant\n"
    )


def test_generate_puts_the_same_prompt_to_the_model_as_chat(client: httpx2.Client, server: EmbeddedOllama) -> None:
    asked = {"model": server.model, "stream": False}
    body = asked | {"prompt": "What?", "system": "Be brief.", "images": [PICTURE]}
    shown = client.post("/api/generate", json=body | {"_debug_render_only": True}).json()
    prompt = "<|im_start|>system\nBe brief.<|im_end|>\n" + turn(f"[img-0]{REGISTERS}What?")
    assert shown["_debug_info"]["rendered_template"] == prompt
    chat = [{"role": "system", "content": "Be brief."}, user("What?", images=[PICTURE])]
    answers = [client.post("/api/generate", json=body), client.post("/api/chat", json=asked | {"messages": chat})]
    assert len({answer.json()["prompt_eval_count"] for answer in answers}) == 1


def test_content_may_come_in_parts() -> None:
    """Not from Ollama, which knows text only, but from what else renders a GGUF model's template."""
    text, picture = {"type": "text", "text": "What?"}, {"type": "image"}
    seen = f"<__media__>{REGISTERS}"
    assert jinja([{"role": "user", "content": [text, picture, picture]}]) == turn(f"{seen}{seen}What?")
    assert jinja([{"role": "user", "content": [picture, text, {"type": "text", "text": "And why?"}]}]) == turn(
        f"{seen}What?\nAnd why?"
    )


def test_the_system_turn_is_there_if_there_is_something_to_say(render: Render) -> None:
    system = {"role": "system", "content": "Be brief."}
    assert render([system, user("Hi")]) == "<|im_start|>system\nBe brief.<|im_end|>\n" + turn("Hi")
    assert render([{"role": "system", "content": ""}, user("Hi")]) == turn("Hi")


def test_tools_are_offered_by_name_and_parameters(render: Render) -> None:
    system = {"role": "system", "content": "Be brief."}
    assert render([user("Hi")], TOOLS) == f"<|im_start|>system\n{OFFERED}<|im_end|>\n" + turn("Hi")
    both = f"<|im_start|>system\nBe brief.\n{OFFERED}<|im_end|>\n"
    assert render([system, user("Hi")], TOOLS) == both + turn("Hi")


def test_a_call_and_its_result_are_turns(render: Render) -> None:
    arguments = {"shapes": [{"color": "red", "shape": "café"}]}
    call = {"function": {"name": "report_shapes", "arguments": arguments}}
    asked = {"role": "assistant", "content": "", "tool_calls": [call, call]}
    result = {"role": "tool", "tool_name": "report_shapes", "content": "Saved."}
    written = '<tool_call>{"name":"report_shapes","arguments":{"shapes":[{"color":"red","shape":"café"}]}}</tool_call>'
    assert render([user("Report it."), asked, result, result], TOOLS[:1]) == (
        "<|im_start|>system\nTools: report_shapes(shapes)<|im_end|>\n"
        f"<|im_start|>user\nReport it.<|im_end|>\n<|im_start|>assistant\n{written}{written}<|im_end|>\n"
        "<|im_start|>tool\nSaved.<|im_end|>\n<|im_start|>tool\nSaved.<|im_end|>\n<|im_start|>assistant\n"
    )


def test_a_tool_may_show_a_picture(render: Render) -> None:
    call = {"function": {"name": "look", "arguments": {}}}
    seen = {"role": "tool", "tool_name": "look", "content": "The hall.", "images": [PICTURE]}
    prompt = render([user("Look."), {"role": "assistant", "content": "", "tool_calls": [call]}, seen])
    assert prompt.endswith(f"__>{REGISTERS}The hall.<|im_end|>\n<|im_start|>assistant\n")


def test_no_other_capability_is_claimed(client: httpx2.Client, server: EmbeddedOllama) -> None:
    shown = client.post("/api/show", json={"model": server.model}).json()
    assert shown["capabilities"] == ["completion", "vision", "tools"]
    assert shown["template"] == TEMPLATE.read_text(encoding="utf-8")
