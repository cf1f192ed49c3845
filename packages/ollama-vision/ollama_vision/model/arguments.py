"""Argument resolution: a call's keywords and the object's settings -> arguments, each used or refused. Pure."""

from __future__ import annotations

import inspect
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

from ollama_vision.protocol import (
    IGNORED_OPTION_NAMES,
    OPTION_NAMES,
    Endpoint,
    Expected,
    Rules,
    is_required,
    json_schema,
    near_name,
    request_options,
    select_tools,
)

from .hidden_headers import HiddenHeaders
from .keywords import CALL_NAMES, CHAT_NAMES, FIELD_NAMES, GENERATE_NAMES, KEYWORD_NAMES, MEANT_FOR_PICTURES

if TYPE_CHECKING:
    from ollama_vision.pictures import ImageOptions


class Settings(Protocol):
    """What a request takes from the object; `ModelSettings` has it."""

    model: str
    temperature: float | None
    context_window: int
    additional_kwargs: dict[str, Any]
    options_unchecked: dict[str, Any]
    keep_alive: float | str | None
    thinking: bool | str | None
    json_mode: bool
    max_retries: int
    deadline: float | None
    image_options: ImageOptions


@dataclass(frozen=True)
class Arguments:
    """One call's arguments, each of them used or refused."""

    endpoint: Endpoint
    options: dict[str, Any]
    fields: dict[str, Any]
    """What stands beside `options` in the body; absent means that the server decides."""
    image_options: ImageOptions
    image_options_from_call: bool
    deadline: float | None
    max_retries: int
    extra_headers: dict[str, str] = field(default_factory=dict)
    tool_rules: Rules = field(default_factory=Rules)
    keep_pictures: int | None = None
    """How many of the newest pictures stay in a conversation; `None` for all."""
    expected: Expected | None = None
    """What the answer must be; `None` for any text."""

    @property
    def wants_thinking(self) -> bool:
        return self.fields.get("think") not in (None, False)

    @property
    def offers_tools(self) -> bool:
        return bool(self.fields.get("tools"))

    @property
    def needs(self) -> frozenset[str]:
        """The abilities that the model must have for them."""
        beside = (
            ("tools", self.offers_tools),
            ("thinking", self.wants_thinking),
            ("insert", self.fields.get("suffix")),
        )
        return frozenset([ability for ability, needed in beside if needed])


def resolve_arguments(
    settings: Settings, endpoint: Endpoint, kwargs: Mapping[str, Any], verb: str = "", pictures_go: str = ""
) -> Arguments:
    """Bring a call's keywords and the settings together.

    Precedence: keyword of the call, then its `options`, then `additional_kwargs`, then the field. `verb` is how errors
    name the call, and `pictures_go` what they say of where its pictures belong.

    Raises:
        TypeError: a keyword that no request has.
        ValueError: a value that cannot be what the caller means.
    """
    if not kwargs.keys() <= _KNOWN[endpoint]:
        name = next(name for name in kwargs if name not in _KNOWN[endpoint])
        raise TypeError(_unknown_keyword(settings, name, verb or _VERBS[endpoint], _KNOWN[endpoint], pictures_go))
    given = {name: value for name, value in kwargs.items() if value is not None or name in OPTION_NAMES}
    image_options = given.get("image_options")
    fields = _fields(settings, given)
    chosen = settings.image_options if image_options is None else _image_options(settings, image_options)
    if chosen.tiles is not None and fields.get("raw"):
        raise ValueError(
            "raw=True sends the prompt as it is, and tiles= needs a line before it that says which image is which. "
            "Leave one of them out."
        )
    form = fields.get("format")
    headers = given.get("extra_headers")
    return Arguments(
        endpoint=endpoint,
        options=request_options(
            {"temperature": settings.temperature, "num_ctx": settings.context_window},
            settings.options_unchecked,
            settings.additional_kwargs,
            given,
            KEYWORD_NAMES,
        ),
        fields=fields,
        expected=None if form is None else Expected.of(given.get("format"), form),
        image_options=chosen,
        image_options_from_call=image_options is not None,
        deadline=_positive("deadline", given.get("deadline", settings.deadline)),
        max_retries=int(given.get("max_retries", settings.max_retries)),
        extra_headers=HiddenHeaders.read(headers) if headers else {},
        tool_rules=_tool_rules(given),
        keep_pictures=_count("keep_pictures", kwargs.get("keep_pictures")),
    )


def empty_question(verb: str, noun: str) -> ValueError:
    """The error for pictures without words."""
    return ValueError(
        f"{verb}() was given pictures but an empty {noun}: the server would load the model and ignore the pictures. "
        "Ask something about them."
    )


def _tool_rules(given: Mapping[str, Any]) -> Rules:
    if given.keys().isdisjoint(("tool_choice", "tool_required", "allow_parallel_tool_calls")):
        return _NO_RULES
    return Rules(
        required=is_required(given.get("tool_choice"), bool(given.get("tool_required"))),
        one_at_most=given.get("allow_parallel_tool_calls") is False,
    )


_NO_RULES = Rules()


def _fields(settings: Settings, given: Mapping[str, Any]) -> dict[str, Any]:
    fields = {name: given[name] for name in GENERATE_NAMES | FIELD_NAMES if name in given}
    # Ollama's own default drops the oldest messages, pictures and all, without a word.
    fields.setdefault("truncate", False)
    if "keep_alive" not in fields and settings.keep_alive is not None:
        fields["keep_alive"] = settings.keep_alive
    form = given.get("format", "json" if settings.json_mode else None)
    if form is not None:
        fields["format"] = form = json_schema(form)
    think = given.get("think", settings.thinking)
    if think is None and form is not None:
        think = False  # a model that thinks would put its thoughts before the JSON, or into it; others do not mind
    if think is not None:
        fields["think"] = think
    if "top_logprobs" in fields:
        fields.setdefault("logprobs", True)
    if (offered := given.get("tools")) and (tools := select_tools(offered, given.get("tool_choice"))):
        fields["tools"] = tools
    return fields


def _image_options(settings: Settings, value: Any) -> ImageOptions:
    kind = type(settings.image_options)
    if isinstance(value, kind):
        return value
    if isinstance(value, Mapping):
        return kind(**value)
    raise ValueError(f"image_options is {value!r}; it must be an ImageOptions")


def _positive(name: str, value: float | None) -> float | None:
    if value is not None and not value > 0:
        raise ValueError(f"{name} is {value!r}; it must be more than 0 seconds, or None")
    return value


def _count(name: str, value: Any) -> int | None:
    if value is not None and (not isinstance(value, int) or isinstance(value, bool) or value < 0):
        raise ValueError(f"{name} is {value!r}; it must be a number from 0 on, or None")
    return value


_VERBS: Mapping[Endpoint, str] = {"chat": "chat", "generate": "complete"}
"""What LlamaIndex calls them."""


# Core says `formatted` of a prompt to whatever completes it.
_EVERYWHERE = FIELD_NAMES | CALL_NAMES | OPTION_NAMES | IGNORED_OPTION_NAMES | {"formatted"}
_KNOWN: Mapping[Endpoint, frozenset[str]] = {
    "chat": _EVERYWHERE | CHAT_NAMES,
    "generate": _EVERYWHERE | GENERATE_NAMES,
}


def _unknown_keyword(settings: Settings, name: str, verb: str, known: Collection[str], pictures_go: str) -> str:
    if name in GENERATE_NAMES:
        return f"{name} belongs to complete(), which uses /api/generate; chat() has messages instead"
    if name in CHAT_NAMES and verb == "complete":
        lacks = "has no history" if name == "keep_pictures" else "cannot offer tools"
        return f"{name} belongs to chat(), which uses /api/chat; complete() {lacks}"
    if name in CHAT_NAMES:
        return f"{verb}() has no keyword {name!r}: it asks one question. OllamaMultiModal.chat() has it."
    if name in _OTHER_NAMES:
        return f"{verb}() has no keyword {name!r}. Did you mean {_OTHER_NAMES[name]!r}?"
    if name in inspect.signature(type(settings)).parameters:
        return f"{name} is a setting of the object: another one has it, {type(settings).__name__}({name}=...)"
    if name.lower() in MEANT_FOR_PICTURES or name == "image_documents":
        where = pictures_go or f"Pictures follow the question: {verb}(question, picture, ...)"
        return f"{verb}() has no keyword {name!r}. {where}"
    return f"{verb}() has no keyword {name!r}.{near_name(name, sorted(known))}"


_OTHER_NAMES = {
    "timeout": "deadline",
    "request_timeout": "deadline",
    "max_new_tokens": "max_tokens",
    "max_output_tokens": "max_tokens",
    "max_completion_tokens": "max_tokens",
    "context_window": "num_ctx",
    "thinking": "think",
    "response_format": "format",
    "stop_sequences": "stop",
    "additional_kwargs": "options",
    "json_mode": "format",
    "schema": "format",
    "headers": "extra_headers",
}
"""What other clients, and this one's constructor, call it."""
