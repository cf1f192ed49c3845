"""By what a question to pictures is known again: all that decides its answer, and nothing else."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from typing import Any

from ollama_vision.model import Arguments, OnServer, Settings, resolve_arguments
from ollama_vision.protocol import json_schema

from .question import PictureQuestion

_NOT_OF_THE_ANSWER = ("keep_alive", "truncate", "shift")
"""Fields of a request that change when or whether there is an answer, but not what it says."""
_OF_THE_PICTURE = {"max_pixels", "min_side", "format", "background", "jpeg_quality", "frames", "pages"}
"""Image options that change what is sent; the others say what may be fetched, and how."""
_OF_THE_PICTURE_IF_GIVEN = ("range", "region", "tiles", "clip")
"""Younger ones: without them the hash is what it was before there were any, and no picture is asked about again."""
_NOT_OF_A_CALL = ("max_validation_retries",)
"""Keywords that only the structured endpoints take."""


def arguments_of(settings: Settings, question: PictureQuestion) -> Arguments:
    """What a call of this question will send beside the picture.

    Raises:
        TypeError, ValueError: a keyword that no call takes, or not so.
    """
    keywords = {name: each for name, each in question.keywords.items() if name not in _NOT_OF_A_CALL}
    if question.output_cls:
        return resolve_arguments(settings, "chat", keywords)  # of which a system prompt is a message
    if question.system is not None:
        keywords["system"] = question.system
    return resolve_arguments(settings, "generate", keywords)


def what_is_asked(settings: Settings, question: PictureQuestion) -> dict[str, Any]:
    """Model, prompt, schema, options and the preparation of pictures, as JSON has them; no host, no header, no key."""
    arguments = arguments_of(settings, question)
    options = arguments.image_options
    given = {name for name in _OF_THE_PICTURE_IF_GIVEN if getattr(options, name) is not None}
    chosen: dict[str, Any] = {"choose": list(question.labels)} if question.labels else {}
    if question.calibration is not None:
        chosen["calibration"] = question.calibration.temperature
    if question.confidence:
        chosen["confidence"] = True
    if question.placeholders:
        # The same words without them are another question: they are sent as they stand.
        chosen["placeholders"] = list(question.placeholders)
    fields = {name: each for name, each in arguments.fields.items() if name not in _NOT_OF_THE_ANSWER}
    if question.system is not None:
        # One place for it, whichever endpoint is asked.
        fields["system"] = question.system
    return {
        **chosen,
        "model": settings.model,
        "prompt": question.prompt,
        "options": arguments.options,
        "fields": fields,
        "schema": json_schema(question.output_cls) if question.output_cls else None,
        "pictures": options.model_dump(mode="json", include=_OF_THE_PICTURE | given),
    }


def request_hash(settings: Settings, question: PictureQuestion) -> str:
    """Hex, of `what_is_asked`."""
    return hashlib.sha256(json.dumps(what_is_asked(settings, question), sort_keys=True).encode()).hexdigest()


def require_same_answers(models: Sequence[OnServer]) -> None:
    """Hosts of one run must give the same answers. Raises ValueError that names the setting in which they differ."""
    first = models[0]
    for other in models[1:]:
        for name in ("model", "temperature", "context_window", "additional_kwargs", "thinking", "image_options"):
            if getattr(other, name) != getattr(first, name):
                raise ValueError(
                    f"the hosts must give the same answers, and differ in {name}: {getattr(first, name)!r} on "
                    f"{first.base_url}, {getattr(other, name)!r} on {other.base_url}"
                )
