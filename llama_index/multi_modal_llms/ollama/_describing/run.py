"""Many pictures through few requests: pulled when there is room, asked where it is free, given as they finish."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterable, AsyncIterator, Iterable, Sequence
from typing import TYPE_CHECKING, Any

from llama_index.core.ingestion import IngestionCache
from llama_index.core.schema import BaseNode

from .. import errors
from .._images import PreparedImage
from .._images.original import PictureSource
from . import loading, remembering
from .asking import Answer, Ask, answer
from .description import Description, Output, answered, failed, holds_picture, place_of
from .hosts import Host, Hosts, Told, Waiting
from .identity import arguments_of, request_hash
from .verdicts import (
    Fault,
    Streak,
    came_to_nothing,
    fault_of,
    folder_that_is_gone,
    may_return,
    most_tries,
    nothing_came,
    refuses,
)

if TYPE_CHECKING:
    from ..base import OllamaMultiModal

Nodes = Iterable[BaseNode] | AsyncIterable[BaseNode]
_MOST_WAITS = 20
"""So often a picture is asked about again after the model's process died under another one, until the host is left
alone; each time the client's own tries have been used up, and loading takes its time."""


class Run:
    """One pass over many nodes.

    Args:
        llms: the same model on one host or more.
        workers: requests in flight, all hosts together.
        wait: seconds that a host which was there is waited for.
        on_host_fault: hears of each host that is left alone.
        on_wait: hears of each host that the run waits for.
    """

    def __init__(
        self,
        llms: Sequence[OllamaMultiModal],
        ask: Ask,
        *,
        output: Output,
        workers: int,
        cache: IngestionCache | None = None,
        wait: float = 0.0,
        on_host_fault: Told | None = None,
        on_wait: Waiting | None = None,
    ) -> None:
        self._told: Told = on_host_fault or (lambda name, fault: None)
        self._wait = wait
        self._waiting: Waiting = on_wait or (lambda name, fault, seconds: None)
        self._llms, self._ask, self._output, self._workers, self._cache = llms, ask, output, workers, cache
        self._request = request_hash(llms[0], ask)
        self._image_options = arguments_of(llms[0], ask).image_options

    async def results(self, nodes: Nodes) -> AsyncGenerator[Description, None]:
        """What came of each node, as they finish. No more nodes are held than there are workers, and a few.

        Raises:
            RunStoppedError: a fault that is no picture's; nothing is said of the pictures that met it.
        """
        hosts = Hosts(self._llms, told=self._told, wait=self._wait, waiting=self._waiting)
        streak, source = Streak(), _Source(nodes)
        asking: set[asyncio.Task[Description]] = set()
        pulling: asyncio.Task[tuple[int, BaseNode] | None] | None = None
        try:
            while not source.ended or asking:
                if pulling is None and not source.ended and len(asking) < self._workers:
                    pulling = asyncio.create_task(source.pull())
                waited: set[asyncio.Task[Any]] = {*asking, *([pulling] if pulling else [])}
                finished, _ = await asyncio.wait(waited, return_when=asyncio.FIRST_COMPLETED)
                if pulling is not None and pulling in finished:
                    pulled, pulling = pulling.result(), None
                    if pulled is not None:
                        asking.add(asyncio.create_task(self._describe(*pulled, hosts)))
                ended = [task for task in asking if task in finished]
                asking.difference_update(ended)
                # What is done is given before what stops the run is raised.
                for task in sorted(ended, key=_ended_badly):
                    for description in streak.add(task.result()):
                        yield description
            for description in streak.end():
                yield description
        finally:
            left: list[asyncio.Task[Any]] = [*asking, *([pulling] if pulling else [])]
            for each in left:
                each.cancel()
            await asyncio.gather(*left, return_exceptions=True)

    async def _describe(self, index: int, node: BaseNode, hosts: Hosts) -> Description:
        if not await asyncio.to_thread(holds_picture, node):
            return Description(index, node, node, skipped=True)
        sha256 = ""
        try:
            original = await asyncio.to_thread(PictureSource.of, node, self._image_options, where=place_of(node, index))
            sha256 = await asyncio.to_thread(original.sha256)
            name = remembering.key(sha256, self._request)
            if kept := await self._recalled(name):
                return self._answered(index, node, sha256, kept, host=None)
            pictures = await asyncio.to_thread(original.pictures)
            host, answer = await self._asked(pictures, hosts)
            if isinstance(answer, errors.OllamaMultiModalError):
                return await asyncio.to_thread(self._failed, index, node, sha256, answer, host.name)
        except errors.OllamaMultiModalError as error:
            return await asyncio.to_thread(self._failed, index, node, sha256, error)
        if self._cache is not None:
            await asyncio.to_thread(remembering.keep, self._cache, name, answer)
        return self._answered(index, node, sha256, answer, host)

    async def _recalled(self, name: str) -> Answer | None:
        if self._cache is None:
            return None
        return await asyncio.to_thread(remembering.recall, self._cache, name, self._ask.output_cls)

    async def _asked(
        self, pictures: Sequence[PreparedImage], hosts: Hosts
    ) -> tuple[Host, Answer | errors.OllamaMultiModalError]:
        """The answer or the picture's fault, from the first host that is not itself to blame for having none."""
        tried = waited = 0
        was_loaded = False
        while True:
            host = await hosts.take()
            behind = host.in_flight - 1
            try:
                found = await answer(host.llm, self._ask, pictures)
            except errors.OllamaMultiModalError as error:
                host.was_there = host.was_there or not may_return(error)
                if isinstance(error, errors.ServerBusyError) and refuses(error):
                    hosts.refused(host, error)
                    continue
                if (ailment := await _what_ails(host, error)) is not None:
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

    async def _load(self, host: Host, hosts: Hosts, silence: errors.OllamaMultiModalError) -> None:
        hosts.begins_loading(host, silence, loading.LOAD_SECONDS)
        try:
            fault = await loading.load(host.llm, self._ask.keywords)
        finally:
            hosts.ends_loading(host)
        if isinstance(fault, errors.ServerBusyError) and refuses(fault):
            hosts.refused(host, fault)
        elif fault is not None:
            hosts.failed(host, fault, may_return=may_return(fault))

    def _answered(self, index: int, node: BaseNode, sha256: str, answer: Answer, host: Host | None) -> Description:
        return Description(
            index,
            node,
            answered(node, answer, self._output, self._request),
            text=answer.text,
            fields=answer.fields,
            finish_reason=answer.finish_reason,
            model=self._llms[0].model,
            host=host.name if host else "",
            usage=answer.usage,
            seconds=answer.seconds,
            waited=answer.waited,
            sha256=sha256,
            cached=host is None,
        )

    def _failed(
        self, index: int, node: BaseNode, sha256: str, error: errors.OllamaMultiModalError, host: str = ""
    ) -> Description:
        if isinstance(error, errors.RunStoppedError):
            raise error
        if isinstance(error, errors.MissingExtraError):
            raise errors.RunStoppedError(f"The run was stopped: a package is missing. {error}") from error
        if (folder := folder_that_is_gone(error)) is not None:
            raise errors.RunStoppedError(
                f"The run was stopped: the folder {folder} is gone, or was emptied. Is its disk still mounted? {error}"
            ) from error
        return Description(
            index,
            node,
            failed(node, error, self._output, self._request),
            text=error.partial_text,
            error=error,
            finish_reason=str(getattr(error, "finish_reason", "")),
            model=self._llms[0].model,
            host=host,
            sha256=sha256,
        )


class _Source:
    """Nodes, one at a time and numbered; what reads files while it is iterated does so in a thread."""

    def __init__(self, nodes: Nodes) -> None:
        self.ended = False
        self._nodes: Iterable[BaseNode] | AsyncIterator[BaseNode]
        self._nodes = aiter(nodes) if isinstance(nodes, AsyncIterable) else iter(nodes)
        self._in_memory = isinstance(nodes, (list, tuple))
        self._count = 0

    async def pull(self) -> tuple[int, BaseNode] | None:
        node: BaseNode | None
        if isinstance(self._nodes, AsyncIterator):
            node = await anext(self._nodes, None)
        elif self._in_memory:
            node = next(iter(self._nodes), None)
        else:
            node = await asyncio.to_thread(next, iter(self._nodes), None)
        if node is None:
            self.ended = True
            return None
        self._count += 1
        return self._count - 1, node


def _ended_badly(task: asyncio.Task[Description]) -> tuple[bool, bool]:
    stopped = task.exception() is not None
    return stopped, not stopped and task.result().error is not None


async def _may_have_been_loading(host: Host) -> bool:
    """Of a host that was silent about one picture alone: until it is warm, and when its model is not loaded."""
    return not host.is_warm or await loading.is_loaded(host.llm) is False


async def _what_ails(host: Host, error: errors.OllamaMultiModalError) -> errors.OllamaMultiModalError | None:
    """Why the host is to be left alone: by the error itself, or because it is not there any more; else `None`."""
    fault = fault_of(error)
    if fault is not Fault.UNCLEAR:
        return error if fault is Fault.HOST else None
    server = loading.server_of(host.llm)
    try:
        await server.aversion()
    except errors.OllamaMultiModalError as gone:
        return gone
    finally:
        await server.aclose()
    return None
