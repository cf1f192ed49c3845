"""Error mapping: HTTP error replies and error lines -> exceptions that say what to do. Values in, values out."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pydantic_core import from_json

from ollama_vision import errors

from .error_context import ErrorContext
from .gateways import busy_words, foreign_failure, too_large_words, wants_password
from .ways_out import MORE_ROOM, SMALLER_PICTURES, lacks, without

_BODY_LIMIT = 10_000
# As texts, compiled when the first error comes: seven patterns cost more than a millisecond of each import.
_GO_MAP = r"(?s)map\[code:(?P<code>\d+) message:(?P<message>.*) type:(?P<type>\w+)\]"
_MISSING_ABILITY = {
    "does not support thinking": "thinking",
    "does not support tools": "tools",
    "does not support insert": "insert",
    "does not support chat": "completion",
    "does not support generate": "completion",
    "image input is not supported": "vision",
    "does not support multimodal requests": "vision",
    "audio input is not supported": "audio",
    "does not support embeddings": "embedding",
}
_LOAD_FAILURES = (
    "llama-server process has terminated",
    "timed out waiting for llama",
    "llama runner process has terminated",
    "llama-server startup failed",
    "llama-server binary not found",
    "error starting llama-server",
    "out-of-memory during startup",
    "is no longer compatible with your version",
    "unable to load model",
    "error loading model",
    "exceeds file size",
    "mmproj metadata",
    "draft model metadata",
    "requires more system memory",
)
_KILLED = r"process has terminated: signal: (killed|terminated|interrupt|hangup)"
"""From outside, while it loaded: by the system where memory is short, or by a hand."""
_STOPPED = ("model runner has unexpectedly stopped", "an error was encountered while running the model")
"""The model's process ended over this very request."""
_INSIDE = (
    r"^connection refused$|^server not responding$|^unexpected server status: |llama-server process no longer running"
    r"|^read health response: |^health unmarshal: |^no slots available after "
    r"|\b(Get|Post) \"http://(127\.0\.0\.1|localhost|\[::1\]):\d+/|\b(dial|read|write) tcp (127\.0\.0\.1|\[::1\]):"
)
"""What stands between Ollama and its llama-server, Go's network errors first: what every request that waits is told
when that one dies."""
_REGISTRY_AWAY = r"^pull model manifest: (Get|Head) \""
_TOO_LONG = r"longer than the context length|input length exceeds the context length"
_LOST_PICTURE = "Chunk not found"
"""llama.cpp of mid 2026, where a cached prompt and a new one part right behind a picture that another one followed."""
_CUT_CALL = r"returned invalid tool call arguments .*unexpected end of JSON input"
_USER_MISTAKES = r'^option "|^invalid format: |^decode WebP image|returned invalid tool call arguments'


@dataclass(frozen=True)
class ServerMessage:
    """The innermost message of an error body; llama-server's comes wrapped in Ollama's, as text."""

    text: str
    details: Mapping[str, Any]


def error_for_reply(
    status: int, headers: Mapping[str, str], body: bytes, asked: ErrorContext
) -> errors.OllamaMultiModalError:
    """The error for a reply whose status, or whose first object, says that the request failed."""
    shown = body[:_BODY_LIMIT].decode("utf-8", "replace")
    message = server_message(body)
    known = {"status": status, "body": shown}
    if status == 401:
        return _authentication(message, headers, known)
    if status == 413:
        return errors.MediaTooLargeError(
            _too_large(asked) if message else too_large_words(headers, shown, asked),
            bytes_sent=asked.media_bytes,
            **known,
        )
    if status in (429, 503):
        return errors.ServerBusyError(
            f"{asked.url} is busy ({status}: {message.text}). Try again later, with more max_retries, or send fewer at "
            "once."
            if message
            else busy_words(status, headers, shown, asked),
            retry_after=_seconds(headers.get("retry-after")),
            transient=True,
            **known,
        )
    if message is None:
        return foreign_failure(status, headers, shown, asked)
    if status == 403:
        return errors.ForbiddenError(f"{asked.url} refuses the request (403): {message.text}", **known)
    return error_for_message(message, asked, known)


def error_for_message(
    message: ServerMessage, asked: ErrorContext, known: Mapping[str, Any]
) -> errors.OllamaMultiModalError:
    """Ollama's statuses are coarse (many of a user's mistakes are 500), so its words decide."""
    text, status = message.text, known.get("status")
    if message.details.get("type") == "exceed_context_size_error" or re.search(_TOO_LONG, text):
        return _overflow(message, known)
    if "pull model manifest: file does not exist" in text:
        return errors.ModelNotFoundError(
            f"The registry has no model {asked.model!r} ({asked.url} says: {text}). https://ollama.com/library lists "
            "those that there are.",
            **known,
        )
    if re.search(_REGISTRY_AWAY, text):
        return errors.ServerError(
            f"{asked.url} gets no manifest from the registry of models (it says: {text}). Look at the network of the "
            "machine that it runs on: a proxy is named to Ollama itself, with HTTPS_PROXY.",
            **known,
        )
    if status == 404 or "not found, try pulling" in text:
        return errors.ModelNotFoundError(
            f"No model {asked.model!r} on {asked.url} (it says: {text}). Get it with: ollama pull {asked.model}",
            **known,
        )
    for words, ability in _MISSING_ABILITY.items():
        if words in text:
            return errors.CapabilityError(
                f"The model {asked.model!r} on {asked.url} {lacks((ability,))} (it says: {text}).{without((ability,))}",
                missing=(ability,),
                **known,
            )
    if re.search(_KILLED, text):
        return errors.ModelLoadError(
            f"The process of the model {asked.model!r} on {asked.url} was killed while it loaded (it says: {text}). "
            "The system does that where memory is short: the server's log and the system's tell.",
            transient=True,
            **known,
        )
    if any(words in text for words in _LOAD_FAILURES):
        return errors.ModelLoadError(
            f"{asked.url} could not run the model {asked.model!r}: {text}. Look at the server's log and its free "
            f"memory, and try: ollama pull {asked.model}",
            **known,
        )
    if ended_under_it(text):
        return errors.ModelLoadError(
            f"The process of the model {asked.model!r} on {asked.url} ended: {text}. Look at the server's log and its "
            "free memory.",
            died=True,
            **known,
        )
    if status == 500 and re.search(_INSIDE, text.strip()):
        return errors.ModelLoadError(
            f"The process of the model {asked.model!r} on {asked.url} died while this request waited (it says: "
            f"{text.strip()}). Ollama starts another with the next request. If it dies again, look at its memory.",
            died=True,
            transient=True,
            **known,
        )
    if re.search(_CUT_CALL, text):
        return errors.AnswerCutError(
            f"A tool call of {asked.model!r} ran into the limit before it was whole ({asked.url} says: {text}). "
            f"{MORE_ROOM}",
            finish_reason="length",
        )
    if _LOST_PICTURE in text:
        return errors.PictureCacheError(
            f"The process of the model {asked.model!r} on {asked.url} lost a picture that it had cached (it says: "
            f"{text}). That is a fault of the server's llama.cpp, not of the picture, and stays until the model is "
            f"unloaded: llm.unload(), or ollama stop {asked.model}. Then ask again; a newer Ollama may be rid of it.",
            **known,
        )
    if "Failed to load image or audio file" in text:
        return errors.BadRequestError(
            f"The model's own decoder refused a picture or sound ({text}). Sound must be wav or mp3.", **known
        )
    if status == 400 or re.search(_USER_MISTAKES, text):
        return errors.BadRequestError(f"{asked.url} refuses the request: {text}", **known)
    if status == 502:
        return errors.ServerError(f"A server behind {asked.url} is out of reach (502): {text}", transient=True, **known)
    shown = "" if status == 200 else f" ({status})"  # of a stream that had begun, 200 says nothing
    return errors.ServerError(f"{asked.url} answered with an error{shown}: {text}", **known)


def ended_under_it(text: str) -> bool:
    """Whether the model's process ended while it answered this very request."""
    return any(words in text for words in _STOPPED)


def server_message(body: bytes) -> ServerMessage | None:
    """What an error body says, unwrapped; `None` when it is not an error object of Ollama's."""
    try:
        parsed = from_json(body)
    except ValueError:
        return None
    if not isinstance(parsed, dict) or "error" not in parsed:
        return None
    details = dict(parsed)
    inner = parsed["error"]
    for _ in range(3):  # Ollama's object, llama-server's in it as text, and the object in that
        if isinstance(inner, str):
            if match := re.search(_GO_MAP, inner):
                return ServerMessage(match["message"], {**details, "code": int(match["code"]), "type": match["type"]})
            if not inner.lstrip().startswith("{"):
                return ServerMessage(inner, details)
            try:
                inner = from_json(inner)
            except ValueError:
                return ServerMessage(str(inner), details)
        if isinstance(inner, dict):
            details.update(inner)
            inner = inner.get("error", inner.get("message", str(inner)))
        else:
            break
    return ServerMessage(str(inner), details)


def _overflow(message: ServerMessage, known: Mapping[str, Any]) -> errors.ContextOverflowError:
    prompt, window = (_count(message.details.get(name)) for name in ("n_prompt_tokens", "n_ctx"))
    return errors.ContextOverflowError(message.text, n_prompt_tokens=prompt, n_ctx=window, **known)


def _authentication(
    message: ServerMessage | None, headers: Mapping[str, str], known: Mapping[str, Any]
) -> errors.AuthenticationError:
    link = str(message.details.get("signin_url") or "") if message else ""
    if link:
        way = f"Sign in at {link}"
    elif message is None and wants_password(headers):
        way = "A gateway before it wants a name and a password: write them into the address, https://name:password@host"
    else:
        way = 'Pass headers={"Authorization": "Bearer ..."}, or set OLLAMA_API_KEY'
    said = f" ({message.text})" if message and message.text else ""
    return errors.AuthenticationError(
        f"The server wants to know who asks (401){said}. {way}.", signin_url=link, **known
    )


def _too_large(asked: ErrorContext) -> str:
    return (
        f"{asked.url} takes no request of this size: {asked.media_bytes:,} bytes of pictures were sent (413). "
        f"Ollama's limit is about 75 MB for one request; {SMALLER_PICTURES}."
    )


def _count(value: Any) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _seconds(value: str | None) -> float | None:
    """Retry-After in seconds; its other form, a date, is rare enough to leave to the usual back-off."""
    try:
        seconds = float(value or "")
    except ValueError:
        return None
    return max(0.0, seconds) if math.isfinite(seconds) else None
