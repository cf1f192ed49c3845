"""Ollama's requests, parsed and validated: bytes in, checked values out. No sockets, no models."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from . import go_types, gojson
from .gojson import GoError, kind_of
from .tool_types import TOOLS

LEVELS = '"high", "medium", "low", "max", true, or false'
FOREVER = float("inf")


class RequestError(Exception):
    """A request that gets `status` and an `error` text in place of an answer."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(status, text)
        self.status = status
        self.text = text


@dataclass(frozen=True)
class Message:
    """One turn of a chat."""

    role: str
    content: str = ""
    thinking: str = ""
    images: tuple[bytes, ...] = ()
    tool_calls: tuple[Mapping[str, Any], ...] = ()
    tool_name: str = ""
    tool_call_id: str = ""


@dataclass(frozen=True)
class Request:
    """What both endpoints take. `model` is the name as sent: replies echo it."""

    model: str = ""
    stream: bool = True
    format: Any = None
    keep_alive: float | None = None
    """Seconds; negative is `FOREVER`; `None` when the request does not say."""
    options: Mapping[str, Any] = field(default_factory=dict)
    think: bool | str | None = None
    truncate: bool | None = None
    shift: bool | None = None
    logprobs: bool = False
    top_logprobs: int = 0
    render_only: bool = False

    @property
    def pictures(self) -> tuple[bytes, ...]:
        """All media of the request, in order."""
        raise NotImplementedError

    def with_pictures(self, pictures: Sequence[bytes]) -> Request:
        """The same with other media in their places, as many of them."""
        raise NotImplementedError

    @property
    def is_empty(self) -> bool:
        """Nothing is asked: the request loads or unloads the model."""
        raise NotImplementedError

    @property
    def needs(self) -> tuple[str, ...]:
        """Capabilities that the answer takes, beyond thinking."""
        raise NotImplementedError


@dataclass(frozen=True)
class ChatRequest(Request):
    """A request to /api/chat."""

    messages: tuple[Message, ...] = ()
    tools: tuple[Mapping[str, Any], ...] = ()

    @property
    def pictures(self) -> tuple[bytes, ...]:
        return tuple(image for message in self.messages for image in message.images)

    def with_pictures(self, pictures: Sequence[bytes]) -> ChatRequest:
        left = iter(pictures)
        messages = (replace(each, images=tuple(next(left) for _ in each.images)) for each in self.messages)
        return replace(self, messages=tuple(messages))

    @property
    def is_empty(self) -> bool:
        return not self.messages

    @property
    def needs(self) -> tuple[str, ...]:
        return ("tools",) if self.tools else ()


@dataclass(frozen=True)
class GenerateRequest(Request):
    """A request to /api/generate."""

    prompt: str = ""
    suffix: str = ""
    system: str = ""
    template: str = ""
    context: tuple[int, ...] = ()
    raw: bool = False
    images: tuple[bytes, ...] = ()

    @property
    def pictures(self) -> tuple[bytes, ...]:
        return self.images

    def with_pictures(self, pictures: Sequence[bytes]) -> GenerateRequest:
        return replace(self, images=tuple(pictures))

    @property
    def is_empty(self) -> bool:
        # Pictures do not count: the real server loads the model and ignores them.
        return not self.prompt

    @property
    def needs(self) -> tuple[str, ...]:
        return ("insert",) if self.suffix else ()


class Fields:
    """A JSON object read with Go's rules: names in any case, null is absent, wrong kinds are refused."""

    def __init__(self, value: Mapping[str, Any], path: str) -> None:
        self._values = {name.lower(): item for name, item in value.items()}
        self._path = path

    @classmethod
    def of_body(cls, body: bytes, name: str) -> Fields:
        return cls(gojson.loads_object(body, f"api.{name}"), name)

    def get(self, name: str, kind: str, go_type: str) -> Any:
        value = self._values.get(name)
        if value is None or kind in ("any", kind_of(value)):
            return value
        raise self.wrong(value, name, go_type)

    def wrong(self, value: Any, name: str, go_type: str) -> GoError:
        place = f"{self._path}.{name}"
        return GoError(f"json: cannot unmarshal {kind_of(value)} into Go struct field {place} of type {go_type}")

    def text(self, name: str) -> str:
        return str(self.get(name, "string", "string") or "")

    def flag(self, name: str) -> bool | None:
        value = self.get(name, "bool", "bool")
        return None if value is None else bool(value)

    def objects(self, name: str, go_type: str, item_type: str) -> tuple[Mapping[str, Any], ...]:
        items = self.get(name, "array", go_type) or []
        for item in items:
            if not isinstance(item, Mapping | None):
                raise self.wrong(item, name, item_type)
        return tuple(item or {} for item in items)

    def images(self) -> tuple[bytes, ...]:
        items = self.get("images", "array", "[]api.ImageData") or []
        return tuple(self._image(item) for item in items)

    def _image(self, item: Any) -> bytes:
        if item is None:
            return b""
        if isinstance(item, str):
            return gojson.decode_base64(item)
        if isinstance(item, list) and all(isinstance(byte, int) and 0 <= byte < 256 for byte in item):
            return bytes(item)
        raise self.wrong(item, "images", "api.ImageData")


def parse_chat(body: bytes) -> ChatRequest:
    """Read the body of /api/chat, or refuse it as the real server does."""
    try:
        fields = Fields.of_body(body, "ChatRequest")
        messages = fields.objects("messages", "[]api.Message", "api.Message")
        tools = fields.objects("tools", "api.Tools", "api.Tool")
        go_types.hold(list(tools), TOOLS, "ChatRequest", "tools")
        return ChatRequest(
            messages=tuple(_message(message) for message in messages),
            tools=tools,
            **_shared_fields(fields),
        )
    except GoError as fault:
        raise RequestError(400, str(fault)) from None


def parse_generate(body: bytes) -> GenerateRequest:
    """Read the body of /api/generate, or refuse it as the real server does."""
    try:
        fields = Fields.of_body(body, "GenerateRequest")
        return GenerateRequest(
            prompt=fields.text("prompt"),
            suffix=fields.text("suffix"),
            system=fields.text("system"),
            template=fields.text("template"),
            context=tuple(int(token) for token in fields.get("context", "array", "[]int") or ()),
            raw=bool(fields.flag("raw")),
            images=fields.images(),
            **_shared_fields(fields),
        )
    except GoError as fault:
        raise RequestError(400, str(fault)) from None


def parse_named(body: bytes) -> tuple[str, bool, bool]:
    """The `model` (or its old name `name`), `stream` and `verbose` of /api/show and /api/pull."""
    try:
        fields = Fields.of_body(body, "ShowRequest")
        stream = fields.flag("stream")
        name = fields.text("model") or fields.text("name")
        return name, stream is not False, bool(fields.flag("verbose"))
    except GoError as fault:
        raise RequestError(400, str(fault)) from None


def _message(value: Mapping[str, Any]) -> Message:
    fields = Fields(value, "ChatRequest.messages")
    calls = fields.objects("tool_calls", "[]api.ToolCall", "api.ToolCall")
    for call in calls:
        function = call.get("function")
        arguments = function.get("arguments") if isinstance(function, Mapping) else None
        if isinstance(arguments, str):
            raise GoError("Value looks like object, but can't find closing '}' symbol")
    return Message(
        role=fields.text("role").lower(),
        content=fields.text("content"),
        thinking=fields.text("thinking"),
        images=fields.images(),
        tool_calls=calls,
        tool_name=fields.text("tool_name"),
        tool_call_id=fields.text("tool_call_id"),
    )


def _shared_fields(fields: Fields) -> dict[str, Any]:
    top_logprobs = int(fields.get("top_logprobs", "number", "int") or 0)
    stream = fields.flag("stream")
    answer_format = fields.get("format", "any", "json.RawMessage")
    return {
        "model": fields.text("model"),
        "stream": stream is not False,
        "format": answer_format if answer_format != "" else None,
        "keep_alive": keep_alive_seconds(fields.get("keep_alive", "any", "api.Duration")),
        "options": dict(fields.get("options", "object", "map[string]interface {}") or {}),
        "think": _think(fields.get("think", "any", "api.ThinkValue")),
        "truncate": fields.flag("truncate"),
        "shift": fields.flag("shift"),
        "logprobs": bool(fields.flag("logprobs")),
        "top_logprobs": top_logprobs,
        "render_only": bool(fields.flag("_debug_render_only")),
    }


def keep_alive_seconds(value: Any) -> float | None:
    """Of a number, or of a Go duration; negative is `FOREVER`."""
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        go_type = {"bool": "bool", "array": "[]interface {}"}.get(kind_of(value), "map[string]interface {}")
        raise GoError(f"Unsupported type: '{go_type}'")
    seconds = gojson.duration(value) if isinstance(value, str) else float(value)
    return FOREVER if seconds < 0 else seconds


def _think(value: Any) -> bool | str | None:
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, str):
        if value not in ("high", "medium", "low", "max"):
            raise GoError(f'invalid think value: "{value}" (must be {LEVELS})')
        return value
    raise GoError(f"think must be a boolean or string ({LEVELS})")


def check_request(request: Request) -> None:
    """What is refused before the model is looked up."""
    if not 0 <= request.top_logprobs <= 20:
        raise RequestError(400, "top_logprobs must be between 0 and 20")
    if isinstance(request, ChatRequest) and not request.model:
        raise RequestError(400, "model is required")


def check_raw(request: Request) -> None:
    """A raw prompt goes to the model as it is, so nothing may claim to shape it."""
    if not isinstance(request, GenerateRequest) or not request.raw:
        return
    if request.template or request.system or request.context:
        raise RequestError(400, "raw mode does not support template, system, or context")


def check_abilities(request: Request, abilities: frozenset[str], full_name: str) -> None:
    """What the model cannot do is refused by name; nobody checks for vision, and so it is here."""
    if request.think and "thinking" not in abilities:
        raise RequestError(400, f'"{request.model}" does not support thinking')
    missing = [need for need in request.needs if need not in abilities]
    if missing:
        raise RequestError(400, "\n".join(f"{full_name} does not support {need}" for need in missing))
    if "completion" not in abilities:
        what = "chat" if isinstance(request, ChatRequest) else "generate"
        raise RequestError(400, f'"{request.model}" does not support {what}')


def check_format(request: Request) -> None:
    """A format is "json" or a schema object."""
    if request.format is None or request.format == "json" or isinstance(request.format, Mapping):
        return
    shown = gojson.dumps(gojson.dumps(request.format).decode()).decode()
    raise RequestError(500, f'invalid format: {shown}; expected "json" or a valid JSON Schema object')
