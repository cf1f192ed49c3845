"""The response object of a plain question: what the model said, what it cost, and what was sent of each picture."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from ollama_vision.protocol import Accumulator

from .choice import Choice


@dataclass(frozen=True)
class Answer:
    """What a model answered; of a stream, all of it so far."""

    text: str
    """All that has been said; where a schema was given, the JSON and nothing else."""
    delta: str = ""
    """What this item of a stream added to the text; of a whole answer, the text."""
    thinking: str = ""
    """What the model thought before it answered."""
    fields: Any = None
    """Where a schema was given, what the answer says as plain JSON, most often a dict; of a stream, what is there yet.

    Of a pydantic class it is `model_dump(mode="json", by_alias=True)`: with the class's defaults, under its aliases,
    without what the class excludes; `text` has that too, and `Class.model_validate_json(answer.text)` is the object."""
    usage: dict[str, int] = field(default_factory=dict)
    """`prompt_tokens`, `completion_tokens` and `total_tokens`; empty until the end of a stream."""
    finish_reason: str = ""
    """Why it ended: "stop", or "length" for one that ran into a limit; empty until the end of a stream."""
    pictures: tuple[dict[str, Any], ...] = ()
    """What was sent of each picture: sizes, steps, mapping; no bytes."""
    raw: dict[str, Any] = field(default_factory=dict, repr=False)
    """The server's last reply as it came, at the end with the whole answer in it."""


def answer_of(so_far: Accumulator[Any]) -> Answer:
    """What has come of a reply."""
    return Answer(
        text=so_far.text,
        delta=so_far.piece,
        thinking=so_far.thinking,
        usage=so_far.reply["usage"] if so_far.done else {},
        finish_reason=so_far.finish_reason,
        pictures=so_far.pictures,
        raw=so_far.reply,
    )


def record_of_answer(answer: Answer, model: str, seconds: float) -> dict[str, Any]:
    """An answer as one JSON object: what `ask --json` prints, and what an agent's tool gives."""
    return {
        "text": answer.text,
        "fields": answer.fields,
        "model": model,
        "usage": dict(answer.usage),
        "finish_reason": answer.finish_reason,
        "pictures": list(answer.pictures),
        "seconds": round(seconds, 3),
    }


def record_of_choice(choice: Choice, model: str, seconds: float) -> dict[str, Any]:
    """The same of a choice among labels, which stands in `choice` as in lines of results."""
    answer = Answer(choice.label, usage=choice.usage, finish_reason="stop", pictures=choice.pictures)
    told = {"label": choice.label, "probabilities": choice.probabilities}
    return {**record_of_answer(answer, model, seconds), "choice": told}
