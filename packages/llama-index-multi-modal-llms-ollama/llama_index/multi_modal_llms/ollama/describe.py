"""ImageDescriber: a LlamaIndex transform that puts one question to each of many pictures."""

from __future__ import annotations

import uuid
import warnings
from collections.abc import AsyncGenerator, AsyncIterable, Generator, Iterable, Sequence
from contextlib import aclosing, closing
from typing import Any, Literal

from llama_index.core.bridge.pydantic import ConfigDict, Field, field_validator
from llama_index.core.ingestion import IngestionCache
from llama_index.core.schema import BaseNode, TransformComponent

from ollama_vision.batch import OnHostFault, OnWait, RunSettings, on_loop_thread, require_same_answers

from .asking_llm import LlmOnHost
from .base import OllamaMultiModal
from .ingestion_cache import AnswersInCache
from .node_descriptions import Description, description_of, open_node

__all__ = ["Description", "ImageDescriber"]

_FRESH = "run"
"""The key of `to_dict` that is another each time."""


class ImageDescriber(RunSettings, TransformComponent):
    """One question to each picture among the nodes; its answer becomes a text node, or the picture node's text.

    Nodes without a picture are passed through. Nothing that is given is changed, and the order is kept. A fault that
    is no picture's (the server or the model is gone, a key is refused, the folder was unmounted, five equal failures
    in a row) ends the run with `RunStoppedError`, and no picture is blamed for it.

    Works in `IngestionPipeline`, alone and with `num_workers`, and in `RayIngestionPipeline`. A pipeline's own cache
    knows nodes by their text, which pictures have none of: it finds nothing of this transform, so that one folder's
    descriptions never pass for another's. `cache` is the one that counts.
    """

    llm: OllamaMultiModal | list[OllamaMultiModal] = Field(
        description="Whom to ask; or the same model on several hosts, of which the free one is asked next."
    )
    output: Literal["text", "image"] = Field(
        default="text",
        description="text: a TextNode for each picture, with the relationship to its source. image: the picture node "
        "with the answer as its text, so that what is found by the text is shown to a model as a picture.",
    )
    cache: IngestionCache | None = Field(
        default=None,
        exclude=True,
        description="Keeps answers by the picture's bytes and the request: a renamed file is not asked about again.",
    )
    on_error: Literal["raise", "keep"] = Field(
        default="raise", description='keep: a picture that failed carries the error in metadata["error"].'
    )
    show_progress: bool = Field(default=False, description="Show a bar while the nodes are done.")

    model_config = ConfigDict(extra="forbid")

    def __init__(self, **settings: Any) -> None:
        settings.pop("class_name", None)  # core adds it to its dumps
        super().__init__(**settings)
        self.request_hash()  # a keyword that no call takes is told here, and not after the first picture

    @classmethod
    def class_name(cls) -> str:
        return "ImageDescriber"

    def __call__(self, nodes: Sequence[BaseNode], **kwargs: Any) -> list[BaseNode]:
        """The nodes with their answers, in the order in which they were given.

        Raises:
            OllamaMultiModalError: a picture failed, and `on_error` is "raise".
            RunStoppedError: a fault that is no picture's.
        """
        done = _Done(self, len(nodes))
        with done.bar, closing(self.iter(nodes)) as results:
            for description in results:
                done.add(description)
        return done.in_order()

    async def acall(self, nodes: Sequence[BaseNode], **kwargs: Any) -> list[BaseNode]:
        """The same on an event loop."""
        done = _Done(self, len(nodes))
        with done.bar:
            async with aclosing(self.aiter(nodes)) as results:
                async for description in results:
                    done.add(description)
        return done.in_order()

    def iter(
        self, nodes: Iterable[BaseNode], *, on_host_fault: OnHostFault | None = None, on_wait: OnWait | None = None
    ) -> Generator[Description, None, None]:
        """What came of each node, as they finish: an answer, or the picture's own error, whatever `on_error` says.

        Nodes are taken when there is room for them, so the list may be endless. Leaving early closes the requests.
        `on_host_fault` gets the address of a host that is left alone and why, at once and on another thread; `on_wait`
        that of one that the run waits for, why, and for how many seconds more at the most: again after each try, and
        with `None` and the seconds that passed once it answers again.

        Raises:
            RunStoppedError: a fault that is no picture's.
        """
        return on_loop_thread(self.aiter(nodes, on_host_fault=on_host_fault, on_wait=on_wait))

    async def aiter(
        self,
        nodes: Iterable[BaseNode] | AsyncIterable[BaseNode],
        *,
        on_host_fault: OnHostFault | None = None,
        on_wait: OnWait | None = None,
    ) -> AsyncGenerator[Description, None]:
        """The same on an event loop; nodes may come asynchronously too."""
        skipped, request = 0, self.request_hash()
        outcomes = self._outcomes(
            nodes,
            [LlmOnHost(llm) for llm in self._models()],
            open_node,
            cache=None if self.cache is None else AnswersInCache(self.cache),
            on_host_fault=on_host_fault,
            on_wait=on_wait,
        )
        async with aclosing(outcomes):
            async for outcome in outcomes:
                skipped += outcome.skipped
                yield description_of(outcome, self.output, request)
        if skipped:
            noun = "node that holds" if skipped == 1 else "nodes that hold"
            warnings.warn(f"ImageDescriber passed through {skipped} {noun} no picture", UserWarning, stacklevel=2)

    def to_dict(self, **kwargs: Any) -> dict[str, Any]:
        """With a value that is fresh each time: core's step cache knows nodes by their text, and pictures have none."""
        return {**super().to_dict(**kwargs), _FRESH: uuid.uuid4().hex}

    @classmethod
    def from_dict(cls, data: dict[str, Any], **kwargs: Any) -> ImageDescriber:
        """The object again, without its cache: give that anew."""
        return super().from_dict({name: each for name, each in data.items() if name != _FRESH}, **kwargs)

    @field_validator("llm")
    @classmethod
    def _one_model(cls, llm: Any) -> Any:
        if not isinstance(llm, list):
            return llm
        if not llm:
            raise ValueError("llm is an empty list: give at least one OllamaMultiModal")
        require_same_answers(llm)
        return llm

    def _models(self) -> list[OllamaMultiModal]:
        return self.llm if isinstance(self.llm, list) else [self.llm]


class _Done:
    """Results on their way into order, with the bar that counts them."""

    def __init__(self, describer: ImageDescriber, count: int) -> None:
        from tqdm.auto import tqdm  # type: ignore[import-untyped]

        self.bar = tqdm(total=count, desc="Describing pictures", disable=not describer.show_progress)
        self._raises = describer.on_error == "raise"
        self._nodes: dict[int, BaseNode] = {}

    def add(self, description: Description) -> None:
        if description.error is not None and self._raises:
            raise description.error
        self._nodes[description.index] = description.node
        self.bar.update()

    def in_order(self) -> list[BaseNode]:
        return [self._nodes[index] for index in sorted(self._nodes)]
