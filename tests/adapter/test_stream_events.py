"""Events and callbacks of streams: once for each call and piece, and only for who listens."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from typing import Any

import pytest
from llama_index.core.callbacks import CallbackManager, CBEventType, EventPayload
from llama_index.core.callbacks.base_handler import BaseCallbackHandler
from llama_index.core.instrumentation.events.llm import LLMChatInProgressEvent
from llama_index.core.llms import callbacks as core_callbacks
from llama_index_instrumentation import get_dispatcher

from llama_index.multi_modal_llms.ollama import OllamaMultiModal
from ollama_vision import errors
from tests.support.kept_events import Keeper, question
from tests.support.wire_server import WireServer, answer, client, part, stream


@pytest.fixture
def keeper() -> Iterator[Keeper]:
    handler = Keeper()
    root = get_dispatcher()
    root.add_event_handler(handler)
    yield handler
    root.event_handlers.remove(handler)


def test_events_come_once_for_each_call_and_each_piece(keeper: Keeper) -> None:
    with WireServer(answer("chat", "A", "B")) as server:
        llm = client(server)
        keeper.events.clear()
        list(llm.stream_chat(question("chat")))
    names = [type(event).__name__ for event in keeper.events]
    assert names.count("LLMChatStartEvent") == names.count("LLMChatEndEvent") == 1
    assert names.count("LLMChatInProgressEvent") == 3


class Callbacks(BaseCallbackHandler):
    """Notes what it is told of answers."""

    def __init__(self) -> None:
        super().__init__(event_starts_to_ignore=[], event_ends_to_ignore=[])
        self.ended: list[Any] = []

    def on_event_start(self, event_type: CBEventType, *args: Any, **kwargs: Any) -> str:
        return ""

    def on_event_end(self, event_type: CBEventType, payload: Any = None, *args: Any, **kwargs: Any) -> None:
        self.ended += [(payload or {}).get(name) for name in (EventPayload.RESPONSE, EventPayload.EXCEPTION)]

    def start_trace(self, trace_id: str | None = None) -> None: ...

    def end_trace(self, trace_id: str | None = None, trace_map: Any = None) -> None: ...


@pytest.fixture
def events_made(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The text of each event that core makes of a piece, whether or not anybody is told of it."""
    made: list[str] = []

    def counted(**fields: Any) -> LLMChatInProgressEvent:
        made.append(fields["response"].delta)
        return LLMChatInProgressEvent(**fields)

    monkeypatch.setattr(core_callbacks, "LLMChatInProgressEvent", counted)
    return made


@pytest.fixture(params=["stream_chat", "astream_chat"])
def pieces(request: pytest.FixtureRequest) -> Callable[[OllamaMultiModal], Iterator[Any]]:
    """The pieces of an answer, by blocking or on a loop, one by one."""

    def on_loop(llm: OllamaMultiModal) -> Iterator[Any]:
        with closing(asyncio.new_event_loop()) as loop:
            held = loop.run_until_complete(llm.astream_chat(question("chat")))
            with suppress(StopAsyncIteration):
                while True:
                    yield loop.run_until_complete(anext(held))

    return on_loop if request.param[0] == "a" else lambda llm: llm.stream_chat(question("chat"))


def test_no_event_is_made_of_a_piece_when_nobody_listens(
    events_made: list[str], pieces: Callable[[OllamaMultiModal], Iterator[Any]]
) -> None:
    with WireServer(answer("chat", "A", "B")) as server:
        assert [item.delta for item in pieces(client(server))] == ["A", "B", ""]
    assert events_made == []


def test_who_listens_to_callbacks_alone_is_told_of_the_whole_answer(
    events_made: list[str], pieces: Callable[[OllamaMultiModal], Iterator[Any]]
) -> None:
    callbacks = Callbacks()
    with WireServer(answer("chat", "A", "B")) as server:
        items = list(pieces(client(server, callback_manager=CallbackManager([callbacks]))))
    assert callbacks.ended == [items[-1], None]
    assert events_made == ["A", "B", ""]


@pytest.mark.parametrize("after", [1, 2, 3])
def test_who_begins_to_listen_in_mid_stream_is_told_of_its_end(
    after: int, pieces: Callable[[OllamaMultiModal], Iterator[Any]]
) -> None:
    handler, root = Keeper(), get_dispatcher()
    with WireServer(answer("chat", "A", "B")) as server:
        answered = pieces(client(server))
        items = [next(answered) for _ in range(after)]
        root.add_event_handler(handler)
        try:
            items += answered
        finally:
            root.event_handlers.remove(handler)
    assert [item.delta for item in items] == ["A", "B", ""]
    told = [(type(event).__name__, event.response) for event in handler.events if hasattr(event, "response")]
    # The piece before it listened, which core has to know, and those that followed.
    assert told == [
        *(("LLMChatInProgressEvent", item) for item in items[after - 1 :]),
        ("LLMChatEndEvent", items[-1]),
    ]


def test_who_begins_to_listen_in_mid_stream_is_told_what_goes_wrong(
    pieces: Callable[[OllamaMultiModal], Iterator[Any]],
) -> None:
    handler, root = Keeper(), get_dispatcher()
    with WireServer(stream(part("chat", "A"), {"error": "it broke"})) as server:
        answered = pieces(client(server))
        next(answered)
        root.add_event_handler(handler)
        try:
            with pytest.raises(errors.StreamInterruptedError) as caught:
                next(answered)
        finally:
            root.event_handlers.remove(handler)
    assert [event.exception for event in handler.events if hasattr(event, "exception")] == [caught.value]
