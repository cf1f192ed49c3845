"""Bounded concurrency with backpressure: pictures are pulled when there is room, and given as they finish."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterable, AsyncIterator, Callable, Generator, Iterable, Sequence
from typing import Any, Generic, Protocol, TypeAlias

from ollama_vision import errors
from ollama_vision.pictures import ImageOptions, PreparedImage

from . import cache as remembering
from . import loading
from .balancer import Balancer, Host, OnHostFault, OnWait
from .blame import (
    FailureStreak,
    Fault,
    came_to_nothing,
    classify,
    folder_that_is_gone,
    may_return,
    most_tries,
    nothing_came,
    refuses,
)
from .fingerprint import arguments_of, request_hash
from .loop_thread import on_loop_thread
from .outcome import Item, Outcome
from .question import HostedModel, PictureAnswer, PictureQuestion

_MOST_WAITS = 20
"""So often a picture is asked about again after the model's process died under another one, until the host is left
alone; each time the client's own tries have been used up, and loading takes its time."""


class Source(Protocol):
    """The picture, or the pages, of one item. Its methods read and decode, and are called in threads."""

    def sha256(self) -> str: ...

    def pictures(self) -> Sequence[PreparedImage]: ...


Open: TypeAlias = Callable[[Item, int, ImageOptions], Source | None]
"""Opens an item, by its place among all: its picture, or `None` when it has none and is passed over. Raises ImageError;
called in threads."""
Items: TypeAlias = Iterable[Item] | AsyncIterable[Item]


class Dispatcher(Generic[Item]):
    """One pass over many items.

    Args:
        models: the same model on one host or more.
        open_item: makes a picture of an item.
        workers: requests in flight, all hosts together; `None`: 4, or two for each of more hosts.
        wait: seconds that a host which was there is waited for.
        on_host_fault: hears of each host that is left alone.
        on_wait: hears of each host that the run waits for.
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
        on_host_fault: OnHostFault | None = None,
        on_wait: OnWait | None = None,
    ) -> None:
        self._told: OnHostFault = on_host_fault or (lambda name, fault: None)
        self._wait = wait
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
        self._image_options = arguments_of(models[0].settings, question).image_options

    async def results(self, items: Items[Item]) -> AsyncGenerator[Outcome[Item], None]:
        """What came of each item, as they finish. No more items are held than there are workers, and a few.

        Raises:
            RunStoppedError: a fault that is no picture's; nothing is said of the pictures that met it.
        """
        hosts = Balancer(self._models, told=self._told, wait=self._wait, waiting=self._waiting)
        streak, source = FailureStreak[Item](), _Items(items)
        asking: set[asyncio.Task[Outcome[Item]]] = set()
        pulling: asyncio.Task[tuple[int, Item] | None] | None = None
        try:
            while not source.ended or asking:
                if pulling is None and not source.ended and len(asking) < self._workers:
                    pulling = asyncio.create_task(source.pull())
                waited: set[asyncio.Task[Any]] = {*asking, *([pulling] if pulling else [])}
                finished, _ = await asyncio.wait(waited, return_when=asyncio.FIRST_COMPLETED)
                if pulling is not None and pulling in finished:
                    pulled, pulling = pulling.result(), None
                    if pulled is not None:
                        asking.add(asyncio.create_task(self._settle(*pulled, hosts)))
                ended = [task for task in asking if task in finished]
                asking.difference_update(ended)
                # What is done is given before what stops the run is raised.
                for task in sorted(ended, key=_ended_badly):
                    for outcome in streak.add(task.result()):
                        yield outcome
            for outcome in streak.end():
                yield outcome
        finally:
            left: list[asyncio.Task[Any]] = [*asking, *([pulling] if pulling else [])]
            for each in left:
                each.cancel()
            await asyncio.gather(*left, return_exceptions=True)

    def each(self, items: Iterable[Item]) -> Generator[Outcome[Item], None, None]:
        """`results` from a thread that waits: the items are asked about on an event loop of another thread."""
        return on_loop_thread(self.results(items))

    async def _settle(self, index: int, item: Item, hosts: Balancer) -> Outcome[Item]:
        sha256 = ""
        try:
            source = await asyncio.to_thread(self._open, item, index, self._image_options)
            if source is None:
                return Outcome(index, item, skipped=True)
            sha256 = await asyncio.to_thread(source.sha256)
            name = remembering.key(sha256, self._request)
            if kept := await self._recalled(name):
                return self._answered(index, item, sha256, kept, host=None)
            pictures = await asyncio.to_thread(source.pictures)
            host, answer = await self._asked(pictures, hosts)
            if isinstance(answer, errors.OllamaMultiModalError):
                return await asyncio.to_thread(self._failed, index, item, sha256, answer, host.name)
        except errors.OllamaMultiModalError as error:
            return await asyncio.to_thread(self._failed, index, item, sha256, error)
        if self._cache is not None:
            await asyncio.to_thread(self._cache.put, name, answer)
        return self._answered(index, item, sha256, answer, host)

    async def _recalled(self, name: str) -> PictureAnswer | None:
        if self._cache is None:
            return None
        return await asyncio.to_thread(remembering.recall, self._cache, name, self._question.output_cls)

    async def _asked(
        self, pictures: Sequence[PreparedImage], hosts: Balancer
    ) -> tuple[Host, PictureAnswer | errors.OllamaMultiModalError]:
        """The answer or the picture's fault, from the first host that is not itself to blame for having none."""
        tried = waited = 0
        was_loaded = False
        while True:
            host = await hosts.take()
            behind = host.in_flight - 1
            try:
                found = await host.asked.answer(self._question, pictures)
            except errors.OllamaMultiModalError as error:
                host.was_there = host.was_there or not may_return(error)
                if isinstance(error, errors.ServerBusyError) and refuses(error):
                    hosts.refused(host, error)
                    continue
                if (ailment := await _host_failure(host, error)) is not None:
                    hosts.failed(host, ailment, may_return=may_return(ailment))
                    continue
                hosts.is_there(host)
                if nothing_came(error):
                    if hosts.let_one_wait(host, behind):
                        continue
                    if not was_loaded and await _may_have_been_loading(host):
                        was_loaded = True
                        await self._load(host, hosts, error)
                        continue
                if came_to_nothing(error):
                    waited += 1
                    if waited > _MOST_WAITS:
                        hosts.failed(host, error)
                    continue
                tried += 1
                if tried >= most_tries(error):
                    return host, error
            else:
                hosts.answered(host)
                return host, found
            finally:
                hosts.give_back(host)

    async def _load(self, host: Host, hosts: Balancer, silence: errors.OllamaMultiModalError) -> None:
        hosts.begins_loading(host, silence, loading.LOAD_SECONDS)
        try:
            fault = await host.asked.load(self._question.keywords)
        finally:
            hosts.ends_loading(host)
        if isinstance(fault, errors.ServerBusyError) and refuses(fault):
            hosts.refused(host, fault)
        elif fault is not None:
            hosts.failed(host, fault, may_return=may_return(fault))

    def _answered(self, index: int, item: Item, sha256: str, answer: PictureAnswer, host: Host | None) -> Outcome[Item]:
        return Outcome(
            index,
            item,
            text=answer.text,
            fields=answer.fields,
            finish_reason=answer.finish_reason,
            model=self._model,
            host=host.name if host else "",
            usage=answer.usage,
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


class _Items(Generic[Item]):
    """Items, one at a time and numbered; what reads files while it is iterated does so in a thread."""

    def __init__(self, items: Items[Item]) -> None:
        self.ended = False
        self._items: Iterable[Item] | AsyncIterator[Item]
        self._items = aiter(items) if isinstance(items, AsyncIterable) else iter(items)
        self._in_memory = isinstance(items, (list, tuple))
        self._count = 0

    async def pull(self) -> tuple[int, Item] | None:
        item: Item | None
        if isinstance(self._items, AsyncIterator):
            item = await anext(self._items, None)
        elif self._in_memory:
            item = next(iter(self._items), None)
        else:
            item = await asyncio.to_thread(next, iter(self._items), None)
        if item is None:
            self.ended = True
            return None
        self._count += 1
        return self._count - 1, item


def _ended_badly(task: asyncio.Task[Outcome[Any]]) -> tuple[bool, bool]:
    stopped = task.exception() is not None
    return stopped, not stopped and task.result().error is not None


async def _may_have_been_loading(host: Host) -> bool:
    """Of a host that was silent about one picture alone: until it is warm, and when its model is not loaded."""
    return not host.is_warm or await host.asked.is_loaded() is False


async def _host_failure(host: Host, error: errors.OllamaMultiModalError) -> errors.OllamaMultiModalError | None:
    """Why the host is to be left alone: by the error itself, or because it is not there any more; else `None`."""
    fault = classify(error)
    if fault is not Fault.UNCLEAR:
        return error if fault is Fault.HOST else None
    try:
        await host.asked.greet()
    except errors.OllamaMultiModalError as gone:
        return gone
    return None
