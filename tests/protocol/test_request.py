"""Settings and arguments -> the request's body; nothing is dropped without a word."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel

from llama_index.multi_modal_llms.ollama import ImageDescriber, ImageOptions, OllamaMultiModal, prepare_image
from ollama_embedded import EmbeddedOllama, ScriptedEngine
from ollama_embedded.protocol import options as server_options
from ollama_embedded.protocol.requests import RequestError
from ollama_embedded.scenes import draw_scene
from ollama_vision.model.arguments import resolve_arguments
from ollama_vision.protocol.options import OPTION_NAMES
from ollama_vision.protocol.request import Request, chat_request, generate_request
from tests.support.endpoints import ask, twelve


class Shape(BaseModel):
    colour: str


class Shapes(BaseModel):
    shapes: list[Shape]


def body_of(llm: OllamaMultiModal, **kwargs: Any) -> dict[str, Any]:
    """What /api/generate would be sent."""
    request = generate_request(llm.model, "hello", (), resolve_arguments(llm, "generate", kwargs))
    return dict(json.loads(b"".join(request.pieces())))


def options_of(llm: OllamaMultiModal, **kwargs: Any) -> dict[str, Any]:
    return dict(body_of(llm, **kwargs)["options"])


def test_the_defaults() -> None:
    assert body_of(OllamaMultiModal(model="m")) == {
        "model": "m",
        "prompt": "hello",
        "truncate": False,
        "stream": True,
        "options": {"temperature": 0.75, "num_ctx": 3900},
    }


def test_precedence() -> None:
    """Keyword of the call, then its options, then additional_kwargs, then the field."""
    llm = OllamaMultiModal(model="m", temperature=0.1)
    assert options_of(llm)["temperature"] == 0.1
    llm = OllamaMultiModal(model="m", temperature=0.1, additional_kwargs={"temperature": 0.2})
    assert options_of(llm)["temperature"] == 0.2
    assert options_of(llm, options={"temperature": 0.3})["temperature"] == 0.3
    assert options_of(llm, options={"temperature": 0.3}, temperature=0.4)["temperature"] == 0.4


def test_options_by_name_in_the_constructor() -> None:
    llm = OllamaMultiModal(model="m", seed=7, max_tokens=50, num_ctx=8192, stop="END")
    assert options_of(llm) == {"temperature": 0.75, "num_ctx": 8192, "seed": 7, "num_predict": 50, "stop": ["END"]}
    assert llm.metadata.context_window == 8192
    assert llm.metadata.num_output == 50


def test_num_ctx_none_sends_none() -> None:
    assert "num_ctx" not in options_of(OllamaMultiModal(model="m", additional_kwargs={"num_ctx": None}))
    assert "num_ctx" not in options_of(OllamaMultiModal(model="m"), num_ctx=None)


def test_zero_and_false_are_values() -> None:
    sent = body_of(OllamaMultiModal(model="m", thinking=True), temperature=0, seed=0, think=False, keep_alive=0)
    assert sent["options"]["temperature"] == 0
    assert sent["options"]["seed"] == 0
    assert sent["think"] is False
    assert sent["keep_alive"] == 0


def test_the_temperature_of_a_call_is_not_held_to_the_range_of_the_field() -> None:
    assert options_of(OllamaMultiModal(model="m"), temperature=1.8)["temperature"] == 1.8


@pytest.mark.parametrize(
    ("kwargs", "field"),
    [
        ({"system": "be brief"}, {"system": "be brief"}),
        ({"template": "{{ .Prompt }}"}, {"template": "{{ .Prompt }}"}),
        ({"raw": True}, {"raw": True}),
        ({"suffix": "end"}, {"suffix": "end"}),
        ({"context": [1, 2]}, {"context": [1, 2]}),
        ({"truncate": True}, {"truncate": True}),
        ({"shift": False}, {"shift": False}),
        ({"keep_alive": "5m"}, {"keep_alive": "5m"}),
        ({"think": "high"}, {"think": "high"}),
        ({"logprobs": True}, {"logprobs": True}),
        ({"top_logprobs": 3}, {"logprobs": True, "top_logprobs": 3}),
    ],
)
def test_every_keyword_of_complete_is_sent(kwargs: dict[str, Any], field: dict[str, Any]) -> None:
    sent = body_of(OllamaMultiModal(model="m"), **kwargs)
    assert {name: sent.get(name) for name in field} == field


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("temprature", "Did you mean 'temperature'?"),
        ("num_ctxx", "Did you mean 'num_ctx'?"),
        ("keep_alive", "Pass it to the call, keep_alive=..."),
        ("think", "Pass it to the call, think=..."),
        ("max_tokens", "Here it is num_predict."),
        ("an_option_of_next_year", "options_unchecked={...}"),
    ],
)
def test_what_is_no_option_is_refused_wherever_options_stand(name: str, words: str) -> None:
    with pytest.raises(TypeError, match=f"^options holds '{name}'") as per_call:
        options_of(OllamaMultiModal(model="m"), options={name: 1})
    with pytest.raises(TypeError, match=f"^additional_kwargs holds '{name}'") as made:
        OllamaMultiModal(model="m", additional_kwargs={name: 1})
    llm = OllamaMultiModal(model="m")
    llm.additional_kwargs[name] = 1
    with pytest.raises(TypeError, match=f"^additional_kwargs holds '{name}'"):
        options_of(llm)
    assert words in str(per_call.value)
    assert words in str(made.value)


def test_options_of_next_year_have_a_door_of_their_own() -> None:
    llm = OllamaMultiModal(model="m", options_unchecked={"next_year": 1, "top_k": 1}, top_k=2)
    assert options_of(llm)["next_year"] == 1
    assert options_of(llm)["top_k"] == 2
    assert options_of(llm, options_unchecked={"next_year": 3})["next_year"] == 3
    assert OllamaMultiModal.from_dict(llm.to_dict()).options_unchecked == llm.options_unchecked


@pytest.mark.parametrize("where", ["keyword", "options", "additional_kwargs"])
def test_an_option_without_effect_warns(where: str) -> None:
    llm = OllamaMultiModal(model="m", additional_kwargs={"mirostat": 1} if where == "additional_kwargs" else {})
    ways: dict[str, dict[str, Any]] = {"keyword": {"mirostat": 1}, "options": {"options": {"mirostat": 1}}}
    kwargs = ways.get(where, {})
    with pytest.warns(UserWarning, match="ignores the option 'mirostat'"):
        assert options_of(llm, **kwargs)["mirostat"] == 1


@pytest.mark.parametrize(
    ("form", "sent"),
    [
        ("json", {"type": "object"}),
        ({"type": "array"}, {"type": "array"}),
    ],
)
def test_format(form: Any, sent: Any) -> None:
    """ "json" goes as a schema, which every server enforces; and a model that thinks must not think into the JSON."""
    body = body_of(OllamaMultiModal(model="m"), format=form)
    assert body["format"] == sent
    assert body["think"] is False


def test_format_takes_a_pydantic_class_without_references() -> None:
    sent = body_of(OllamaMultiModal(model="m"), format=Shapes)["format"]
    assert "$ref" not in json.dumps(sent)
    assert sent["properties"]["shapes"]["items"]["properties"]["colour"]["type"] == "string"


def test_json_mode_is_the_default_format() -> None:
    assert body_of(OllamaMultiModal(model="m", json_mode=True))["format"] == {"type": "object"}


def test_thinking_with_a_format_is_what_the_caller_says() -> None:
    assert body_of(OllamaMultiModal(model="m"), format="json", think=True)["think"] is True
    assert body_of(OllamaMultiModal(model="m", thinking="low"), format="json")["think"] == "low"


def test_no_temperature_leaves_it_to_the_model() -> None:
    assert options_of(OllamaMultiModal(model="m", temperature=None)) == {"num_ctx": 3900}
    assert options_of(OllamaMultiModal(model="m", temperature=1.5))["temperature"] == 1.5


@pytest.mark.parametrize("form", ["xml", {}, 7, ["json"]])
def test_a_format_that_is_none(form: Any) -> None:
    with pytest.raises(ValueError, match="pydantic class"):
        body_of(OllamaMultiModal(model="m"), format=form)


@pytest.mark.parametrize(
    ("kwargs", "words"),
    [
        ({"temprature": 0.1}, "Did you mean 'temperature'"),
        ({"nonsense": 1}, "no keyword 'nonsense'"),
        ({"timeout": 3}, "Did you mean 'deadline'"),
        ({"request_timeout": 5}, "Did you mean 'deadline'"),
        ({"max_new_tokens": 5}, "Did you mean 'max_tokens'"),
        ({"images": ["a.png"]}, "Did you mean 'image_documents'"),
        ({"image_paths": ["a.png"]}, "Did you mean 'image_documents'"),
        ({"image": "a.png"}, "Did you mean 'image_documents'"),
        ({"max_tokens": 3, "num_predict": 3}, "the same thing"),
        ({"tools": []}, "complete\\(\\) cannot offer tools"),
    ],
)
def test_what_a_call_refuses(kwargs: dict[str, Any], words: str) -> None:
    with pytest.raises(TypeError, match=words):
        OllamaMultiModal(model="m").complete("hello", **kwargs)


@pytest.mark.parametrize(
    ("kwargs", "words"),
    [
        ({"num_predict": 0}, "no limit at all on one of Ollama's paths"),
        ({"options": "temperature=1"}, "must be a dict"),
        ({"deadline": 0}, "more than 0 seconds"),
        ({"image_options": 3}, "must be an ImageOptions"),
    ],
)
def test_values_that_nobody_means(kwargs: dict[str, Any], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        OllamaMultiModal(model="m").complete("hello", **kwargs)


OF_EVERY_KIND: list[Any] = [3, -1, 0.5, 4.0, True, "7", [1], ["a"], {"a": 1}, None]


@pytest.mark.parametrize("name", sorted(OPTION_NAMES))
@pytest.mark.parametrize("value", OF_EVERY_KIND, ids=repr)
def test_a_value_is_refused_where_the_server_refuses_it(name: str, value: Any) -> None:
    # The embedded server's types are those of Ollama's own api.Options; `chat-option-wrong-type` is one of its answers.
    try:
        server_options.checked({name: value})
        taken = True
    except RequestError:
        taken = False
    # Ours puts a lone text into a list, and refuses what Ollama would cut off behind the point.
    if name == "stop" and isinstance(value, str):
        taken = True
    if name in server_options.INTEGERS and value == 0.5:
        taken = False
    ways: list[Callable[[], Any]] = [
        lambda: options_of(OllamaMultiModal(model="m"), **{name: value}),
        lambda: options_of(OllamaMultiModal(model="m"), options={name: value}),
        lambda: OllamaMultiModal(model="m", additional_kwargs={name: value}),
        lambda: ImageDescriber(llm=OllamaMultiModal(model="m"), llm_kwargs={"options": {name: value}}),
    ]
    if name != "temperature":
        ways.append(lambda: OllamaMultiModal(model="m", **{name: value}))
    for way in ways:
        if taken:
            way()
        else:
            with pytest.raises(TypeError, match=f"^the option {name} is .*; it must be "):
                way()


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_no_number_is_no_value_of_an_option(value: float) -> None:
    with pytest.raises(TypeError, match=r"the option top_p is (nan|inf)"):
        options_of(OllamaMultiModal(model="m"), top_p=value)


def test_a_setting_that_was_changed_to_another_type_is_refused_before_anything_is_sent() -> None:
    llm = OllamaMultiModal(model="m")
    llm.temperature = "0"  # type: ignore[assignment]
    with pytest.raises(TypeError, match="the option temperature is '0'"):
        options_of(llm)


def test_an_unchecked_option_is_left_to_the_server() -> None:
    assert options_of(OllamaMultiModal(model="m", options_unchecked={"next_year": [1]}))["next_year"] == [1]


@twelve
def test_an_unknown_keyword_is_refused_by_all_eight(endpoint: str) -> None:
    with pytest.raises(TypeError, match="no keyword 'temprature'"):
        ask(OllamaMultiModal(model="m", base_url="http://127.0.0.1:9"), endpoint, "hello", temprature=1)


@pytest.mark.parametrize("name", ["chat", "stream_chat"])
def test_chat_names_the_place_for_pictures(name: str) -> None:
    with pytest.raises(TypeError, match="ImageBlock"):
        getattr(OllamaMultiModal(model="m"), name)([], image_documents=["a.png"])


def test_what_llama_index_passes_is_understood() -> None:
    llm = OllamaMultiModal(model="m")
    assert resolve_arguments(llm, "generate", {"formatted": True, "max_tokens": 9}).options["num_predict"] == 9
    arguments = resolve_arguments(
        llm,
        "chat",
        {
            "extra_headers": {"X-A": "b"},
            "tool_choice": "auto",
            "tool_required": False,
            "allow_parallel_tool_calls": True,
        },
    )
    assert arguments.extra_headers == {"X-A": "b"}


def test_empty_prompt_with_a_picture_is_refused() -> None:
    """The server would take it for a load and ignore the picture."""
    with pytest.raises(ValueError, match="ignore the pictures"):
        OllamaMultiModal(model="m").complete("", image_documents=["a.png"])


def test_the_body_has_an_exact_length_and_pictures_in_pieces(tmp_path: Path) -> None:
    draw_scene("red circle", size=(900, 700)).save(tmp_path / "a.png")
    draw_scene("blue star").save(tmp_path / "b.jpg")
    pictures = [prepare_image(tmp_path / name, ImageOptions()) for name in ("a.png", "b.jpg")]
    llm = OllamaMultiModal(model="m")
    request = generate_request(llm.model, "hello", pictures, resolve_arguments(llm, "generate", {}))
    pieces = list(request.pieces())
    body = b"".join(pieces)
    assert len(body) == request.content_length
    sent = [base64.b64decode(text) for text in json.loads(body)["images"]]
    assert sent == [(tmp_path / name).read_bytes() for name in ("a.png", "b.jpg")]
    assert request.media_bytes == sum(len(data) for data in sent)
    assert list(request.pieces()) == pieces, "a retry sends the same again"


def test_a_chat_without_messages_is_well_formed() -> None:
    llm = OllamaMultiModal(model="m")
    request = chat_request(llm.model, [], resolve_arguments(llm, "chat", {}))
    assert json.loads(b"".join(request.pieces()))["messages"] == []
    assert isinstance(request, Request)


def test_odd_text_survives() -> None:
    text = 'quotes " and \\ and \u2028 and \x85 and \U0001f600 and \ud800'
    llm = OllamaMultiModal(model="m")
    request = generate_request(llm.model, text, (), resolve_arguments(llm, "generate", {}))
    assert json.loads(b"".join(request.pieces()))["prompt"] == text


@twelve
def test_a_mark_for_a_picture_in_the_text_is_broken(tmp_path: Path, endpoint: str) -> None:
    """Rendered models take a literal `[img` for a picture's place; without pictures it is only text."""
    draw_scene("red circle").save(tmp_path / "a.png")
    with EmbeddedOllama(engine=ScriptedEngine()) as server:
        llm = OllamaMultiModal(model=server.model, base_url=server.url)
        ask(llm, endpoint, "what is [img-0]?", tmp_path / "a.png")
        ask(llm, endpoint, "what is [img-0]?")
        with_picture, without = server.asked
    assert "[\u200bimg-0]" in json.dumps(with_picture.body, ensure_ascii=False)
    assert "what is [img-0]?" in json.dumps(without.body, ensure_ascii=False)
