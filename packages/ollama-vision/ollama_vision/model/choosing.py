"""Which label, and how sure: one question held to each label in turn, over an `IO`, so that sync and async are one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from ollama_vision.errors import BadRequestError, StructuredOutputError
from ollama_vision.http import IO, Deadline

from .answer import Answer
from .calibration import Calibration
from .call import Asker, collect_once, do_work
from .choice import Choice, Weight, check_labels, label_said, softmax, sums, weigh, with_labels
from .question_call import PlainQuestion, plain_call

if TYPE_CHECKING:
    from collections.abc import Mapping


_OWN = {
    "format": "answers are held to the labels",
    "schema": "answers are held to the labels",
    "temperature": "it asks at temperature 0",
    "logprobs": "it asks for them itself",
}
"""Keywords of a call that a choice sets itself."""


async def choose(io: IO, llm: Asker, question: PlainQuestion, labels: Any, calibration: Any = None) -> Choice:
    """Ask which label fits, and weigh them.

    Args:
        io: how to wait.
        llm: the model.
        question: without the labels.
        labels: as they were given.
        calibration: what `Calibration.read` takes; `None` for none.

    Raises:
        StructuredOutputError: the model's own answer names no label, or several.
        TypeError, ValueError: labels or keywords that no choice takes, a calibration of something else.
    """
    names = check_labels(labels)
    if not question.text.strip():
        raise ValueError("choose() was given an empty question: ask something that the labels answer.")
    for name, why in _OWN.items():
        if question.keywords.get(name) is not None:
            raise TypeError(f"choose() has no keyword {name!r}: {why}")
    temperature = 1.0
    if calibration is not None:
        fitted: Calibration = await do_work(
            io, lambda: Calibration.read(calibration), Deadline(llm.request_timeout, llm.deadline)
        )
        fitted.check(llm.model, names)
        temperature = fitted.temperature
    asked = replace(question, text=with_labels(question.text, names))
    return await _Choosing(io, llm, asked, names, temperature).choose()


@dataclass
class _Choosing:
    """One choice, from its first request to its label.

    Each label is asked for with an answer held to it, so that the model's log probabilities tell what it believes of
    that label. Where they do not, the label is the answer to one question more, held to all labels at once.
    """

    io: IO
    llm: Asker
    question: PlainQuestion
    labels: Sequence[str]
    temperature: float
    _requests: int = 0
    _usage: dict[str, int] = field(default_factory=dict)
    _pictures: tuple[dict[str, Any], ...] = ()

    async def choose(self) -> Choice:
        weights: list[Weight] = []
        for label in self.labels:
            weight = await self._weigh(label)
            if weight is None:
                return self._choice(await self._said(), None)
            weights.append(weight)
        shares = dict(zip(self.labels, softmax(sums(weights), self.temperature), strict=True))
        return self._choice(max(self.labels, key=shares.__getitem__), shares)

    async def _weigh(self, label: str) -> Weight | None:
        try:
            answer = await self._ask({"format": {"const": label}, "logprobs": True})
        except BadRequestError:
            if self._requests > 1:
                raise
            return None  # a server that refuses one of the two is asked without them; what else is wrong shows there
        return weigh(answer.raw, label)

    async def _said(self) -> str:
        answer = await self._ask({"format": {"type": "string", "enum": list(self.labels)}})
        label = label_said(answer.text, self.labels)
        if label is None:
            raise _no_label(self.llm.model, answer.text, self.labels)
        return label

    async def _ask(self, keywords: Mapping[str, Any]) -> Answer:
        """One request; what it sends of the pictures is prepared by the first."""
        asked = replace(self.question, keywords={**self.question.keywords, **keywords, "temperature": 0})
        call = plain_call(self.llm, asked, "choose")
        self._requests += 1
        answer = (await collect_once(self.io, self.llm, call)).item
        for name, count in answer.usage.items():
            self._usage[name] = self._usage.get(name, 0) + count
        self._pictures = answer.pictures
        return answer

    def _choice(self, label: str, probabilities: dict[str, float] | None) -> Choice:
        return Choice(label, probabilities, self._usage, self._requests, self._pictures)


def _no_label(model: str, text: str, labels: Sequence[str]) -> StructuredOutputError:
    error = StructuredOutputError(
        f"{model!r} named none of the labels, or several, in {text!r:.200}. It was asked for one of "
        f"{', '.join(map(repr, labels[:8]))}{', ...' if len(labels) > 8 else ''}; models of Ollama's cloud and of MLX "
        "are held to nothing. Ask in other words, or another model."
    )
    error.partial_text = text
    return error
