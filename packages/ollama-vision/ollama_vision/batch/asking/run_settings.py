"""What each picture of a run is asked and how the run goes about it, as one pydantic model of settings."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import AsyncGenerator, AsyncIterable, Iterable, Sequence
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, Field, field_serializer, field_validator

from ollama_vision.lazy import object_at, place_of
from ollama_vision.model import OnServer
from ollama_vision.user_warnings import warn_user

from .balancer import WAIT, OnHostFault, OnWait
from .cache import AnswerCache
from .dispatcher import Dispatcher
from .fingerprint import request_hash, what_is_asked
from .intake import Open
from .outcome import Item, Outcome
from .question import HostedModel, PictureQuestion
from .sight_watch import SightWatch

if TYPE_CHECKING:
    from ollama_vision.sight import SightReport


class RunSettings(BaseModel):
    """One question to each of many pictures; who extends it says which models are asked.

    A dump of it names `output_cls` by its place, and is read back where the class stands there.
    """

    prompt: str = Field(default="Describe the image.", min_length=1, description="What each picture is asked.")
    output_cls: type[BaseModel] | None = Field(
        default=None, description="A pydantic class that each answer must be of; its fields become metadata."
    )
    num_workers: int | None = Field(
        default=None, ge=1, description="Requests in flight, over all hosts; None: 4, or two for each of more hosts."
    )
    deadline: float | None = Field(
        default=None, gt=0, description="Seconds for one picture, from when its request starts."
    )
    wait: float = Field(
        default=WAIT,
        ge=0,
        description="Seconds that a host which answered in this run and is gone, restarted say, is waited for when no "
        "other is left; 0: not at all. One whose queue is full (503) is waited for ten minutes at the least.",
    )
    think: bool | str | None = Field(
        default=None, description="Whether the model thinks; None: as the llm's `thinking` says, else not."
    )
    llm_kwargs: dict[str, Any] = Field(
        default_factory=dict, description="Keywords of each call: options={...}, image_options=..., num_predict=..."
    )

    def request_hash(self) -> str:
        """By what a question is known again, in hex: model, prompt, schema, options, how pictures are prepared."""
        return request_hash(self._models()[0], self._question())

    def what_is_asked(self) -> dict[str, Any]:
        """What `request_hash` is the hash of, as JSON has it; without hosts, headers and keys."""
        return what_is_asked(self._models()[0], self._question())

    @abstractmethod
    def _models(self) -> Sequence[OnServer]:
        """The same model on one host or more."""

    def _question(self) -> PictureQuestion:
        think = self._models()[0].thinking if self.think is None else self.think
        keywords = {"think": False if think is None else think, **self.llm_kwargs}
        return PictureQuestion(self.prompt, self.output_cls, keywords, self.deadline)

    def _outcomes(
        self,
        items: Iterable[Item] | AsyncIterable[Item],
        models: Sequence[HostedModel],
        open_item: Open[Item],
        *,
        cache: AnswerCache | None,
        on_host_fault: OnHostFault | None,
        on_wait: OnWait | None,
    ) -> AsyncGenerator[Outcome[Item], None]:
        """What came of each item, as they finish; see `Dispatcher`.

        Where a model requires sight, its hosts prove it, and show it again now and then: what a blind one said is said
        anew, by another outcome of the same item.
        """
        question = self._question()
        watched = any(model.require_sight for model in self._models())
        watch: SightWatch[Item] | None = SightWatch(question, on_report=_warn) if watched else None
        return Dispatcher[Item](
            models,
            question,
            open_item,
            workers=self.num_workers,
            cache=cache,
            wait=self.wait,
            on_host_fault=on_host_fault,
            on_wait=on_wait,
            sight=watch,
        ).results(items)

    @field_serializer("output_cls")
    def _place_of_class(self, output_cls: type[BaseModel] | None) -> str | None:
        return None if output_cls is None else place_of(output_cls)

    @field_validator("output_cls", mode="before")
    @classmethod
    def _class_at_place(cls, value: Any) -> Any:
        if not isinstance(value, str):
            return value
        try:
            return object_at(value)
        except (ImportError, AttributeError, ValueError) as error:
            raise ValueError(f"output_cls is {value!r}, and there is no such class here: {error}") from error


def _warn(report: SightReport) -> None:
    warn_user(str(report))
