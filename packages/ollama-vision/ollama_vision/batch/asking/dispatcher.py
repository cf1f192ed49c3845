"""Bounded concurrency with backpressure: pictures are pulled when there is room, and given as they finish."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Generator, Iterable, Sequence
from contextlib import aclosing, closing
from dataclasses import replace
from functools import partial
from typing import Any, Generic, TypeAlias

from ollama_vision import errors
from ollama_vision.model import FrameBudget
from ollama_vision.pictures import FrameRoom, ServerSizes
from ollama_vision.server import ModelCapabilities

from . import cache as remembering
from .asked_again import AskedAgain
from .balancer import Balancer, Host, OnHostFault, OnWait
from .blame import FailureStreak, folder_that_is_gone
from .failover import Failover
from .fingerprint import arguments_of, request_hash
from .finished import Finished
from .intake import Intake, Items, Open, Ready, recall_from
from .loop_thread import on_loop_thread
from .outcome import Item, Outcome
from .question import HostedModel, PictureAnswer, PictureQuestion
from .sight_watch import Given, SightWatch
from .turns import AskItem, ask_all


class Dispatcher(Generic[Item]):
    """One pass over many items.

    Args:
        models: the same model on one host or more.
        open_item: makes a picture of an item.
        workers: requests in flight, all hosts together; `None`: 4, or two for each of more hosts.
        wait: seconds that a host which was there is waited for.
        on_host_fault: hears of each host that is left alone.
        on_wait: hears of each host that the run waits for.
        sight: has each host show that it sees; what one that does not has given is asked again of the others, and
            comes a second time, as an outcome that `replaces` the first.
        on_server_sizes: hears, before an item is pulled, which sizes the model's server leaves alone.
        on_room: hears then how many frames of a video a question holds, as a `FrameRoom`, where that is known.
        ask_item: asks all that each item is asked, where that is more than the question.
    """

    def __init__(
        self,
        models: Sequence[HostedModel],
        question: PictureQuestion,
        open_item: Open[Item],
        *,
        workers: int | None,
        cache: remembering.AnswerCache | None = None,
        wait: float = 0.0,
        were_there: bool = False,
        on_host_fault: OnHostFault | None = None,
        on_wait: OnWait | None = None,
        sight: SightWatch[Item] | None = None,
        on_server_sizes: Callable[[ServerSizes | None], None] | None = None,
        on_room: Callable[[FrameRoom | None], None] | None = None,
        ask_item: AskItem[Item] | None = None,
    ) -> None:
        self._ask_item = ask_item
        self._sight = sight
        self._told: OnHostFault = on_host_fault or (lambda name, fault: None)
        self._wait, self._were_there = wait, were_there
        self._on_server_sizes = on_server_sizes or (lambda sizes: None)
        self._on_room = on_room or (lambda room: None)
        self._waiting: OnWait = on_wait or (lambda name, fault, seconds: None)
        self._models, self._question, self._open, self._workers, self._cache = (
            models,
            question,
            open_item,
            # One is being answered, and the next is there when its host is free.
            workers or max(4, 2 * len(models)),
            cache,
        )
        self._model = models[0].model
        self._request = request_hash(models[0].settings, question)
        arguments = arguments_of(models[0].settings, question)
        self._image_options, self._window = arguments.image_options, arguments.options.get("num_ctx")

    async def results(self, items: Items[Item]) -> AsyncGenerator[Outcome[Item], None]:
        """What came of each item, as they finish. No more items are held than there are workers, and a few.

        Raises:
            RunStoppedError: a fault that is no picture's; nothing is said of the pictures that met it.
        """
        async with aclosing(self._batches(items)) as batches:
            async for batch in batches:
                for outcome in batch:
                    yield outcome

    def each(self, items: Iterable[Item]) -> Generator[Outcome[Item], None, None]:
        """`results` from a thread that waits: the items are asked about on an event loop of another thread."""
        with closing(on_loop_thread(self._batches(items))) as batches:
            for batch in batches:
                yield from batch

    async def _batches(self, items: Items[Item]) -> AsyncGenerator[list[Outcome[Item]], None]:
        """`results`, all at a time that have finished: to hand several to another thread costs as much as one."""
        balancer = Balancer(
            self._models, told=self._told, wait=self._wait, waiting=self._waiting, were_there=self._were_there
        )
        hosts = Failover(self._question, balancer, self._sight)
        recall = recall_from(self._cache, self._request, self._question.output_cls)
        known = await self._capabilities()
        sizes = None if known is None else known.server_sizes
        self._on_server_sizes(sizes)
        self._on_room(FrameBudget.of(known, self._window))
        options = self._image_options.for_server(sizes)
        streak, intake = FailureStreak[Item](), Intake(items, self._open, options, recall)
        asking, finished = set[_Settling[Item]](), Finished[Outcome[Item] | None]()
        again = AskedAgain[Item](self._sight, self._model)
        try:
            await hosts.all_see()  # of a run that goes on: what stands there already may be a blind host's
            while True:
                while len(asking) < self._workers:
                    if (given := again.next()) is not None:
                        task = asyncio.create_task(self._settle_again(given, intake, hosts, again))
                    elif not intake.ended:
                        task = asyncio.create_task(self._settle(intake, hosts))
                    else:
                        break
                    task.add_done_callback(finished.add)
                    asking.add(task)
                if not asking:
                    if await hosts.all_see():
                        break
                    continue
                ended = await finished.take()
                asking.difference_update(ended)
                outcomes: list[Outcome[Item]] = []
                try:
                    # What is done is given before what stops the run is raised.
                    for task in sorted(ended, key=_ended_badly):
                        if (outcome := task.result()) is not None:
                            outcomes += [outcome] if outcome.replaces else streak.add(outcome)
                except BaseException:
                    outcomes += again.lost()
                    if outcomes:
                        yield outcomes
                    raise
                if outcomes:
                    yield outcomes
            if held := streak.end():
                yield held
            if again.stopped is not None:
                raise again.stopped
        finally:
            for each in asking:
                each.cancel()
            await asyncio.gather(*asking, return_exceptions=True)

    async def _capabilities(self) -> ModelCapabilities | None:
        """Of the model, by the first host that says what it is."""
        for model in self._models:
            if (capabilities := await model.capabilities()) is not None:
                return capabilities
        return None

    async def _settle(self, intake: Intake[Item], hosts: Failover[Item]) -> Outcome[Item] | None:
        """What came of the next item; `None` when there is none."""
        if (ready := await intake.next()) is None:
            return None
        index, item, sha256 = ready.index, ready.item, ready.sha256
        if ready.skipped:
            return Outcome(index, item, skipped=True)
        if ready.kept is not None:
            return self._answered(index, item, sha256, ready.kept, host=None)
        if ready.error is not None:
            return await asyncio.to_thread(self._failed, index, item, sha256, ready.error)
        try:
            said_by, answer = await ask_all(hosts, self._ask_item, item, ready.pictures)
        except errors.OllamaMultiModalError as error:
            return await asyncio.to_thread(self._failed, index, item, sha256, error)
        if isinstance(answer, errors.OllamaMultiModalError):
            return await asyncio.to_thread(self._failed, index, item, sha256, answer, said_by[-1].name)
        for host in said_by:
            await self._keep(ready, host, answer)
        return self._answered(index, item, sha256, answer, said_by[-1])

    async def _keep(self, ready: Ready[Item], host: Host, answer: PictureAnswer) -> None:
        """Put it where answers are kept: at once, or when the host has shown that it sees."""
        keep: Callable[[], None] = _nothing
        if self._cache is not None:
            keep = partial(self._cache.put, remembering.key(ready.sha256, self._request), answer)
        if self._sight is not None:
            self._sight.gave(host, Given(ready.index, ready.item, ready.sha256, host.name, keep), answer.text)
        elif self._cache is not None:
            await asyncio.to_thread(keep)

    async def _settle_again(
        self, given: Given[Item], intake: Intake[Item], hosts: Failover[Item], again: AskedAgain[Item]
    ) -> Outcome[Item] | None:
        """What comes of an item whose answer was taken back."""
        try:
            ready = await intake.once_more(given.index, given.item)
            if ready.error is not None:
                raise ready.error
            if ready.skipped:
                return again.lost_by(given)
            said_by, answer = await ask_all(hosts, self._ask_item, given.item, ready.pictures)
            if isinstance(answer, errors.OllamaMultiModalError):
                outcome = await asyncio.to_thread(
                    self._failed, given.index, given.item, ready.sha256, answer, said_by[-1].name
                )
            else:
                for host in said_by:
                    await self._keep(ready, host, answer)
                outcome = self._answered(given.index, given.item, ready.sha256, answer, said_by[-1])
        except errors.RunStoppedError as stopped:
            again.stopped = stopped
            return again.lost_by(given)
        except errors.OllamaMultiModalError as error:
            outcome = await asyncio.to_thread(self._failed, given.index, given.item, given.sha256, error)
        again.done(given)
        return replace(outcome, replaces=True)

    def _answered(self, index: int, item: Item, sha256: str, answer: PictureAnswer, host: Host | None) -> Outcome[Item]:
        return Outcome(
            index,
            item,
            text=answer.text,
            fields=answer.fields,
            choice=answer.choice,
            confidence=answer.confidence,
            finish_reason=answer.finish_reason,
            model=self._model,
            host=host.name if host else "",
            usage=answer.usage,
            pictures=answer.pictures,
            more=answer.more,
            seconds=answer.seconds,
            waited=answer.waited,
            sha256=sha256,
            cached=host is None,
        )

    def _failed(
        self, index: int, item: Item, sha256: str, error: errors.OllamaMultiModalError, host: str = ""
    ) -> Outcome[Item]:
        if isinstance(error, errors.RunStoppedError):
            raise error
        if isinstance(error, errors.MissingExtraError):
            raise errors.RunStoppedError(f"The run was stopped: a package is missing. {error}") from error
        if (folder := folder_that_is_gone(error)) is not None:
            raise errors.RunStoppedError(
                f"The run was stopped: the folder {folder} is gone, or was emptied. Is its disk still mounted? {error}"
            ) from error
        return Outcome(
            index,
            item,
            text=error.partial_text,
            error=error,
            finish_reason=str(getattr(error, "finish_reason", "")),
            model=self._model,
            host=host,
            sha256=sha256,
        )


def _nothing() -> None:
    """There is no place where answers are kept."""


_Settling: TypeAlias = asyncio.Task[Outcome[Item] | None]


def _ended_badly(task: _Settling[Any]) -> tuple[bool, bool]:
    stopped = task.exception() is not None
    if stopped:
        return True, False
    outcome = task.result()
    return False, outcome is not None and outcome.error is not None
