"""JSON extraction and validation: structured output where the server enforces no schema, found in prose and checked.

Ollama's cloud and some MLX builds take `format` and do nothing with it. Their models answer in prose, in a fence, or
behind their thoughts; what a llama.cpp server answers is JSON already, and is what is found first. Pure.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, Protocol, TypeVar

from pydantic import BaseModel, ValidationError
from pydantic_core import PydanticCustomError, from_json

from ollama_vision import errors

from .schema import json_schema
from .ways_out import MORE_ROOM

Model = TypeVar("Model", bound=BaseModel)
_THOUGHTS = re.compile(r"\A(?:\s*<think>(?:(?!</think>).)*\Z|.*?</think>)", re.DOTALL | re.IGNORECASE)
"""Also those that do not end, and those whose beginning stands in the model's template (DeepSeek R1)."""
_FENCED = re.compile(r"```[\w+-]*[ \t]*\n(.*?)(?:```|\Z)", re.DOTALL)
_BEGINS = re.compile(r"[{\[]")
_LIKE_JSON = re.compile(r"""\{\s*(?:["'}/]|\w+\s*:)|\[\s*(?:[\[{"'\]\d-]|true\b|false\b|null\b)""")
"""An object or a list that somebody began to write, also in JavaScript's form; not a bracket of prose."""
_TEXT_OR_BRACKET = re.compile(r'"(?:[^"\\]|\\.)*"|[{\[}\]]', re.DOTALL)
_COMMA_BEFORE_END = re.compile(r'("(?:[^"\\]|\\.)*")|,(?=\s*[}\]])')
_MOST_BEGINNINGS = 64
"""Of prose full of braces, so many places are looked at: each costs a reading of the rest."""
_TYPES: dict[str, type | tuple[type, ...]] = {
    "object": dict,
    "array": list,
    "string": str,
    "boolean": bool,
    "number": (int, float),
    "integer": int,
    "null": type(None),
}


def json_in(answer: str) -> Iterator[str]:
    """The texts in an answer that are JSON, the likeliest first: all of it, or what is fenced and what stands in prose.

    Nothing that stands within another object or list: of one that was cut or is damaged, a part is no answer.
    """
    whole = answer.replace("\ufeff", "").strip()
    if _reads(whole):
        yield whole
        return
    text = _THOUGHTS.sub("", whole).strip()
    found: set[str] = set()
    for form in dict.fromkeys((text, _COMMA_BEFORE_END.sub(lambda comma: comma[1] or "", text))):
        if _reads(form):
            yield form
            return
        for part in (*(part.strip() for part in _FENCED.findall(form) if _reads(part)), *_in_prose(form)):
            if part not in found:
                found.add(part)
                yield part


def _reads(text: str) -> bool:
    try:
        from_json(text)
    except ValueError:
        return False
    return True


def _in_prose(text: str) -> Iterator[str]:
    decoder, at = json.JSONDecoder(), 0
    for _ in range(_MOST_BEGINNINGS):
        begin = _BEGINS.search(text, at)
        if begin is None:
            return
        try:
            _, at = decoder.raw_decode(text, begin.start())
            yield text[begin.start() : at]
        except (ValueError, RecursionError):
            at = _end_of_damaged(text, begin.start()) if _LIKE_JSON.match(text, begin.start()) else begin.end()


def _end_of_damaged(text: str, start: int) -> int:
    """Where an object or list ends that is no JSON: by its brackets; the text's end, when it was cut."""
    depth = 0
    for mark in _TEXT_OR_BRACKET.finditer(text, start):
        depth += {"{": 1, "[": 1, "}": -1, "]": -1}.get(mark[0], 0)
        if depth == 0:
            return mark.end()
    return len(text)


def begun(answer: str) -> str:
    """The JSON that an unfinished answer has begun with, without what stands before it."""
    text = _THOUGHTS.sub("", answer.replace("\ufeff", ""))
    begin = _BEGINS.search(text)
    return text[begin.start() :].partition("```")[0] if begin else ""


SEVERAL = "it has several answers, which differ"

Answer = TypeVar("Answer", contravariant=True)
Result = TypeVar("Result", covariant=True)


class Said(Protocol):
    """What an answer says, as far as it is checked."""

    @property
    def text(self) -> str: ...
    @property
    def thinking(self) -> str: ...
    @property
    def finish_reason(self) -> str: ...


class Reply(Said, Protocol):
    """An answer that may call tools in place of what was asked for."""

    @property
    def calls(self) -> Sequence[Mapping[str, Any]]: ...


class Form(Protocol[Answer, Result]):
    """What an answer must be; the two classes below."""

    def read(self, answer: Answer) -> Result:
        """What the answer is. Raises ValueError for one that does not fit."""

    def asks_again(self, fault: ValueError) -> str:
        """What the model is told after an answer that does not fit."""

    def refusal(self, model: str, answer: Answer, fault: ValueError, asked: int) -> errors.StructuredOutputError:
        """The error for one that was asked for often enough."""


@dataclass(frozen=True)
class Expected:
    """What a call's `format` asks for: any object, what a JSON Schema says at its top, or all that a class says."""

    schema: Mapping[str, Any]
    output_cls: Any = None
    """A pydantic class, when `format` is one."""

    @classmethod
    def of(cls, form: Any, schema: Mapping[str, Any] | None) -> Expected | None:
        if schema is None or isinstance(form, CheckedByTheAsker):
            return None
        return cls(schema, form if isinstance(form, type) else None)

    def find(self, answer: str) -> str:
        """The JSON in an answer that is what was asked for.

        Raises:
            ValueError: there is none, or more than one; says what is wrong with the likeliest.
        """
        first, fitting = "", ""
        for text in json_in(answer):
            problem = self._problem(text)
            if problem:
                first = first or problem
            elif fitting and from_json(text) != from_json(fitting):
                raise ValueError(SEVERAL)
            else:
                fitting = fitting or text
        if not fitting:
            raise ValueError(first or "it is no JSON")
        return fitting

    def read(self, answer: Reply) -> str:
        """The JSON in it; where it calls tools, all that it says."""
        return answer.text if answer.calls else self.find(answer.text)

    def asks_again(self, fault: ValueError) -> str:
        return asks_again(str(fault), self.schema)

    def refusal(self, model: str, answer: Said, fault: ValueError, asked: int) -> errors.StructuredOutputError:
        return unfit(model, answer.text, str(fault), answer.finish_reason, asked)

    def _problem(self, text: str) -> str:
        if self.output_cls is not None:
            try:
                self.output_cls.model_validate_json(text)
            except ValidationError as fault:
                return problems(fault)
            return ""
        value, kind = from_json(text), self.schema.get("type")
        if isinstance(kind, str) and kind in _TYPES:
            is_of_it = isinstance(value, _TYPES[kind]) and not (
                kind in ("number", "integer") and value in (True, False)
            )
            if not is_of_it:
                return f"it is no {kind}"
        if isinstance(value, dict):
            missing = [name for name in self.schema.get("required") or () if name not in value]
            if missing:
                return f"it lacks {', '.join(map(repr, missing))}"
        return ""


class CheckedByTheAsker(dict[str, Any]):
    """A schema whose answers are checked by who asks: no call checks them too."""


@dataclass(frozen=True)
class ObjectOf(Generic[Model]):
    """What an answer must be that is an object of a class."""

    output_cls: type[Model]
    schema: CheckedByTheAsker

    @classmethod
    def of(cls, output_cls: type[Model]) -> ObjectOf[Model]:
        return cls(output_cls, CheckedByTheAsker(json_schema(output_cls) or {}))

    def read(self, answer: Said) -> Model:
        return object_in(self.output_cls, answer.text)

    def asks_again(self, fault: ValueError) -> str:
        return asks_again(problems(fault), self.schema)

    def refusal(self, model: str, answer: Said, fault: ValueError, asked: int) -> errors.StructuredOutputError:
        """For an answer that was cut, too."""
        text, reason = answer.text, answer.finish_reason
        return no_object(model, self.output_cls, text, answer.thinking, reason, fault, asked)


def asks_again(problem: str, schema: Mapping[str, Any]) -> str:
    """What a model is told after an answer that does not fit: also what would, for it may never have seen that."""
    return (
        f"This answer does not fit the JSON schema: {problem}. Answer again, with nothing but JSON that fits this "
        f"schema: {json.dumps(schema)}"
    )


def why_not(model: str, answer: str) -> str:
    """Where the answer is, and what may be behind it, as sentences for the error."""
    if model.endswith("cloud") or next(json_in(answer), None) is None:
        why = (
            "The server seems not to enforce schemas: Ollama's cloud and some MLX builds do not. Another model of this "
            "machine may help."
        )
    else:
        why = "A simpler class, field descriptions or a larger model may help."
    return f"The answer is in partial_text. {why}"


_MOST_PROBLEMS = 10


def problems(fault: ValueError) -> str:
    """What is wrong, in one line."""
    if not isinstance(fault, ValidationError):
        return str(fault)
    found = fault.errors(include_url=False, include_context=False, include_input=False)
    shown = [f"{'.'.join(map(str, each['loc'])) or 'the whole'}: {each['msg']}" for each in found[:_MOST_PROBLEMS]]
    more = [f"and {len(found) - len(shown)} more"] if len(found) > len(shown) else []
    return "; ".join([*shown, *more])


def unfit(model: str, text: str, problem: str, reason: str, asked: int) -> errors.StructuredOutputError:
    """The error for an answer that is not what `format` asks for."""
    if reason == "length":
        words = f"{model!r} ran into the limit before its JSON was whole: {len(text)} characters came"
        way = MORE_ROOM
    else:
        times = f", asked {asked} times" if asked > 1 else ""
        words = f"{model!r} did not answer as format asks{times}: {problem}"
        way = why_not(model, text)
    return errors.StructuredOutputError(
        f"{words}. {way}", partial_text=text, finish_reason=reason, validation_error=problem
    )


def object_in(output_cls: type[Model], answer: str) -> Model:
    """The object that an answer is.

    Raises:
        ValidationError: it is none, or there is more than one.
    """
    first: ValidationError | None = None
    fitting: list[Model] = []
    for text in json_in(answer):
        try:
            fitting.append(_validate(output_cls, text))
        except ValidationError as fault:
            first = first or fault
    if any(other != fitting[0] for other in fitting[1:]):
        several = PydanticCustomError("several", SEVERAL)
        raise ValidationError.from_exception_data(output_cls.__name__, [{"type": several, "input": None}])
    if fitting:
        return fitting[0]
    if first is not None:
        raise first
    return output_cls.model_validate_json(answer)  # no JSON: says so


def _validate(output_cls: type[Model], text: str) -> Model:
    """What a text is; of a list of one thing that thing, if need be: models wrap an object so."""
    try:
        return output_cls.model_validate_json(text)
    except ValidationError:
        value = from_json(text)
        if not isinstance(value, list) or len(value) != 1:
            raise
    return output_cls.model_validate_json(json.dumps(value[0]))


def no_object(
    model: str,
    output_cls: type[BaseModel],
    text: str,
    thinking: str,
    reason: str,
    fault: ValueError,
    asked: int,
) -> errors.StructuredOutputError:
    """The error for an answer that is no object of its class: it was cut, or has been asked for often enough."""
    name = output_cls.__name__
    if reason == "length":
        words = f"{model!r} ran into the limit before its {name} was whole: {len(text)} characters came"
        way = MORE_ROOM
    else:
        words = f"{model!r} gave no {name}: asked {asked} times, and the answer still has {problems(fault)}"
        way = why_not(model, text)
    return errors.StructuredOutputError(
        f"{words}. {way}", partial_text=text, thinking=thinking, finish_reason=reason, validation_error=str(fault)
    )
