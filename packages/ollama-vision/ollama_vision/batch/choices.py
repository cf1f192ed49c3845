"""A batch whose answers are labels, or whose fields are weighed: checked before anything is asked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from ollama_vision.model import Calibration, PlainQuestion, check_choice
from ollama_vision.protocol import fields_of_few_values

from .asking.question import PictureQuestion


def question_of(
    model: str,
    question: PictureQuestion,
    labels: Sequence[str],
    calibration: Calibration | str | Path | None,
    *,
    confidence: bool,
) -> PictureQuestion:
    """The question with its labels, or with its fields to be weighed.

    Raises:
        TypeError, ValueError: labels that cannot be, a calibration of something else, nothing that could be weighed.
        OSError: the calibration cannot be read.
    """
    output_cls = question.output_cls
    if not labels and not isinstance(labels, str):
        if calibration is not None:
            raise ValueError("calibration is for labels, and there are none: choose=[...].")
        if confidence and output_cls is None:
            raise ValueError("confidence is of fields, and no schema is given: schema=...")
        if confidence and output_cls and not fields_of_few_values(output_cls.model_json_schema()):
            raise ValueError("confidence is of fields that are enums or booleans, and the schema has none of them.")
        return replace(question, confidence=confidence)
    if output_cls is not None:
        raise ValueError("choose and schema are two forms of answers: give one of them.")
    if confidence:
        raise ValueError("confidence is of a schema's fields; the probabilities of labels are told without it.")
    names = check_choice(PlainQuestion(question.prompt), labels)
    fitted = None if calibration is None else Calibration.read(calibration)
    if fitted is not None:
        fitted.check(model, names)
    return replace(question, labels=names, calibration=fitted)
