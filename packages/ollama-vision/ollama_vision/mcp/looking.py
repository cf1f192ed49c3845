"""Tools about one picture, or the model itself: `look` (zoom by region or tiles) and `prove_sight`."""

from __future__ import annotations

import time
from contextlib import aclosing
from typing import TYPE_CHECKING, Any

from ollama_vision.errors import AnswerCutError, EmptyResponseError

from .arguments import Look, ProveSight
from .results import told

if TYPE_CHECKING:
    from mcp.types import CallToolResult

    from ollama_vision.model import Answer, VisionModel

    from .service import Report, Service

_BETWEEN_REPORTS = 0.5
"""Seconds: a report for each word would be more traffic than the answer."""


async def look(service: Service, given: Look, report: Report) -> CallToolResult:
    picture = await service.picture(given.picture)
    model = await service.model()
    keywords: dict[str, Any] = {} if service.think is None else {"think": service.think}
    if given.region is not None or given.tiles is not None:
        keywords["image_options"] = _options_for(model, given)
    from ollama_vision.model import record_of_answer

    await report(0, None, f"Asking {model.model}")
    begin = time.monotonic()
    answer = await _whole(model, given.question, picture, keywords, report)
    if not answer.text.strip():
        raise EmptyResponseError(
            f"{model.model} answered with nothing. Ask in other words, or ask another model.",
            finish_reason=answer.finish_reason,
        )
    if answer.finish_reason == "length":
        raise AnswerCutError(
            f"The answer of {model.model} is not whole: it ran into the limit. Ask for less, or in parts.",
            partial_text=answer.text,
            finish_reason="length",
        )
    return told(answer.text, record_of_answer(answer, model.model, time.monotonic() - begin))


async def _whole(model: VisionModel, question: str, picture: Any, keywords: dict[str, Any], report: Report) -> Answer:
    """The answer, of which is reported that it grows: whoever waits knows that somebody is at work."""
    answer: Answer | None = None
    last, pieces = 0.0, 0
    async with aclosing(await model.astream(question, picture, **keywords)) as answers:
        async for item in answers:
            answer, pieces = item, pieces + 1
            if time.monotonic() - last >= _BETWEEN_REPORTS:
                last = time.monotonic()
                await report(pieces, None, f"{model.model} answers")
    assert answer is not None, "a stream has at least one item"  # noqa: S101
    return answer


def _options_for(model: VisionModel, given: Look) -> Any:
    from ollama_vision.model import options_for

    options = model.image_options
    if given.region is not None:
        options = options_for(options, given.region)
    return options.model_copy(update={"tiles": given.grid()})


async def prove_sight(service: Service, given: ProveSight, report: Report) -> CallToolResult:
    model = await service.model(given.model)
    await report(0, None, f"Asking {model.model} about drawn pictures")
    proof = await model.aprove_sight()
    return told(str(proof), proof.to_dict())
