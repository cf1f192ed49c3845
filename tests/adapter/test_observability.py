"""What watches a call sees it once, with the right model, temperature, tokens and ending, and no secret."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from llama_index.core.callbacks import CallbackManager, CBEventType, TokenCountingHandler
from llama_index.core.callbacks.base_handler import BaseCallbackHandler
from llama_index.core.instrumentation import get_dispatcher  # type: ignore[attr-defined]
from llama_index.core.instrumentation.span import BaseSpan
from llama_index.core.instrumentation.span_handlers import BaseSpanHandler
from llama_index.core.prompts import PromptTemplate
from llama_index.core.tools import FunctionTool
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from PIL import Image
from pydantic import BaseModel, PrivateAttr

from llama_index.multi_modal_llms.ollama import OllamaMultiModal
from ollama_embedded import Reply, ToolCall
from ollama_embedded.faults import Status
from ollama_vision.errors import ServerError
from tests.support.endpoints import ask, eight
from tests.support.serving import Events, Serve
from tests.support.structured_asks import four, predict

SECRET = "Bearer of-secrets"
ANSWER = Reply(["A ", "red ", "circle."], prompt_tokens=11, answer_tokens=5)


class Callbacks(BaseCallbackHandler):
    """Counts what CallbackManager tells."""

    def __init__(self) -> None:
        super().__init__([], [])
        self.started: list[Any] = []
        self.ended: list[Any] = []

    def on_event_start(self, event_type: CBEventType, *args: Any, **kwargs: Any) -> str:
        self.started.append(event_type)
        return str(kwargs.get("event_id", ""))

    def on_event_end(self, event_type: CBEventType, *args: Any, **kwargs: Any) -> None:
        self.ended.append(event_type)

    def start_trace(self, trace_id: str | None = None) -> None: ...

    def end_trace(self, trace_id: str | None = None, trace_map: Any = None) -> None: ...


class Spans(BaseSpanHandler[BaseSpan]):
    """Keeps the names of spans as they open."""

    _opened: list[str] = PrivateAttr(default_factory=list)
    _left: list[str] = PrivateAttr(default_factory=list)

    def new_span(self, id_: str, *args: Any, **kwargs: Any) -> None:
        self._opened.append(id_.partition("-")[0])

    def prepare_to_exit_span(self, id_: str, *args: Any, **kwargs: Any) -> None:
        self._left.append(id_.partition("-")[0])

    def prepare_to_drop_span(self, id_: str, *args: Any, **kwargs: Any) -> None:
        self._left.append(id_.partition("-")[0] + " failed")


@pytest.fixture
def spans() -> Iterator[Spans]:
    handler = Spans()
    dispatcher = get_dispatcher()
    dispatcher.add_span_handler(handler)
    yield handler
    dispatcher.span_handlers.remove(handler)


class Permits:
    """A rate limiter that never says no."""

    def __init__(self) -> None:
        self.taken = 0

    def acquire(self, num_tokens: int = 0) -> None:
        self.taken += 1

    async def async_acquire(self, num_tokens: int = 0) -> None:
        self.taken += 1


# Once


@eight
def test_events_are_dispatched_once(serve: Serve, events: Events, endpoint: str) -> None:
    serving = serve(ANSWER)
    answer = ask(serving.llm, endpoint, "What is it?")
    kind = "LLMChat" if endpoint.endswith("chat") else "LLMCompletion"
    assert len(events.named(f"{kind}Start")) == 1
    assert len(events.named(f"{kind}InProgress")) == (len(answer.items) if "stream" in endpoint else 0)
    assert len(events.named(f"{kind}End")) == 1
    assert len(events.named("LLM")) == 2 + len(events.named("InProgress"))


@eight
def test_a_span_is_opened_once(serve: Serve, spans: Spans, endpoint: str) -> None:
    ask(serve(ANSWER).llm, endpoint, "What is it?")
    assert spans._opened == spans._left == [f"OllamaMultiModal.{endpoint}"]


@eight
def test_callbacks_are_called_once(serve: Serve, endpoint: str) -> None:
    callbacks = Callbacks()
    llm = serve(ANSWER, callback_manager=CallbackManager([callbacks])).llm
    ask(llm, endpoint, "What is it?")
    assert callbacks.started == callbacks.ended == [CBEventType.LLM]


@pytest.mark.skipif("rate_limiter" not in OllamaMultiModal.model_fields, reason="this core has no rate limiters")
@eight
def test_one_permit_is_taken(serve: Serve, endpoint: str) -> None:
    permits = Permits()
    ask(serve(ANSWER, rate_limiter=permits).llm, endpoint, "What is it?")
    assert permits.taken == 1


@eight
def test_a_call_that_fails_is_seen_once(serve: Serve, events: Events, spans: Spans, endpoint: str) -> None:
    llm = serve(Reply(fault=Status(500, {"error": "no"}))).llm
    with pytest.raises(ServerError):
        ask(llm, endpoint, "What is it?")
    assert [event.class_name() for event in events.named("LLM") if "Start" in event.class_name()] == [
        "LLMChatStartEvent" if endpoint.endswith("chat") else "LLMCompletionStartEvent"
    ]
    assert spans._left == [f"OllamaMultiModal.{endpoint} failed"]


class Person(BaseModel):
    name: str


@four
def test_each_structured_question_is_a_chat(serve: Serve, events: Events, spans: Spans, endpoint: str) -> None:
    predict(serve("no", '{"name": "Ada"}').llm, endpoint, Person, PromptTemplate("Who?"))
    assert len(events.named("LLMChatStart")) == len(events.named("LLMChatEnd")) == 2
    chat = endpoint.replace("structured_predict", "chat")
    assert spans._opened == [f"OllamaMultiModal.{endpoint}"] + [f"OllamaMultiModal.{chat}"] * 2


def test_a_chat_with_tools_is_one_chat(serve: Serve, events: Events) -> None:
    llm = serve(Reply(tool_calls=[ToolCall("look", {"city": "Rome"})])).llm
    llm.predict_and_call([FunctionTool.from_defaults(lambda city: city, name="look")], "Hello")
    assert len(events.named("LLMChatStart")) == len(events.named("LLMChatEnd")) == 1


# Right


@eight
def test_tokens_are_counted_as_the_server_counts_them(serve: Serve, endpoint: str, tmp_path: Path) -> None:
    Image.new("RGB", (64, 64), "red").save(tmp_path / "red.png")
    counter = TokenCountingHandler()
    llm = serve(ANSWER, callback_manager=CallbackManager([counter])).llm
    ask(llm, endpoint, "What is it?", tmp_path / "red.png")
    assert (counter.prompt_llm_token_count, counter.completion_llm_token_count) == (11, 5)
    assert len(counter.llm_token_counts) == 1


class Tracer:
    """An instrumentor at work, and the spans that it made."""

    def __init__(self, instrumentor: Any) -> None:
        self._exporter = InMemorySpanExporter()
        provider = TracerProvider()
        provider.add_span_processor(SimpleSpanProcessor(self._exporter))
        self._instrumentor = instrumentor
        dispatcher = get_dispatcher()
        self._before = list(dispatcher.event_handlers), list(dispatcher.span_handlers)
        instrumentor.instrument(tracer_provider=provider)

    @property
    def spans(self) -> list[dict[str, Any]]:
        return [{"name": span.name, **(span.attributes or {})} for span in self._exporter.get_finished_spans()]

    def stop(self) -> None:
        self._instrumentor.uninstrument()
        dispatcher = get_dispatcher()
        dispatcher.event_handlers[:], dispatcher.span_handlers[:] = self._before


@pytest.fixture
def openinference() -> Iterator[Tracer]:
    from openinference.instrumentation.llama_index import LlamaIndexInstrumentor

    tracer = Tracer(LlamaIndexInstrumentor())
    yield tracer
    tracer.stop()


@pytest.fixture
def traceloop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Tracer]:
    # It imports the namespace llama_index.llms, which exists only where some package of that name is installed.
    (tmp_path / "llama_index" / "llms").mkdir(parents=True)
    monkeypatch.setattr(sys, "path", [*sys.path, str(tmp_path)])
    from opentelemetry.instrumentation.llamaindex import LlamaIndexInstrumentor

    tracer = Tracer(LlamaIndexInstrumentor())  # type: ignore[no-untyped-call]
    yield tracer
    tracer.stop()


@eight
def test_openinference(serve: Serve, openinference: Tracer, endpoint: str) -> None:
    ask(serve(ANSWER, temperature=0.25, headers={"Authorization": SECRET}).llm, endpoint, "What is it?")
    (span,) = openinference.spans
    assert span["name"] == f"OllamaMultiModal.{endpoint}"
    assert span["openinference.span.kind"] == "LLM"
    assert span["llm.model_name"] == "m"
    assert json.loads(span["llm.invocation_parameters"])["temperature"] == 0.25
    assert span["llm.finish_reason"] == "stop"
    assert (span["llm.token_count.prompt"], span["llm.token_count.completion"]) == (11, 5)
    assert span["llm.token_count.total"] == 16
    assert "A red circle." in span["output.value"]
    assert SECRET not in str(span)


def test_openinference_reads_tool_calls(serve: Serve, openinference: Tracer) -> None:
    llm = serve(Reply(tool_calls=[ToolCall("look", {"city": "Rome"}, "c1")])).llm
    llm.chat_with_tools([FunctionTool.from_defaults(lambda city: city, name="look")], "Hello")
    (span,) = [each for each in openinference.spans if each["name"] == "OllamaMultiModal.chat"]
    call = "llm.output_messages.0.message.tool_calls.0.tool_call"
    assert span[f"{call}.function.name"] == "look"
    assert json.loads(span[f"{call}.function.arguments"]) == {"city": "Rome"}
    assert "llm.output_messages.0.message.tool_calls.1.tool_call.function.name" not in span


@pytest.mark.parametrize("endpoint", ["chat", "achat", "stream_chat", "astream_chat"])
def test_traceloop(serve: Serve, traceloop: Tracer, endpoint: str) -> None:
    ask(serve(ANSWER, temperature=0.25, headers={"Authorization": SECRET}).llm, endpoint, "What is it?")
    (span,) = traceloop.spans
    assert span["name"] == "OllamaMultiModal.workflow"
    assert span["gen_ai.request.model"] == span["gen_ai.response.model"] == "m"
    assert span["gen_ai.request.temperature"] == 0.25
    assert (span["gen_ai.usage.input_tokens"], span["gen_ai.usage.output_tokens"]) == (11, 5)
    assert span["gen_ai.response.finish_reasons"] == ("stop",)
    assert SECRET not in str(span)


# Nothing else


@eight
def test_events_carry_model_and_temperature_and_no_secret(serve: Serve, events: Events, endpoint: str) -> None:
    serving = serve(ANSWER, temperature=0.5, headers={"Authorization": SECRET})
    address = serving.server.url.replace("http://", "http://user:hidden@")
    llm = OllamaMultiModal(model="m", base_url=address, headers={"X-Key": SECRET}, additional_kwargs={"temperature": 1})
    for each in (serving.llm, llm):
        ask(each, endpoint, "What is it?")
    first, second = events.named("Start")
    assert (first.model_dict["model"], first.model_dict["temperature"]) == ("m", 0.5)
    assert second.model_dict["temperature"] == 1
    told = " ".join(event.model_dump_json() for event in events.named(""))
    assert "of-secrets" not in told
    assert "hidden" not in told
    assert serving.asked[0].headers["authorization"] == SECRET
