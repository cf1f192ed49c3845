"""Argument resolution: a call's keywords and the object's settings -> arguments, each used or refused. Pure."""

from __future__ import annotations

import inspect
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

from ollama_vision.http import checked_headers
from ollama_vision.protocol import (
    IGNORED_OPTION_NAMES,
    OPTION_NAMES,
    Endpoint,
    Expected,
    Rules,
    check_options,
    check_values,
    is_required,
    json_schema,
    mapping,
    near_name,
    option_defaults,
    select_tools,
)
from ollama_vision.user_warnings import warn_user

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

    def needs(self, of_media: Iterable[str]) -> frozenset[str]:
        """The abilities that the model must have, those that its pictures and sounds ask for included."""
        beside = {
            "tools": self.offers_tools,
            "thinking": self.wants_thinking,
            "insert": bool(self.fields.get("suffix")),
        }
        return frozenset(of_media) | {ability for ability, needed in beside.items() if needed}


def resolve_arguments(settings: Settings, endpoint: Endpoint, kwargs: Mapping[str, Any], verb: str = "") -> Arguments:
    """Bring a call's keywords and the settings together.

    Precedence: keyword of the call, then its `options`, then `additional_kwargs`, then the field. `verb` is how errors
    name the call.

    Raises:
        TypeError: a keyword that no request has.
        ValueError: a value that cannot be what the caller means.
    """
    # Core says `formatted` of a prompt to whatever completes it.
    known = FIELD_NAMES | CALL_NAMES | OPTION_NAMES | IGNORED_OPTION_NAMES | {"formatted"}
    known |= CHAT_NAMES if endpoint == "chat" else GENERATE_NAMES
    for name in kwargs:
        if name not in known:
            raise TypeError(_unknown_keyword(settings, name, verb or _VERBS[endpoint], known))
    given = {name: value for name, value in kwargs.items() if value is not None or name in OPTION_NAMES}
    image_options = given.get("image_options")
    fields = _fields(settings, given)
    deadline = given.get("deadline", settings.deadline)
    return Arguments(
        endpoint=endpoint,
        options=_options(settings, given),
        fields=fields,
        expected=Expected.of(given.get("format"), fields.get("format")),
        image_options=settings.image_options if image_options is None else _image_options(settings, image_options),
        image_options_from_call=image_options is not None,
        deadline=_positive("deadline", deadline),
        max_retries=int(given.get("max_retries", settings.max_retries)),
        extra_headers=checked_headers(given.get("extra_headers") or {}),
        tool_rules=Rules(
            required=is_required(given.get("tool_choice"), bool(given.get("tool_required"))),
            one_at_most=given.get("allow_parallel_tool_calls") is False,
        ),
        keep_pictures=_count("keep_pictures", kwargs.get("keep_pictures")),
    )


def _options(settings: Settings, given: Mapping[str, Any]) -> dict[str, Any]:
    per_call = mapping("options", given.get("options"))
    checked = {**settings.additional_kwargs, **per_call}
    check_options(settings.additional_kwargs, "additional_kwargs", KEYWORD_NAMES)
    check_options(per_call, "options", KEYWORD_NAMES)
    named = option_defaults(given)
    fields = {"temperature": settings.temperature, "num_ctx": settings.context_window}
    check_values({**fields, **checked, **named})
    options = {
        **fields,
        **settings.options_unchecked,
        **checked,
        **mapping("options_unchecked", given.get("options_unchecked")),
        **named,
    }
    for name in options:
        if name in IGNORED_OPTION_NAMES:
            warn_user(f"Ollama ignores the option {name!r}; it has no effect")
    if options.get("num_predict") == 0:
        raise ValueError(
            "num_predict (max_tokens) is 0, which is no limit at all on one of Ollama's paths and one token on the "
            "other; use preload() to load a model without an answer"
        )
    if isinstance(options.get("stop"), str):  # the server wants a list and calls a string an internal error
        options["stop"] = [options["stop"]]
    return {name: value for name, value in options.items() if value is not None}


def _fields(settings: Settings, given: Mapping[str, Any]) -> dict[str, Any]:
    fields = {name: given[name] for name in GENERATE_NAMES | FIELD_NAMES if name in given}
    # Ollama's own default drops the oldest messages, pictures and all, without a word.
    fields.setdefault("truncate", False)
    if "keep_alive" not in fields and settings.keep_alive is not None:
        fields["keep_alive"] = settings.keep_alive
    form = json_schema(given.get("format", "json" if settings.json_mode else None))
    fields.pop("format", None)
    if form is not None:
        fields["format"] = form
    think = given.get("think", settings.thinking)
    if think is None and form is not None:
        think = False  # a model that thinks would put its thoughts before the JSON, or into it; others do not mind
    if think is not None:
        fields["think"] = think
    if "top_logprobs" in fields:
        fields.setdefault("logprobs", True)
    tools = select_tools(given.get("tools") or (), given.get("tool_choice"))
    if tools:
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


def _unknown_keyword(settings: Settings, name: str, verb: str, known: Collection[str]) -> str:
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
        return f"{verb}() has no keyword {name!r}. Pictures follow the question: {verb}(question, picture, ...)"
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
