"""Reply accumulator: gathers the lines (NDJSON) of chat and generate, whole and streamed."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, Generic, TypeVar

from pydantic_core import from_json

from ollama_vision import errors

from .error_context import ErrorContext
from .failures import ended_under_it, error_for_reply, server_message
from .gateways import not_ollama
from .json_answers import Expected, unfit
from .request import Endpoint
from .tools import Rules, parse_arguments
from .ways_out import MORE_ROOM

T = TypeVar("T")
_SHOWN = 300
_SHOWN_ELSEWHERE = frozenset(("message", "response", "thinking", "tool_calls"))
"""Fields that `additional_kwargs` holds as a whole, not as the line has them, or not at all."""


class Accumulator(Generic[T]):
    """One reply, line by line; what it has so far is what an error carries away, and what `make` makes items of."""

    item: T
    """The last item that was made; there is none before the first line."""

    def __init__(
        self,
        endpoint: Endpoint,
        asked: ErrorContext,
        make: Callable[[Accumulator[T]], T],
        *,
        headers: Mapping[str, str],
        every_line: bool = True,
        tools_offered: bool = False,
        tool_rules: Rules | None = None,
        pictures: list[dict[str, Any]] | None = None,
        expected: Expected | None = None,
    ) -> None:
        self.done = False
        self.text = ""
        self.thinking = ""
        self.piece = ""
        """What the last line added to the text."""
        self.thought = ""
        """What the last line added to the thinking."""
        self.reply: dict[str, Any] = {}
        """The last line; once it is done, the whole reply, as a server that does not stream would have sent it."""
        self.logprobs: list[dict[str, Any]] = []
        """Of the last line's tokens; once it is done, of all."""
        self.usage = (0, 0)
        """Tokens of prompt and answer, once it is done."""
        self.finish_reason = ""
        self.fault: errors.OllamaMultiModalError | None = None
        """What it was ended by."""
        self._last_line = b""
        self._endpoint = endpoint
        self._asked = asked
        self._make = make
        self._headers = headers
        self._every_line = every_line
        self._tools_offered = tools_offered
        self._tool_rules = tool_rules or Rules()
        self._pictures = pictures
        self._expected = expected
        """What the text must be as it stands, at its end: of a stream, nothing can be taken back."""
        self._calls: list[dict[str, Any]] = []
        self._logprobs: list[dict[str, Any]] = []

    def items(self, lines: Iterable[bytes]) -> Iterator[T]:
        """The items after each of some more lines, made as they are taken. Raises as `add_line` does."""
        for line in lines:
            if (item := self.add_line(line)) is not None:
                yield item

    def add_line(self, line: bytes) -> T | None:
        """The item after one more line; `None` for a blank one, and before the last when only that is wanted.

        Raises:
            BadReplyError, StreamInterruptedError, EmptyResponseError, ServerError: with what had come until then.
        """
        if not line.strip():
            return None
        if self.done:
            raise self.with_partial(
                errors.BadReplyError("The server went on after it had said done.", body=_show(line))
            )
        first = not self._last_line
        self._last_line = line
        reply = self.reply = self._parse(line, first)
        self._take(reply)
        self.done = reply.get("done") is True
        if self.done:
            self._check_end(reply)
            self._check_form(reply)
            self._tool_rules.warn(self._asked.model, self._calls)
            self._complete(reply)
        elif not self._every_line:
            return None
        self.item = self._make(self)
        return self.item

    @property
    def calls(self) -> list[dict[str, Any]]:
        """The tool calls so far that the caller gets to see, as Ollama writes them."""
        return self._tool_rules.kept(self._calls) if self._calls else []

    @property
    def pictures(self) -> tuple[dict[str, Any], ...]:
        """What was sent of each picture."""
        return tuple(self._pictures or ())

    def fields(self) -> dict[str, Any]:
        """Every field of the last line but the text; at the end, with the reason why it ended and what was sent."""
        extra = {name: value for name, value in self.reply.items() if name not in _SHOWN_ELSEWHERE}
        if self.thinking:
            extra["thinking"] = self.thinking
        if self.thought:
            extra["thinking_delta"] = self.thought
        if self._calls:
            extra["tool_calls"] = self.calls
        if self.done:
            extra["finish_reason"] = self.finish_reason or None
            if self._pictures:
                extra["pictures"] = self._pictures
        return extra

    def alternatives(self) -> list[list[dict[str, Any]]]:
        """Of each token of `logprobs`, those that the model weighed, the likeliest first; at least itself."""
        return [self.list_of_objects(each.get("top_logprobs"), "top_logprobs") or [each] for each in self.logprobs]

    def replace_text(self, text: str) -> T:
        """The last item, with the JSON that was found in its text; `reply` stays what the server said."""
        if text != self.text:
            self.text = self.piece = text
        return self._make(self)

    def end(self) -> None:
        """The reply is over.

        Raises:
            StreamInterruptedError: without `done`.
        """
        if not self.done:
            come = f"after {len(self.text)} characters" if self.text else "before any text"
            raise self.with_partial(
                errors.StreamInterruptedError(
                    f"The answer of {self._asked.model!r} broke off {come}: it ended without `done`. Ollama does this "
                    "when the model repeats itself without end, or its process fails. The text so far is in "
                    "partial_text; try again, with another seed, a higher temperature or repeat_penalty=1.1."
                )
            )

    def with_partial(self, error: errors.OllamaMultiModalError) -> errors.OllamaMultiModalError:
        """The error, with what had come."""
        self.fault = error
        error.partial_text = self.text
        error.thinking = self.thinking
        error.last_line = self._last_line.decode("utf-8", "replace")
        return error

    def _parse(self, line: bytes, first: bool) -> dict[str, Any]:
        try:
            reply = from_json(line)
        except ValueError as cause:
            if first and line.lstrip()[:1] not in (b"{", b"["):
                shown = line.decode("utf-8", "replace")
                raise not_ollama(self._asked.url, self._headers, shown, 200) from cause
            raise self.malformed(f"a line that is no JSON ({cause})") from cause
        if not isinstance(reply, dict):
            raise self.malformed("a line that is no JSON object")
        if reply.get("error"):
            raise self._error_line(line, first)
        if "message" not in reply and "response" not in reply and "done" not in reply:
            raise self.malformed("a line that is no part of an answer")
        if "done" in reply and reply["done"] not in (True, False, None):
            raise self.malformed("a line whose `done` is neither true nor false")
        return reply

    def malformed(self, what: str) -> errors.OllamaMultiModalError:
        """The error to raise of the last line."""
        line = self._last_line
        return self.with_partial(
            errors.BadReplyError(
                f"{self._asked.url} sent {what}: {_show(line)!r}. Something in between may have changed it.",
                body=_show(line),
            )
        )

    def _error_line(self, line: bytes, first: bool) -> errors.OllamaMultiModalError:
        if first:
            return self.with_partial(error_for_reply(200, self._headers, line, self._asked))
        message = server_message(line)
        return self.with_partial(
            errors.StreamInterruptedError(
                f"The answer of {self._asked.model!r} broke off: {message.text if message else _show(line)}. "
                "The text so far is in partial_text; the server's log says more.",
                died=message is not None and ended_under_it(message.text),
            )
        )

    def _take(self, reply: dict[str, Any]) -> None:
        if self._endpoint == "chat":
            part = reply.get("message")
            part = {} if part is None else part
            if not isinstance(part, dict):
                raise self.malformed("a message that is no object")
            piece = self._string(part, "content")
        else:
            part, piece = reply, self._string(reply, "response")
        thought = self._string(part, "thinking") if "thinking" in part else ""
        calls = self._tool_calls(part["tool_calls"]) if "tool_calls" in part else []
        logprobs = self.list_of_objects(reply["logprobs"], "logprobs") if "logprobs" in reply else []
        self.piece, self.thought = piece, thought
        self.text += piece
        self.thinking += thought
        self.logprobs = logprobs
        if calls:
            self._calls += calls
        if logprobs:
            self._logprobs += logprobs

    def _string(self, part: dict[str, Any], name: str) -> str:
        value = part.get(name)
        if value is None:
            return ""
        if not isinstance(value, str):
            raise self.malformed(f"a {name} that is no text")
        return value

    def list_of_objects(self, value: Any, name: str) -> list[dict[str, Any]]:
        """Raises BadReplyError when it is none."""
        if value is None:
            return []
        if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
            raise self.malformed(f"{name} that are no list of objects")
        return value

    def _tool_calls(self, value: Any) -> list[dict[str, Any]]:
        """The line's calls, ids kept or made; a model may well make the same call twice, so none is ever merged."""
        calls = []
        taken = {call["id"] for call in self._calls}
        for call in self.list_of_objects(value, "tool_calls"):
            function = call.get("function")
            if not isinstance(function, dict) or not isinstance(function.get("name"), str):
                raise self.malformed("a tool call without a name")
            arguments = function.get("arguments")
            if not isinstance(arguments, (dict, str, type(None))):
                raise self.malformed("a tool call whose arguments are no object")
            call_id = call.get("id")
            if not isinstance(call_id, str) or not call_id or call_id in taken:
                call_id = f"call_{uuid.uuid4().hex[:12]}"
            taken.add(call_id)
            calls.append({**call, "id": call_id, "function": {**function, "arguments": parse_arguments(arguments)}})
        return calls

    def _check_end(self, reply: dict[str, Any]) -> None:
        reason = self._string(reply, "done_reason")
        if self.text.strip() or self._calls:
            return
        if reason in ("load", "unload"):
            raise self.with_partial(
                errors.EmptyResponseError(
                    f"{self._asked.model!r} was asked nothing: the server takes an empty prompt, or a chat without a "
                    "message, for a request to load the model. Ask something, or use preload().",
                    finish_reason=reason,
                )
            )
        if reason != "length" and not self.thinking:
            return  # an empty answer with `stop` is an answer
        if self.thinking:
            why = "its thinking used up the whole budget" if reason == "length" else "it only thought"
            way = "Pass think=False, or more room: num_predict, context_window."
        elif self._tools_offered:
            why = "the answer, perhaps a tool call that Ollama dropped, ran into the limit"
            way = MORE_ROOM
        else:
            why = "it ran into the limit before any visible text"
            way = MORE_ROOM
        raise self.with_partial(
            errors.EmptyResponseError(f"{self._asked.model!r} gave no answer: {why}. {way}", finish_reason=reason)
        )

    def _check_form(self, reply: dict[str, Any]) -> None:
        if self._expected is None or self._calls:
            return
        try:
            problem = "" if self._expected.find(self.text) == self.text.strip() else "there is more than JSON in it"
        except ValueError as fault:
            problem = str(fault)
        if problem:
            reason = self._string(reply, "done_reason")
            raise self.with_partial(unfit(self._asked.model, self.text, problem, reason, 1))

    def _complete(self, reply: dict[str, Any]) -> None:
        """Make the last line's reply the whole one, as a server that does not stream would have sent it."""
        whole: dict[str, Any] = {"thinking": self.thinking} if self.thinking else {}
        if self._calls:
            whole["tool_calls"] = list(self._calls)
        if self._endpoint == "chat":
            message = reply.get("message") or {}
            reply["message"] = {"role": "assistant", **message, "content": self.text, **whole}
        else:
            reply.update(response=self.text, **whole)
        if self._logprobs:
            reply["logprobs"] = list(self._logprobs)
        self.logprobs = self._logprobs
        prompt, answer = self._count(reply, "prompt_eval_count"), self._count(reply, "eval_count")
        self.usage, self.finish_reason = (prompt, answer), self._string(reply, "done_reason")
        reply["usage"] = {"prompt_tokens": prompt, "completion_tokens": answer, "total_tokens": prompt + answer}

    def _count(self, reply: dict[str, Any], name: str) -> int:
        """A number of tokens; the server leaves out those that are zero."""
        value = reply.get(name) or 0
        if isinstance(value, bool) or not isinstance(value, (int, float)) or value != value // 1:
            raise self.malformed(f"a {name} that is no number")
        return int(value)


def _show(line: bytes) -> str:
    return line[:_SHOWN].decode("utf-8", "replace")
