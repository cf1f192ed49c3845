"""Judgement of what the model answered about drawn pictures: does it see, how fast, and did it think."""

from __future__ import annotations

from ollama_vision import words
from ollama_vision.errors import DeadlineError, ModelLoadError, OllamaMultiModalError
from ollama_vision.sight import WHEN_BLIND, SightReport

from .check import Check, ok, warn
from .check import fail as failed
from .facts import Choice, Told
from .server_checks import not_made


def sight(choice: Choice, told: Told[SightReport]) -> Check:
    if isinstance(told, OllamaMultiModalError):
        return failed("sight", f"{choice.name} gave no answer about a drawn picture: {told}", _way_out(told))
    message = f"{str(told).removesuffix('.')} ({_pace(told)})"
    facts = told.to_dict()
    if told.verdict == "blind":
        return failed("sight", message, WHEN_BLIND, **facts)
    if told.verdict == "unclear":
        said = " ".join(told.questions[0].answer.split())
        shown = f"{said[:57]}..." if len(said) > 60 else said
        way = f'Asked "{told.questions[0].question}" it said "{shown}". Ask it about a picture of yours.'
        return warn("sight", message, way, **facts)
    if told.verdict == "sees badly":
        return warn("sight", message, "Ask a larger model, or one that is less quantized.", **facts)
    return ok("sight", message, **facts)


def tokens_per_second(told: Told[SightReport]) -> float | None:
    """How fast it wrote."""
    if isinstance(told, OllamaMultiModalError) or not told.pace.tokens or not told.pace.answer_seconds:
        return None
    return told.pace.tokens / told.pace.answer_seconds


def _pace(report: SightReport) -> str:
    pace, rate = report.pace, tokens_per_second(report)
    told = words.seconds(pace.seconds)
    told += f", {words.seconds(pace.load_seconds)} of them loading" if pace.load_seconds >= 1 else ""
    return told + (f", {rate:.0f} tokens a second" if rate else "")


def _way_out(error: OllamaMultiModalError) -> str:
    if isinstance(error, DeadlineError):
        return "Try again: it may be loaded by now. A smaller model loads and answers faster."
    return "The server's log says more." if isinstance(error, ModelLoadError) else ""


def thinking(choice: Choice, told: Told[SightReport], thinks: bool | None) -> Check:
    """Whether it thought although it was told not to."""
    if isinstance(told, OllamaMultiModalError):
        return not_made("thinking", "there was no answer")
    thought = told.pace.thinking or sum(len(each.answer) for each in told.questions if "<think>" in each.answer)
    if thought:
        way = "Allow more tokens (num_predict) than the answer needs, or take a model that obeys or does not think."
        return warn("thinking", f"{choice.name} thinks, although it was told not to", way, characters=thought)
    can = "can think, and left it when told so" if thinks else "answers without thinking"
    return ok("thinking", f"{choice.name} {can}", characters=0)
