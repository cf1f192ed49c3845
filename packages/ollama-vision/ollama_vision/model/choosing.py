"""Which label, and how sure: one question held to each label in turn, over an `IO`, so that sync and async are one."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any, Protocol

from ollama_vision.errors import BadRequestError, StructuredOutputError
from ollama_vision.http import IO, Deadline
from ollama_vision.protocol import value_at

from .answer import Answer
from .calibration import Calibration
from .call import Asker, collect_once, do_work
from .choice import (
    Choice,
    Weight,
    check_labels,
    label_said,
    softmax,
    sums,
    weigh,
    weigh_field,
    with_labels,
    with_value,
)
from .question_call import PlainQuestion, plain_call

_OWN = {
    "format": "answers are held to the labels",
    "schema": "answers are held to the labels",
    "temperature": "it asks at temperature 0",
    "logprobs": "it asks for them itself",
}
"""Keywords of a call that a choice sets itself."""


class Listener(Protocol):
    """Whoever wants to know of each request of a choice."""

    def time_left(self) -> Mapping[str, Any]:
        """Keywords of the next one, such as what is left of a deadline."""

    def hear(self, answer: Answer) -> None:
        """It was answered."""


async def choose(
    io: IO,
    llm: Asker,
    question: PlainQuestion,
    labels: Any,
    calibration: Any = None,
    *,
    listener: Listener | None = None,
) -> Choice:
    """Ask which label fits, and weigh them.

    Each label is asked for with an answer held to it, so that the model's log probabilities tell what it believes of
    that label. Where they do not, the label is the answer to one question more, held to all labels at once.

    Args:
        io: how to wait.
        llm: the model.
        question: without the labels.
        labels: as they were given.
        calibration: what `Calibration.read` takes; `None` for none.
        listener: hears of each request.

    Raises:
        StructuredOutputError: the model's own answer names no label, or several.
        TypeError, ValueError: labels or keywords that no choice takes, a calibration of something else.
    """
    names = check_choice(question, labels)
    temperature = 1.0
    if calibration is not None:
        fitted: Calibration = await do_work(
            io, lambda: Calibration.read(calibration), Deadline(llm.request_timeout, llm.deadline)
        )
        fitted.check(llm.model, names)
        temperature = fitted.temperature
    asked = replace(question, text=with_labels(question.text, names))
    requests = _Requests(io, llm, asked, listener)
    weights: list[Weight] = []
    for label in names:
        weight = await requests.weigh({"const": label}, partial(weigh, label=label))
        if weight is None:
            return requests.choice(await _label_said(requests, names), None)
        weights.append(weight)
    shares = dict(zip(names, softmax(sums(weights), temperature), strict=True))
    return requests.choice(max(names, key=shares.__getitem__), shares)


def check_choice(question: PlainQuestion, labels: Any) -> tuple[str, ...]:
    """The labels; raises TypeError and ValueError for what no choice takes, before anything is sent."""
    names = check_labels(labels)
    if not question.text.strip():
        raise ValueError("choose() was given an empty question: ask something that the labels answer.")
    for name, why in _OWN.items():
        if question.keywords.get(name) is not None:
            raise TypeError(f"choose() has no keyword {name!r}: {why}")
    return names


async def confidences(
    io: IO,
    llm: Asker,
    question: PlainQuestion,
    fields: Mapping[str, Any],
    values: Mapping[str, Sequence[Any]],
    *,
    listener: Listener | None = None,
) -> dict[str, float | None]:
    """How sure the model is of fields of its answer, each among the values that it can have, given the other fields.

    Args:
        io: how to wait.
        llm: the model.
        question: the one that the answer is to.
        fields: the answer.
        values: by a field's path, nested ones with dots between, all that it can be.
        listener: hears of each request.

    Returns:
        The probability of what each field is; `None` where it cannot be had.
    """
    requests = _Requests(io, llm, question, listener)
    told: dict[str, float | None] = {}
    for path, possible in values.items():
        weights: list[Weight] = []
        for value in possible:
            made = with_value(fields, path, value)
            weight = await requests.weigh({"const": made}, partial(weigh_field, fields=made, path=path))
            if weight is None:
                break
            weights.append(weight)
        at = possible.index(value_at(fields, path)) if len(weights) == len(possible) else None
        told[path] = None if at is None else softmax(sums(weights))[at]
    return told


async def _label_said(requests: _Requests, labels: Sequence[str]) -> str:
    answer = await requests.ask({"format": {"type": "string", "enum": list(labels)}})
    label = label_said(answer.text, labels)
    if label is None:
        raise _no_label(requests.llm.model, answer.text, labels)
    return label


@dataclass
class _Requests:
    """One question, asked again and again with answers held to this and that."""

    io: IO
    llm: Asker
    question: PlainQuestion
    listener: Listener | None
    _untold: bool = False
    """Whether this server tells no log probabilities."""
    _count: int = 0
    _usage: dict[str, int] = field(default_factory=dict)
    _pictures: tuple[dict[str, Any], ...] = ()

    async def weigh(self, form: Mapping[str, Any], read: Callable[[Mapping[str, Any]], Weight | None]) -> Weight | None:
        """What an answer held to a form tells; `None` where it does not tell all."""
        if self._untold:
            return None
        try:
            reply = (await self.ask({"format": form, "logprobs": True})).raw
        except BadRequestError:
            if self._count > 1:
                raise
            # A server that refuses one of the two is asked without them; what else is wrong shows there.
            self._untold = True
            return None
        self._untold = "logprobs" not in reply
        return read(reply)

    async def ask(self, keywords: Mapping[str, Any]) -> Answer:
        time_left = self.listener.time_left() if self.listener else {}
        given = {**self.question.keywords, **time_left, **keywords, "temperature": 0}
        call = plain_call(self.llm, replace(self.question, keywords=given), "choose")
        self._count += 1
        answer = (await collect_once(self.io, self.llm, call)).item
        for name, count in answer.usage.items():
            self._usage[name] = self._usage.get(name, 0) + count
        self._pictures = answer.pictures
        if self.listener:
            self.listener.hear(answer)
        return answer

    def choice(self, label: str, probabilities: dict[str, float] | None) -> Choice:
        return Choice(label, probabilities, self._usage, self._count, self._pictures)


def _no_label(model: str, text: str, labels: Sequence[str]) -> StructuredOutputError:
    error = StructuredOutputError(
        f"{model!r} named none of the labels, or several, in {text!r:.200}. It was asked for one of "
        f"{', '.join(map(repr, labels[:8]))}{', ...' if len(labels) > 8 else ''}; models of Ollama's cloud and of MLX "
        "are held to nothing. Ask in other words, or another model."
    )
    error.partial_text = text
    return error
