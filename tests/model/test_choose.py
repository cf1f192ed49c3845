"""Which label, and how sure: weighed by log probabilities, by VisionModel and OllamaMultiModal, blocking and on a loop.

What a real server answers is in the transcripts `const-*`; the sums are reckoned here by hand from their entries.
"""

from __future__ import annotations

import io
import json
import math
from pathlib import Path
from typing import Any

import pytest

from ollama_embedded import Reply, Request
from ollama_embedded.faults import Status
from ollama_vision import VisionModel, errors
from ollama_vision.model.choice import label_said, softmax, sums, weigh
from tests.support import recorded
from tests.support.choosing import DOT, YES_NO, each_door, put
from tests.support.serving import Serve
from tests.support.weighed_labels import entry, held


@each_door
def test_the_most_probable_label_with_what_the_model_believes_of_each(serve: Serve, door: str) -> None:
    serving = serve(held({"yes": math.log(0.2), "no": math.log(0.6)}))
    choice = put(serving, door)
    assert choice.label == "no"
    assert choice.probabilities == pytest.approx({"yes": 0.25, "no": 0.75})
    assert list(choice.probabilities or ()) == YES_NO
    assert choice.requests == 2
    assert choice.pictures[0]["original_size"] == [8, 8]
    assert json.loads(json.dumps(choice.to_dict()))["label"] == "no"


@each_door
def test_what_is_sent(serve: Serve, door: str) -> None:
    """The same question each time, held to one label after the other, on the route that tells what was lost."""
    serving = serve(held({"yes": -1, 'say "no"': -2}))
    put(serving, door, ["yes", 'say "no"'], system="Be brief.", num_predict=20)
    first, second = serving.asked
    assert first.path == second.path == "/api/generate"
    assert first.body["prompt"] == second.body["prompt"] == 'Is it red?\nAnswer with one of: "yes", "say \\"no\\"".'
    assert [body["format"] for body in serving.bodies] == [{"const": "yes"}, {"const": 'say "no"'}]
    for body in serving.bodies:
        assert body["options"]["temperature"] == 0
        assert body["options"]["num_predict"] == 20
        assert body["logprobs"] is True
        assert body["think"] is False
        assert body["system"] == "Be brief."
        assert len(body["images"]) == 1
    assert first.body["images"] == second.body["images"]


def test_a_picture_is_read_once(serve: Serve, tmp_path: Path) -> None:
    path = tmp_path / "dot.png"
    DOT.save(path)
    opened: list[str] = []

    class Counted(io.BytesIO):
        def read(self, *args: Any) -> bytes:
            opened.append("read")
            return super().read(*args)

    source = Counted(path.read_bytes())
    serving = serve(held({"yes": -1, "no": -2, "unclear": -3}))
    alone = Counted(path.read_bytes())
    VisionModel("m", serving.server.url).choose("Is it red?", ["yes", "no"], alone)
    for_two, opened[:] = len(opened), []
    VisionModel("m", serving.server.url).choose("Is it red?", ["yes", "no", "unclear"], source)
    assert len(opened) == for_two


@each_door
def test_usage_is_that_of_all_requests(serve: Serve, door: str) -> None:
    serving = serve(held({"yes": -1, "no": -2, "unclear": -3}))
    choice = put(serving, door, ["yes", "no", "unclear"])
    assert choice.requests == 3
    assert choice.usage["completion_tokens"] == 12
    assert choice.usage["total_tokens"] == choice.usage["prompt_tokens"] + 12


def test_the_end_of_text_is_no_part_of_a_label(serve: Serve) -> None:
    plain = put(serve(held({"yes": -1, "no": -2})), "choose")
    ended = put(serve(held({"yes": -1, "no": -2}, end=True)), "choose")
    assert ended.probabilities == plain.probabilities


def test_a_token_of_quote_and_label_counts_the_quote_for_all() -> None:
    """`"r` and `ed` against `"` and `blue`: one scale for both, reckoned by hand."""
    red = weigh(answered('"red"', [('"r', -3.0), ("ed", -0.25), ('"', -0.5)]), "red")
    blue = weigh(answered('"blue"', [('"', -1.0), ("blue", -2.0), ('"', -0.5)]), "blue")
    assert red is not None and blue is not None  # noqa: PT018
    assert sums([red, blue]) == [pytest.approx(-3.75), pytest.approx(-3.5)]
    assert sums([blue, blue]) == [pytest.approx(-2.5)] * 2


def answered(text: str, tokens: list[tuple[str, float]], count: int | None = None) -> dict[str, Any]:
    entries = [entry(token, value) for token, value in tokens]
    return {"response": text, "logprobs": entries, "eval_count": len(entries) + 1 if count is None else count}


def transcript(name: str) -> dict[str, Any]:
    exchange = json.loads((recorded.FOLDER / f"{name}.json").read_text())
    reply: dict[str, Any] = json.loads("".join(text for _, text in exchange["response"]["chunks"]))
    return reply


@pytest.mark.parametrize("path", ["", "rendered-"])
@pytest.mark.parametrize(("name", "label"), [("red", "red"), ("green", "green"), ("quotes", 'red "or" so')])
def test_what_a_real_server_says_of_a_label(path: str, name: str, label: str) -> None:
    reply = transcript(f"{path}const-{name}-generate")
    weight = weigh(reply, label)
    assert weight is not None
    by_hand = sum(each["logprob"] for each in reply["logprobs"][1:])
    assert weight.label == pytest.approx(by_hand)
    assert not weight.joined


@pytest.mark.parametrize("name", ["const-japanese-generate", "rendered-const-japanese-generate"])
def test_a_real_reply_that_lost_entries_tells_nothing(name: str) -> None:
    """Ten tokens, four entries, each looking whole: the count of tokens alone shows it."""
    assert weigh(transcript(name), "いいえ") is None


@pytest.mark.parametrize(
    "reply",
    [
        {"response": '"yes"', "eval_count": 4},
        answered('"no"', [('"', -1.0), ("no", -1.0), ('"', -1.0)]),
        answered("yes", [("yes", -1.0)]),
        answered('"yes"', [('"', -1.0), ("yes", -1.0), ('"', -1.0)], count=6),
        answered('"yes"', [('"', -1.0), ("ye", -1.0), ('"', -1.0)]),
        answered('"yes"', [('"', -1.0), ("yes", -math.inf), ('"', -1.0)]),
        answered('"ye', [('"', -1.0), ("ye", -1.0)]),
    ],
    ids=["no entries", "another label", "no JSON", "lost entries", "other words", "no number", "cut"],
)
def test_a_reply_that_does_not_tell_all_tells_nothing(reply: dict[str, Any]) -> None:
    assert weigh(reply, "yes") is None


@each_door
def test_lost_entries_lead_to_one_question_more(serve: Serve, door: str) -> None:
    serving = serve(held({"yes": -1, "no": -2}, lost=1))
    choice = put(serving, door)
    assert (choice.label, choice.probabilities, choice.requests) == ("yes", None, 2)
    assert serving.bodies[1]["format"] == {"type": "string", "enum": YES_NO}
    assert serving.bodies[1]["prompt"] == serving.bodies[0]["prompt"]


@each_door
@pytest.mark.parametrize(
    ("said", "label"),
    [
        ("yes", "yes"),
        ('"no"', "no"),
        ("The answer is No.", "no"),
        ('{"answer": "yes"}', "yes"),
        ("No one knows: yes", None),
        ("Perhaps, I cannot tell; nothing.", None),
        ("yesterday", None),
    ],
)
def test_a_model_that_is_held_to_nothing(serve: Serve, door: str, said: str, label: str | None) -> None:
    serving = serve(lambda request: said)
    if label is None:
        with pytest.raises(errors.StructuredOutputError, match="named none of the labels, or several") as caught:
            put(serving, door)
        assert caught.value.partial_text == said
    else:
        choice = put(serving, door)
        assert (choice.label, choice.probabilities) == (label, None)
    assert len(serving.asked) == 2


def test_never_more_than_one_request_beyond_the_labels(serve: Serve) -> None:
    """The last label's reply is the one that lost something."""
    labels = [str(number) for number in range(5)]

    def answer(request: Request) -> Reply:
        form = request.format
        assert isinstance(form, dict)
        return held(dict.fromkeys(labels, -1.0), lost=int(form.get("const") == "4"))(request)

    serving = serve(answer)
    assert put(serving, "choose", labels).requests == 6
    assert len(serving.asked) == 6


@each_door
def test_a_server_that_takes_no_such_schema(serve: Serve, door: str) -> None:
    """It is asked in the other way, once; what is wrong with that one too is an error."""
    refused = Status(400, '{"error":"this model does not support logprobs"}')
    choice = put(serve(refused, '"no"'), door)
    assert (choice.label, choice.probabilities, choice.requests) == ("no", None, 2)
    with pytest.raises(errors.BadRequestError, match="logprobs"):
        put(serve(refused, refused), door)


@each_door
@pytest.mark.parametrize(
    ("labels", "error", "words"),
    [
        (["yes"], ValueError, "labels has 1 of them"),
        ([], ValueError, "labels has 0 of them"),
        ([str(number) for number in range(101)], ValueError, "at most 100"),
        (["yes", ""], ValueError, r"labels\[1\] is ''"),
        (["yes", " \t"], ValueError, "at least one character"),
        (["yes", "no", " yes"], ValueError, "' yes' twice"),
        (["caf\N{LATIN SMALL LETTER E WITH ACUTE}", "cafe\N{COMBINING ACUTE ACCENT}"], ValueError, "twice"),
        (["yes", 1], TypeError, r"labels\[1\] is 1"),
        (["yes", "\ud800"], ValueError, "surrogate"),
        ("yes", TypeError, "one string"),
        (None, TypeError, "type NoneType"),
        ({"yes": 1, "no": 2}, TypeError, "type dict"),
    ],
)
def test_labels_that_cannot_be_are_refused_before_anything_is_sent(
    serve: Serve, door: str, labels: Any, error: type[Exception], words: str
) -> None:
    serving = serve("yes")
    with pytest.raises(error, match=words):
        put(serving, door, labels)
    assert not serving.asked


@each_door
@pytest.mark.parametrize(
    ("keywords", "error", "words"),
    [
        ({"temperature": 0.7}, TypeError, "it asks at temperature 0"),
        ({"format": "json"}, TypeError, "held to the labels"),
        ({"logprobs": True}, TypeError, "asks for them itself"),
        ({"tempratur": 1}, TypeError, "tempratur"),
        ({"question": "  "}, ValueError, "empty question"),
        ({"question": 3}, TypeError, "must be text"),
        ({"picture": []}, (TypeError, ValueError), "list|holds no picture"),
    ],
)
def test_what_no_choice_takes(serve: Serve, door: str, keywords: dict[str, Any], error: Any, words: str) -> None:
    serving = serve("yes")
    with pytest.raises(error, match=words):
        put(serving, door, **keywords)
    assert not serving.asked


def test_a_hundred_labels(serve: Serve) -> None:
    labels = [f"label {number}" for number in range(100)]
    serving = serve(held({label: -float(number) for number, label in enumerate(labels)}))
    choice = put(serving, "choose", labels)
    assert choice.label == "label 0"
    assert sum((choice.probabilities or {}).values()) == pytest.approx(1)
    assert choice.requests == 100


@pytest.mark.parametrize(
    ("text", "label"),
    [
        ("red and blue", "red and blue"),
        ("It is red and blue, mostly.", "red and blue"),
        ("RED", "red"),
        ("both red and red and blue", None),
        ("Blue!", "blue"),
        ("bluered", None),
        ("赤いです。", "赤"),
        ("答えは「赤」。", "赤"),
    ],
)
def test_a_label_in_prose(text: str, label: str | None) -> None:
    """Whole words, the longest first; scripts that set no spaces have no whole words."""
    assert label_said(text, ["red", "blue", "red and blue", "赤"]) == label


def test_labels_that_differ_in_case_alone() -> None:
    assert label_said("It says US.", ["us", "US"]) == "US"


def test_the_softmax_is_that_of_the_book() -> None:
    assert softmax([-1000.0, -1000.0 + math.log(3)]) == [pytest.approx(0.25), pytest.approx(0.75)]
    assert softmax([0.0, 2.0], 2.0)[1] == pytest.approx(1 / (1 + math.exp(-1)))
