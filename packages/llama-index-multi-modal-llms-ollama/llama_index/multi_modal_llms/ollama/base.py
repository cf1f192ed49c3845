"""OllamaMultiModal: the eight endpoints, the structured ones, and tools; each is handed to the engine."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Generator, Sequence
from typing import TYPE_CHECKING, Any, Unpack

from llama_index.core.base.llms.types import (
    ChatMessage,
    ChatResponse,
    ChatResponseAsyncGen,
    ChatResponseGen,
    CompletionResponse,
    CompletionResponseAsyncGen,
    CompletionResponseGen,
)
from llama_index.core.bridge.pydantic import ConfigDict
from llama_index.core.llms.function_calling import FunctionCallingLLM
from llama_index.core.llms.llm import ToolSelection
from llama_index.core.multi_modal_llms.base import MultiModalLLM
from llama_index.core.types import Model, PydanticProgramMode

from ollama_vision import model as _model
from ollama_vision import pictures as _images
from ollama_vision.http import run_blocking
from ollama_vision.lazy import LazyModule
from ollama_vision.model import OTHER_NAMES, AsyncReplyStream, ReplyStream, constructor_arguments, read_arguments

from .keywords import OtherSettings, Pictures, SettingsKeywords
from .prompting import PromptsWithPictures
from .settings import OllamaSettings
from .streams import close_streams_outside_core

if TYPE_CHECKING:
    from llama_index.core.llms.structured_llm import StructuredLLM
    from llama_index.core.program.utils import FlexibleModel
    from llama_index.core.prompts import PromptTemplate
    from llama_index.core.tools.types import BaseTool

    from ollama_vision.model import ChatKeywords, Choice, CompleteKeywords

    from . import calls as _calls
    from . import structured as _structured
    from . import tool_calls as _tool_calls
else:  # what asks is opened by the first question
    _calls, _structured, _tool_calls = (
        LazyModule(f"{__package__}.{name}") for name in ("calls", "structured", "tool_calls")
    )

Kwargs = dict[str, Any] | None
_OTHER_NAMES = {**OTHER_NAMES, "system": "system_prompt"}
"""What other clients call a setting."""


@close_streams_outside_core
class OllamaMultiModal(PromptsWithPictures, OllamaSettings, FunctionCallingLLM, MultiModalLLM):
    """A vision model on an Ollama server.

    What you passed is what the model saw, what the model said is what you got, and anything else is an error of
    `errors` that tells you what to do. Every keyword of a call is used or refused.

    The object holds settings only: making one asks no server, and using one changes no field. It works in threads,
    on any number of event loops, and in other processes after pickling.
    """

    model_config = ConfigDict(defer_build=False)

    def __init__(self, **settings: Unpack[SettingsKeywords]) -> None:
        # Here and not in a validator: pydantic puts the whole input, headers and passwords included, into its errors.
        given = {name: value for name, value in settings.items() if name != "class_name"}  # core adds it to its dumps
        if "prompt_key" in given:
            raise TypeError("OllamaMultiModal has no argument 'prompt_key': it had no effect. Leave it out.")
        super().__init__(**read_arguments("OllamaMultiModal", given, type(self).model_fields, _OTHER_NAMES))

    # the eight endpoints

    def complete(  # type: ignore[override]
        self, prompt: str, image_documents: Pictures = None, formatted: bool = False, **kwargs: Unpack[CompleteKeywords]
    ) -> CompletionResponse:
        """Ask about pictures, by /api/generate.

        Args:
            prompt: the question.
            image_documents: one picture or a list, each an ImageDocument, ImageNode, NodeWithScore, ImageBlock, path,
                URL, bytes, open file, PIL image, array or PreparedImage; of a PDF or video its pages or frames are
                sent. An empty list is an error: without pictures it is `None`.
            formatted: the prompt is what `completion_to_prompt` would make of it.
            kwargs: Ollama's options by name, and what `CompleteKeywords` lists.

        Raises:
            OllamaMultiModalError: one of `errors`; each says what to do.
        """
        call = _calls.complete_call(self, prompt, image_documents, kwargs, formatted)
        return run_blocking(_model.collect(self._blocking, self, call))

    async def acomplete(  # type: ignore[override]
        self, prompt: str, image_documents: Pictures = None, formatted: bool = False, **kwargs: Unpack[CompleteKeywords]
    ) -> CompletionResponse:
        """`complete` on an event loop."""
        call = _calls.complete_call(self, prompt, await _images.awaited(image_documents), kwargs, formatted)
        return await _model.collect(self._on_loop, self, call)

    def stream_complete(  # type: ignore[override]
        self, prompt: str, image_documents: Pictures = None, formatted: bool = False, **kwargs: Unpack[CompleteKeywords]
    ) -> CompletionResponseGen:
        """`complete`, piece by piece. The call waits for the first piece, and raises what goes wrong until then."""
        call = _calls.complete_call(self, prompt, image_documents, kwargs, formatted)
        return ReplyStream(run_blocking(_model.start(self._blocking, self, call)))

    async def astream_complete(  # type: ignore[override]
        self, prompt: str, image_documents: Pictures = None, formatted: bool = False, **kwargs: Unpack[CompleteKeywords]
    ) -> CompletionResponseAsyncGen:
        """`stream_complete` on an event loop: await it, then iterate."""
        call = _calls.complete_call(self, prompt, await _images.awaited(image_documents), kwargs, formatted)
        return AsyncReplyStream(await _model.start(self._on_loop, self, call))

    def choose(
        self,
        question: str,
        labels: Sequence[str],
        image_documents: Pictures = None,
        calibration: Any = None,
        **kwargs: Unpack[CompleteKeywords],
    ) -> Choice:
        """Ask which of 2 to 100 labels fits, and how sure the model is of each, by /api/generate; see `VisionModel`.

        Args:
            question: what is asked; the labels are named in a line behind it.
            labels: no two alike.
            image_documents: as those of `complete`.
            calibration: a file of `ollama-vision compare --calibrate`, for this model and these labels.
            kwargs: as those of `complete`, save `temperature`, `format` and `logprobs`.

        Raises:
            OllamaMultiModalError: one of `errors`; StructuredOutputError where the answer names no label, or several.
            TypeError, ValueError: labels, keywords or a calibration that cannot be.
        """
        asked = _calls.choice_question(question, image_documents, kwargs)
        return run_blocking(_model.choose(self._blocking, self, asked, labels, calibration))

    async def achoose(
        self,
        question: str,
        labels: Sequence[str],
        image_documents: Pictures = None,
        calibration: Any = None,
        **kwargs: Unpack[CompleteKeywords],
    ) -> Choice:
        """`choose` on an event loop."""
        asked = _calls.choice_question(question, await _images.awaited(image_documents), kwargs)
        return await _model.choose(self._on_loop, self, asked, labels, calibration)

    def chat(  # type: ignore[override]
        self, messages: Sequence[ChatMessage], **kwargs: Unpack[ChatKeywords]
    ) -> ChatResponse:
        """Answer a conversation, by /api/chat; pictures are ImageBlocks in the messages.

        Args:
            messages: the conversation. Ollama joins a message's texts and does not keep the places of pictures
                between them; their order is kept.
            kwargs: Ollama's options by name, and what `ChatKeywords` lists. With `allow_parallel_tool_calls=False` the
                first of several calls is kept.

        Raises:
            OllamaMultiModalError: one of `errors`; each says what to do.
        """
        call = _calls.chat_call(self, messages, kwargs)
        return run_blocking(_model.collect(self._blocking, self, call))

    async def achat(  # type: ignore[override]
        self, messages: Sequence[ChatMessage], **kwargs: Unpack[ChatKeywords]
    ) -> ChatResponse:
        """`chat` on an event loop."""
        call = _calls.chat_call(self, messages, kwargs)
        return await _model.collect(self._on_loop, self, call)

    def stream_chat(  # type: ignore[override]
        self, messages: Sequence[ChatMessage], **kwargs: Unpack[ChatKeywords]
    ) -> ChatResponseGen:
        """`chat`, piece by piece. The call waits for the first piece, and raises what goes wrong until then."""
        call = _calls.chat_call(self, messages, kwargs)
        return ReplyStream(run_blocking(_model.start(self._blocking, self, call)))

    async def astream_chat(  # type: ignore[override]
        self, messages: Sequence[ChatMessage], **kwargs: Unpack[ChatKeywords]
    ) -> ChatResponseAsyncGen:
        """`stream_chat` on an event loop: await it, then iterate."""
        call = _calls.chat_call(self, messages, kwargs)
        return AsyncReplyStream(await _model.start(self._on_loop, self, call))

    # structured output; core's own programs where pydantic_program_mode asks for one of them

    def structured_predict(
        self, output_cls: type[Model], prompt: PromptTemplate, llm_kwargs: Kwargs = None, **prompt_args: Any
    ) -> Model:
        """An object of the class, by /api/chat with the class's schema as `format`.

        Args:
            output_cls: a pydantic class.
            prompt: any of LlamaIndex's templates, also with ImageBlocks in it.
            llm_kwargs: keywords of the chat, and `image_documents`, `max_validation_retries`.
            prompt_args: what fills the template, and `image_documents`.

        Raises:
            StructuredOutputError: the answer was cut, or breaks the schema although it was asked for again.
        """
        if (question := self._question(output_cls, prompt, llm_kwargs, prompt_args)) is None:
            return super().structured_predict(  # type: ignore[no-any-return]
                output_cls, prompt, dict(llm_kwargs or {}), **prompt_args
            )
        return run_blocking(_structured.predict(_structured.blocking(question), question))[1]

    async def astructured_predict(
        self, output_cls: type[Model], prompt: PromptTemplate, llm_kwargs: Kwargs = None, **prompt_args: Any
    ) -> Model:
        """`structured_predict` on an event loop."""
        if (question := self._question(output_cls, prompt, llm_kwargs, prompt_args)) is None:
            return await super().astructured_predict(  # type: ignore[no-any-return]
                output_cls, prompt, dict(llm_kwargs or {}), **prompt_args
            )
        return (await _structured.predict(_structured.on_loop(question), question))[1]

    def stream_structured_predict(
        self, output_cls: type[Model], prompt: PromptTemplate, llm_kwargs: Kwargs = None, **prompt_args: Any
    ) -> Generator[Model | FlexibleModel, None, None]:
        """`structured_predict`, growing: each item has more fields than the one before, the last is whole.

        Items before the last may lack fields. When the answer breaks the schema, the next one grows anew.
        """
        if (question := self._question(output_cls, prompt, llm_kwargs, prompt_args)) is None:
            return super().stream_structured_predict(output_cls, prompt, dict(llm_kwargs or {}), **prompt_args)
        return ReplyStream(run_blocking(_structured.start(_structured.blocking(question), question)))

    async def astream_structured_predict(
        self, output_cls: type[Model], prompt: PromptTemplate, llm_kwargs: Kwargs = None, **prompt_args: Any
    ) -> AsyncGenerator[Model | FlexibleModel, None]:
        """`stream_structured_predict` on an event loop: await it, then iterate."""
        if (question := self._question(output_cls, prompt, llm_kwargs, prompt_args)) is None:
            return await super().astream_structured_predict(output_cls, prompt, dict(llm_kwargs or {}), **prompt_args)
        return AsyncReplyStream(await _structured.start(_structured.on_loop(question), question))

    def as_structured_llm(self, output_cls: type[Any], **kwargs: Any) -> StructuredLLM:
        """An LLM whose answers are objects of the class; its prompts take `image_documents` too."""
        from .structured_llm import StructuredLLMWithPictures

        return StructuredLLMWithPictures(llm=self, output_cls=output_cls, **kwargs)

    @classmethod
    def from_server(
        cls, model: str, base_url: str | None = None, **settings: Unpack[OtherSettings]
    ) -> OllamaMultiModal:
        """An object whose settings fit the model: one that asks the server, once, before it is made.

        `is_function_calling_model` is what the model says. `context_window`, unless given, is what is loaded now, else
        8,192, never above the model's own length: the whole of that would exhaust the memory.

        Raises:
            OllamaMultiModalError: no such server or model, or an Ollama that cuts long prompts without a word.
        """
        llm = cls(**constructor_arguments(model, base_url, settings))
        return llm._fitted(run_blocking(_model.fetch_fitting(llm._blocking, llm)), settings)

    @classmethod
    async def afrom_server(
        cls, model: str, base_url: str | None = None, **settings: Unpack[OtherSettings]
    ) -> OllamaMultiModal:
        """`from_server` on an event loop."""
        llm = cls(**constructor_arguments(model, base_url, settings))
        return llm._fitted(await _model.fetch_fitting(llm._on_loop, llm), settings)

    # tools

    def _prepare_chat_with_tools(
        self,
        tools: Sequence[BaseTool],
        user_msg: str | ChatMessage | None = None,
        chat_history: list[ChatMessage] | None = None,
        verbose: bool = False,
        allow_parallel_tool_calls: bool = False,
        tool_required: bool = False,
        **kwargs: Any,
    ) -> dict[str, Any]:
        messages = _tool_calls.conversation(chat_history, user_msg)
        rules = {"tool_required": tool_required, "allow_parallel_tool_calls": allow_parallel_tool_calls}
        return {"messages": messages, "tools": tools, **rules, **kwargs}

    def get_tool_calls_from_response(
        self, response: ChatResponse, error_on_no_tool_call: bool = True, **kwargs: Any
    ) -> list[ToolSelection]:
        """The calls that the model made, in its order; equal ones are all kept.

        Raises:
            ValueError: there is none, and `error_on_no_tool_call`.
        """
        return _tool_calls.selections(response.message, self.model if error_on_no_tool_call else None)

    # how the rooms see the object

    def _question(self, output_cls: type[Model], *asked: Any) -> _structured.Question[Model] | None:
        """`None` where core's own programs are to do it."""
        if self.pydantic_program_mode != PydanticProgramMode.DEFAULT:
            return None
        return _structured.Question(self, output_cls, *asked)
