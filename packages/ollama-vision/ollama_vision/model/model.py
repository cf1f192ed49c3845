"""VisionModel: a plain Python client for one vision model on an Ollama server, without LlamaIndex."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Generator, Iterator, Mapping, Sequence
from dataclasses import replace
from os import PathLike
from typing import TYPE_CHECKING, Any, Self, Unpack

from pydantic import ConfigDict
from pydantic_core import from_json

from ollama_vision import pictures as _images
from ollama_vision import protocol
from ollama_vision.http import admit, run_blocking

from .answer import Answer
from .call import Call, Pictures, Reply, collect, start
from .constructor import OTHER_NAMES, read_arguments, with_changes
from .keywords import AskKeywords, Picture, Schema, VisionModelKeywords, show_keywords
from .on_server import OnServer
from .question_call import Exchange, PlainQuestion, check_question, going_on, plain_call
from .server_calls import fetch_fitting
from .streams import AsyncReplyStream, ReplyStream, Source

if TYPE_CHECKING:
    from ollama_vision.http import IO

    from .calibration import Calibration
    from .choice import Choice

_OTHER_NAMES = {name: other for name, other in OTHER_NAMES.items() if name != "host"}
_SCHEMA_NAMES = ("format", "response_format", "json_mode", "output_cls", "json_schema")
"""What other clients call `schema`."""


class VisionModel(OnServer):
    """A vision model on an Ollama server.

    What you passed is what the model saw, what the model said is what you got, and anything else is an error of
    `errors` that tells you what to do. Every keyword is used or refused.

    The object holds settings only: making one asks no server, and none of them can be changed. It works in threads, on
    any number of event loops, and in other processes after pickling.

    Args:
        model: its name on the server, such as "gemma3:4b".
        host: the server's address; `OLLAMA_HOST`, or this machine, when left out.
        settings: those of `VisionModelKeywords`, and Ollama's options by name.

    Raises:
        TypeError: an argument that is no setting; names the near one.
        ValueError: an address that is none, or a value that no setting takes.
    """

    model_config = ConfigDict(frozen=True, defer_build=False)

    def __init__(self, model: str, host: str | None = None, **settings: Unpack[VisionModelKeywords]) -> None:
        given: dict[str, Any] = {"model": model, **settings}
        if host is not None:
            if given.get("base_url") is not None and given["base_url"] != host:
                raise TypeError("host and base_url are the same thing; pass one of them")
            given["base_url"] = host
        super().__init__(**read_arguments("VisionModel", given, type(self).model_fields, _OTHER_NAMES))

    def __repr_args__(self) -> Iterator[tuple[str | None, Any]]:
        """What was given, and where the server is; no header."""
        shown = {"model", "base_url", *self.model_fields_set}
        return ((name, value) for name, value in super().__repr_args__() if name in shown)

    def __eq__(self, other: object) -> bool:
        """Whether it has the same settings; connections, and what is known of servers, are none."""
        if not isinstance(other, VisionModel):
            return NotImplemented
        return type(self) is type(other) and self.__dict__ == other.__dict__

    def __hash__(self) -> int:
        return hash((self.base_url, self.model))

    def model_copy(self, *, update: Mapping[str, Any] | None = None, deep: bool = False) -> Self:
        """The same with other settings, named and checked as the constructor's.

        Raises:
            TypeError, ValueError: see the class.
        """
        if not update:
            return super().model_copy(deep=deep)
        given = {name: getattr(self, name) for name in self.model_fields_set}
        made = type(self)(**with_changes(given, update, type(self).model_fields))
        made._connections, made._known = self._connections, self._known
        return made.model_copy(deep=deep)

    # asking

    def ask(
        self,
        question: str,
        *pictures: Picture,
        system: str | None = None,
        schema: Schema | None = None,
        earlier: Sequence[Exchange] = (),
        **options: Unpack[AskKeywords],
    ) -> Answer:
        """Ask about pictures, by /api/generate, and wait for the whole answer.

        Args:
            question: what is asked.
            pictures: each a path, URL, bytes, open file, PIL image, array or PreparedImage; of a PDF or video its
                pages or frames are sent.
            system: a system prompt, in place of the model's own.
            schema: a pydantic class or a JSON Schema. The answer is checked against it, and asked for again as often
                as `max_validation_retries` says; `Answer.fields` is the object. All that a schema of an object says
                is checked; of another one, its type.
            earlier: what went before in a conversation that goes on, pictures included; it is asked by /api/chat.
            options: Ollama's options by name, and what `AskKeywords` lists.

        Raises:
            OllamaMultiModalError: one of `errors`; each says what to do.
            TypeError: a keyword that no call takes, a question that is no text, a list in a picture's place.
            ValueError: a value that no call takes.
        """
        call = self._question(question, pictures, system, schema, earlier, options)
        return self._object(run_blocking(collect(self._blocking, self, call)), schema)

    async def aask(
        self,
        question: str,
        *pictures: Picture,
        system: str | None = None,
        schema: Schema | None = None,
        earlier: Sequence[Exchange] = (),
        **options: Unpack[AskKeywords],
    ) -> Answer:
        """`ask` on an event loop."""
        await admit()
        call = self._question(question, tuple(await _images.awaited(list(pictures))), system, schema, earlier, options)
        return self._object(await collect(self._on_loop, self, call), schema)

    def stream(
        self,
        question: str,
        *pictures: Picture,
        system: str | None = None,
        schema: Schema | None = None,
        earlier: Sequence[Exchange] = (),
        **options: Unpack[AskKeywords],
    ) -> Generator[Answer, None, None]:
        """`ask`, piece by piece: each item is all of the answer so far, its `fields` included.

        The call waits for the first piece, and raises what goes wrong until then. A stream that is closed or dropped
        ends its request on the server. An answer that breaks the schema is an error at its end, and not asked for
        again: what has been given out cannot be taken back.
        """
        call = self._question(question, pictures, system, schema, earlier, options)
        return ReplyStream(self._growing(run_blocking(start(self._blocking, self, call)), schema))

    async def astream(
        self,
        question: str,
        *pictures: Picture,
        system: str | None = None,
        schema: Schema | None = None,
        earlier: Sequence[Exchange] = (),
        **options: Unpack[AskKeywords],
    ) -> AsyncGenerator[Answer, None]:
        """`stream` on an event loop: await it, then iterate."""
        await admit()
        call = self._question(question, tuple(await _images.awaited(list(pictures))), system, schema, earlier, options)
        return AsyncReplyStream(self._growing(await start(self._on_loop, self, call), schema))

    def choose(
        self,
        question: str,
        labels: Sequence[str],
        *pictures: Picture,
        system: str | None = None,
        calibration: Calibration | str | PathLike[str] | None = None,
        earlier: Sequence[Exchange] = (),
        **options: Unpack[AskKeywords],
    ) -> Choice:
        """Ask which label fits, and how sure the model is of each.

        The labels are named in a line behind the question. Each is then asked for with an answer held to it, at
        temperature 0: one request a label, of which all but the first find the pictures in the server's cache. Where
        the model's log probabilities cannot be had, one question more, held to all labels, gives the label alone.

        Args:
            question: what is asked.
            labels: 2 to 100 of them, no two alike.
            pictures: as those of `ask`.
            system: a system prompt, in place of the model's own.
            calibration: a file of `ollama-vision compare --calibrate`, for this model and these labels.
            earlier: as that of `ask`.
            options: as those of `ask`, save `temperature`, `format` and `logprobs`.

        Raises:
            OllamaMultiModalError: one of `errors`; StructuredOutputError where the answer names no label, or several.
            TypeError: labels that are no list of strings; a keyword that no choice takes.
            ValueError: too few or too many labels, a blank one, two alike; a calibration of something else.
        """
        return run_blocking(
            self._choose(self._blocking, question, labels, pictures, system, calibration, earlier, options)
        )

    async def achoose(
        self,
        question: str,
        labels: Sequence[str],
        *pictures: Picture,
        system: str | None = None,
        calibration: Calibration | str | PathLike[str] | None = None,
        earlier: Sequence[Exchange] = (),
        **options: Unpack[AskKeywords],
    ) -> Choice:
        """`choose` on an event loop."""
        await admit()
        given = tuple(await _images.awaited(list(pictures)))
        return await self._choose(self._on_loop, question, labels, given, system, calibration, earlier, options)

    @classmethod
    def from_server(cls, model: str, host: str | None = None, **settings: Unpack[VisionModelKeywords]) -> Self:
        """A model whose `context_window` fits it: one that asks the server, once, before it is made.

        Unless given, it is what is loaded now, else 8,192, never above the model's own length.

        Raises:
            OllamaMultiModalError: no such server or model, or an Ollama that cuts long prompts without a word.
        """
        made = cls(model, host, **settings)
        return made._fitted(run_blocking(fetch_fitting(made._blocking, made)), settings)

    @classmethod
    async def afrom_server(cls, model: str, host: str | None = None, **settings: Unpack[VisionModelKeywords]) -> Self:
        """`from_server` on an event loop."""
        made = cls(model, host, **settings)
        return made._fitted(await fetch_fitting(made._on_loop, made), settings)

    async def _choose(
        self,
        io: IO,
        question: str,
        labels: Sequence[str],
        pictures: Any,
        system: str | None,
        calibration: Any,
        earlier: Sequence[Exchange],
        options: Mapping[str, Any],
    ) -> Choice:
        from .choosing import choose  # with the first choice

        check_question("choose", question, pictures, system, "question, labels")
        before = going_on(earlier) if earlier else {}
        asked = PlainQuestion(question, _beside(pictures), options, system, **before)
        return await choose(io, self, asked, labels, calibration)

    def _question(
        self,
        text: str,
        pictures: Any,
        system: str | None,
        schema: Schema | None,
        earlier: Sequence[Exchange],
        options: Mapping[str, Any],
    ) -> Call[Answer]:
        check_question("ask", text, pictures, system)
        for name in _SCHEMA_NAMES:
            if name in options:
                raise TypeError(f"ask() has no keyword {name!r}. Did you mean 'schema'?")
        keywords = {**options, "format": _class_of(schema)}
        before = going_on(earlier) if earlier else {}
        return plain_call(self, PlainQuestion(text, _beside(pictures), keywords, system, **before))

    def _object(self, answer: Answer, schema: Schema | None) -> Answer:
        """The answer with the object that its text is, where one was asked for."""
        if schema is None and not self.json_mode:
            return answer
        made = _class_of(schema)
        if isinstance(made, type):
            said = made.model_validate_json(answer.text)
            return replace(answer, fields=said.model_dump(mode="json", by_alias=True))
        return replace(answer, fields=from_json(answer.text))

    def _growing(self, reply: Reply[Answer], schema: Schema | None) -> Source:
        return reply if schema is None and not self.json_mode else _ObjectStream(self, reply, schema)


def _beside(pictures: Any) -> Pictures | None:
    return Pictures(pictures, "pictures") if pictures else None


def _class_of(schema: Schema | None) -> Schema | None:
    """What answers are held to: of an object's JSON Schema a class that checks all that it says."""
    if isinstance(schema, Mapping) and schema.get("type") == "object":
        return protocol.class_for_schema(schema)
    return schema


class _ObjectStream:
    """An answer whose fields grow with its text; those of the last one are checked."""

    def __init__(self, model: VisionModel, reply: Reply[Answer], schema: Schema | None) -> None:
        self._model = model
        self._reply = reply
        self._schema = schema

    async def next_items(self) -> Iterator[Answer] | None:
        items = await self._reply.next_items()
        return None if items is None else map(self._grown, items)

    async def close(self) -> None:
        await self._reply.close()

    def _grown(self, answer: Answer) -> Answer:
        if self._reply.so_far.done:
            return self._model._object(answer, self._schema)
        try:
            return replace(answer, fields=from_json(protocol.begun(answer.text), allow_partial="trailing-strings"))
        except ValueError:
            return answer


for _name in ("ask", "aask", "stream", "astream", "choose", "achoose"):
    show_keywords(VisionModel.__dict__[_name], AskKeywords)
show_keywords(VisionModel, VisionModelKeywords)
