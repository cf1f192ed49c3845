"""Servers that take `format` and enforce nothing: JSON is found, asked for again with the schema, or refused.

What the models say here is what cloud and MLX models were seen to say.
"""

from __future__ import annotations

import json
from typing import Any

import pytest
from llama_index.core.base.llms.types import ChatMessage
from llama_index.core.prompts import PromptTemplate
from PIL import Image
from pydantic import BaseModel, RootModel

from ollama_vision import errors
from ollama_vision.protocol.json_answers import begun, json_in, why_not
from tests.support.endpoints import eight
from tests.support.picture_corpus import raw_png
from tests.support.serving import Serve
from tests.support.structured_asks import four, predict
from tests.support.wire_attempts import attempt
from tests.support.wire_server import WireServer, answer, client, last, part, stream

ASK = PromptTemplate("Read the {what}.")


class Node(BaseModel):
    """Its parts are of its own form: a part could pass for the whole."""

    name: str
    children: list[Node] = []


class Receipt(BaseModel):
    shop: str
    total: float


ALDI = '{"shop": "Aldi", "total": 12.5}'
FENCE = "`" * 3
SAID: dict[str, str] = {
    "bare": ALDI,
    "fenced": f"{FENCE}json\n{ALDI}\n{FENCE}",
    "a sentence, then a fence": f"Here is the receipt:\n\n{FENCE}json\n{ALDI}\n{FENCE}\nDone.",
    "a fence that does not end": f"Here:\n{FENCE}json\n{ALDI}\n",
    "in a sentence": f"Here is the JSON: {ALDI}",
    "before a sentence": f"{ALDI}\n\nI hope this helps!",
    "behind thoughts": f"<think>It has {{braces}} and [lists].</think>\n{ALDI}",
    "twice": f"{ALDI}\n{ALDI}",
    "behind a byte order mark": f"\ufeff{ALDI}",
    "with a comma too many": '{"shop": "Aldi, {and} [so], }", "total": 12.5,}',
    "in a list of one": f"[{ALDI}]",
    "behind thoughts without a beginning": f'It may be {{"shop": "Lidl", "total": 1}}.</think>\n{ALDI}',
    "in brackets": f"[The receipt: {ALDI}]",
    "behind an empty bracket": f"So [ means a bracket. {ALDI}",
    "thoughts in the text": '{"shop": "Aldi</think>", "total": 12.5}',
    "behind another object": f'{{"thought": 1}} so {ALDI}',
}
DAMAGED: dict[str, str] = {
    "cut": '{"name": "root", "children": [{"name": "leaf"}, {"name": ',
    "cut in a fence": f'Here:\n{FENCE}json\n{{"name": "root", "children": [{{"name": "leaf"}},',
    "a comma is missing": '{"name": "root" "children": [{"name": "leaf"}]}',
    "JavaScript": '{name: "root", children: [{"name": "leaf"}]}',
    "Python": """{'name': 'root', 'children': [{"name": "leaf"}]}""",
    "with a comment": '{"name": "}", // the root\n "children": [{"name": "leaf"}]}',
    "a draft in thoughts without an end": '<think>It might be {"name": "leaf"}',
}
PROSE = "**Shop:** Aldi\n**Total:** {about} 12.50"


@four
@pytest.mark.parametrize("name", SAID)
def test_the_object_is_found(serve: Serve, endpoint: str, name: str) -> None:
    serving = serve(SAID[name])
    found = predict(serving.llm, endpoint, Receipt, ASK, what="receipt")[-1]
    assert found.total == 12.5
    assert found.shop.startswith("Aldi")
    assert len(serving.asked) == 1


@four
@pytest.mark.parametrize("name", DAMAGED)
def test_a_part_of_a_damaged_object_is_no_answer(serve: Serve, endpoint: str, name: str) -> None:
    serving = serve(DAMAGED[name])
    with pytest.raises(errors.StructuredOutputError) as fault:
        predict(serving.llm, endpoint, Node, ASK, what="tree")
    assert fault.value.partial_text == DAMAGED[name]


@four
def test_of_two_answers_that_differ_none_is_chosen(serve: Serve, endpoint: str) -> None:
    serving = serve(f'A draft: {{"shop": "Aldi", "total": 1}}. Corrected: {ALDI}')
    with pytest.raises(errors.StructuredOutputError, match="several answers, which differ"):
        predict(serving.llm, endpoint, Receipt, ASK, what="receipt")


@four
def test_a_list_of_one_may_be_what_was_asked_for(serve: Serve, endpoint: str) -> None:
    serving = serve("[[1, 2]]")
    assert predict(serving.llm, endpoint, RootModel[list[Any]], ASK, what="list")[-1].root == [[1, 2]]


@four
def test_the_second_question_holds_the_schema(serve: Serve, endpoint: str) -> None:
    def cloud(request: Any) -> str:
        return ALDI if '"total"' in request.messages[-1].content else PROSE

    serving = serve(cloud)
    assert predict(serving.llm, endpoint, Receipt, ASK, what="receipt")[-1] == Receipt(shop="Aldi", total=12.5)
    assert len(serving.asked) == 2


@four
def test_prose_is_an_error_that_names_the_cause(serve: Serve, endpoint: str) -> None:
    serving = serve(PROSE)
    with pytest.raises(errors.StructuredOutputError, match="seems not to enforce schemas"):
        predict(serving.llm, endpoint, Receipt, ASK, what="receipt")
    assert len(serving.asked) == 2


def test_of_a_cloud_model_the_cause_is_likely_whatever_it_said() -> None:
    assert "not to enforce schemas" in why_not("qwen3-vl:235b-cloud", "{}")
    assert "not to enforce schemas" not in why_not("qwen3-vl:8b", "{}")


def answering(endpoint: str, *texts: str) -> list[Any]:
    return [stream(part(endpoint, text), last(endpoint)) for text in texts]


def asked_with(endpoint: str, *texts: str, form: Any = Receipt, **settings: Any) -> tuple[Any, list[Any]]:
    how = {"json_mode": True} if form is None else {}
    with WireServer(*answering(endpoint, *texts)) as server:
        outcome = attempt(client(server, **how, **settings), endpoint, **({} if form is None else {"format": form}))
        return outcome, [seen.json for seen in server.asked]


FORMS = {"json_mode": None, "json": "json", "a class": Receipt, "a schema": Receipt.model_json_schema()}
forms = pytest.mark.parametrize("form", FORMS.values(), ids=FORMS.keys())
WHOLE = pytest.mark.parametrize("endpoint", ["complete", "acomplete", "chat", "achat"])
STREAMS = pytest.mark.parametrize("endpoint", ["stream_complete", "astream_complete", "stream_chat", "astream_chat"])


@eight
@forms
def test_json_is_an_answer_as_it_stands(endpoint: str, form: Any) -> None:
    outcome, bodies = asked_with(endpoint, f" {ALDI}\n", form=form)
    assert json.loads(outcome.text) == json.loads(ALDI)
    assert len(bodies) == 1


@WHOLE
@forms
@pytest.mark.parametrize("name", ["a sentence, then a fence", "behind thoughts", "before a sentence"])
def test_a_whole_answer_is_the_json_in_it(endpoint: str, form: Any, name: str) -> None:
    outcome, bodies = asked_with(endpoint, SAID[name], form=form)
    assert outcome.text == ALDI
    raw = outcome.items[-1].raw
    assert (raw["message"]["content"] if "chat" in endpoint else raw["response"]) == SAID[name]
    assert len(bodies) == 1


@WHOLE
@forms
def test_prose_is_asked_for_again_with_the_schema(endpoint: str, form: Any) -> None:
    outcome, bodies = asked_with(endpoint, PROSE, ALDI, form=form)
    assert outcome.text == ALDI
    again = bodies[1]["prompt"] if "complete" in endpoint else bodies[1]["messages"][-1]["content"]
    assert "does not fit the JSON schema" in again
    assert json.dumps(bodies[0]["format"]) in again
    if "chat" in endpoint:
        assert [message["role"] for message in bodies[1]["messages"]] == ["user", "assistant", "user"]
        assert bodies[1]["messages"][1]["content"] == PROSE


@eight
@forms
def test_prose_is_never_passed_off_as_json(endpoint: str, form: Any) -> None:
    outcome, bodies = asked_with(endpoint, PROSE, form=form)
    assert type(outcome.error) is errors.StructuredOutputError
    assert outcome.error.partial_text == PROSE
    assert len(bodies) == (1 if "stream" in endpoint else 2)


@WHOLE
@pytest.mark.parametrize("form", [None, "json", Node, {"type": "object"}], ids=["json_mode", "json", "class", "schema"])
@pytest.mark.parametrize("name", DAMAGED)
def test_a_part_of_what_was_cut_is_no_whole(endpoint: str, form: Any, name: str) -> None:
    outcome, _ = asked_with(endpoint, DAMAGED[name], form=form)
    assert type(outcome.error) is errors.StructuredOutputError
    assert outcome.error.partial_text == DAMAGED[name]


@WHOLE
def test_of_two_objects_none_is_the_answer(endpoint: str) -> None:
    outcome, bodies = asked_with(endpoint, f'{ALDI}\n{{"shop": "Aldi"}}', ALDI, form="json")
    assert outcome.text == ALDI
    assert len(bodies) == 2


@STREAMS
def test_of_a_stream_nothing_can_be_taken_back(endpoint: str) -> None:
    outcome, _ = asked_with(endpoint, SAID["in a sentence"])
    assert type(outcome.error) is errors.StructuredOutputError
    assert "more than JSON" in str(outcome.error)
    assert outcome.items or outcome.raised_by_call


@WHOLE
@pytest.mark.parametrize(
    ("form", "said", "words"),
    [
        ({"type": "object", "required": ["a", "b"]}, '{"b": 1}', "it lacks 'a'"),
        ({"type": "array"}, '{"a": 1}', "it is no array"),
        ({"type": "integer"}, "true", "it is no integer"),
        ("json", "[1]", "it is no object"),
        (Receipt, '{"shop": "Aldi"}', "total: Field required"),
    ],
)
def test_json_of_another_form_is_no_answer(endpoint: str, form: Any, said: str, words: str) -> None:
    outcome, bodies = asked_with(endpoint, said, form=form, max_validation_retries=0)
    assert type(outcome.error) is errors.StructuredOutputError
    assert words in str(outcome.error)
    assert len(bodies) == 1


@eight
def test_json_that_was_cut_is_not_asked_for_again(endpoint: str) -> None:
    with WireServer(stream(part(endpoint, '{"shop": "Al'), last(endpoint, done_reason="length"))) as server:
        outcome = attempt(client(server), endpoint, format="json")
        assert len(server.asked) == 1
    assert type(outcome.error) is errors.StructuredOutputError
    assert "num_predict" in str(outcome.error)
    assert outcome.error.finish_reason == "length"


@WHOLE
def test_a_tool_call_needs_no_json(endpoint: str) -> None:
    if endpoint.endswith("complete"):
        return  # tools are chat's
    calls = [{"function": {"name": "look", "arguments": {}}}]
    with WireServer(stream(part(endpoint, "", tool_calls=calls), last(endpoint))) as server:
        outcome = attempt(client(server), endpoint, [ChatMessage(content="?")], format="json")
    assert outcome.error is None


@pytest.mark.parametrize(
    ("said", "shown"),
    [('{"a": "b', '{"a": "b'), (f'So:\n{FENCE}json\n{{"a"', '{"a"'), ("<think>{</think>[1", "[1"), ("none yet", "")],
)
def test_what_an_unfinished_answer_has_begun_with(said: str, shown: str) -> None:
    assert begun(said) == shown


def test_prose_full_of_braces_is_read_in_bounded_time() -> None:
    assert list(json_in("{" * 100_000)) == []
    assert list(json_in("[" * 100_000 + ALDI)) == []


def test_pictures_of_a_generator_go_along_when_it_is_asked_again() -> None:
    """What the generator gave is kept: it gives nothing a second time."""
    with WireServer(answer("complete", "no JSON"), answer("complete", ALDI)) as server:
        pictures = (each for each in [raw_png(Image.new("RGB", (64, 48), "teal"))])
        said = client(server).complete("?", image_documents=pictures, format="json").text
        first, second = (seen.json for seen in server.asked)
    assert said == ALDI
    assert first["images"] == second["images"]
