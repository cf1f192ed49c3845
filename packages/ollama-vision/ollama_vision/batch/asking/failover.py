"""Failover: a picture is asked about on one host after the other, until one answers or the picture is to blame."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Generic

from ollama_vision import errors
from ollama_vision.pictures import PreparedImage

from . import loading
from .balancer import Balancer, Host
from .blame import Fault, came_to_nothing, classify, may_return, most_tries, nothing_came, refuses
from .outcome import Item
from .question import PictureAnswer, PictureQuestion
from .sight_watch import SightWatch

_MOST_PROOFS = 3
"""So often in a row a proof of sight may come to nothing until the host is left alone."""
_MOST_WAITS = 20
"""So often a picture is asked about again after the model's process died under another one, until the host is left
alone; each time the client's own tries have been used up, and loading takes its time."""


class Failover(Generic[Item]):
    """One question, asked of whichever host is free and neither ill nor blind."""

    def __init__(self, question: PictureQuestion, hosts: Balancer, sight: SightWatch[Item] | None) -> None:
        self._question, self._hosts, self._sight = question, hosts, sight

    async def ask(
        self, pictures: Sequence[PreparedImage], question: PictureQuestion | None = None
    ) -> tuple[Host, PictureAnswer | errors.OllamaMultiModalError]:
        """The answer or the picture's fault, from the first host that is not itself to blame for having none."""
        hosts = self._hosts
        tried = waited = proofs = 0
        was_loaded = False
        while True:
            host = await hosts.take()
            behind = host.in_flight - 1
            is_asked = False
            try:
                if self._sight is not None:
                    await self._sight.check(host)
                is_asked = True
                found = await host.asked.answer(question or self._question, pictures)
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
                        await self._load(host, error)
                        continue
                if came_to_nothing(error):
                    waited += 1
                    if waited > _MOST_WAITS:
                        hosts.failed(host, error)
                    continue
                if not is_asked:  # no picture is to blame for what became of a proof
                    proofs += 1
                    if proofs > _MOST_PROOFS:
                        hosts.failed(host, error)
                    continue
                tried += 1
                if tried >= most_tries(error):
                    return host, error
            else:
                if self._sight is not None and self._sight.is_blind(host):
                    continue  # that was found while it answered
                hosts.answered(host)
                return host, found
            finally:
                hosts.give_back(host)

    async def _load(self, host: Host, silence: errors.OllamaMultiModalError) -> None:
        hosts = self._hosts
        hosts.begins_loading(host, silence, loading.LOAD_SECONDS)
        try:
            fault = await host.asked.load(self._question.keywords)
        finally:
            hosts.ends_loading(host)
        if isinstance(fault, errors.ServerBusyError) and refuses(fault):
            hosts.refused(host, fault)
        elif fault is not None:
            hosts.failed(host, fault, may_return=may_return(fault))

    async def all_see(self) -> bool:
        """Whether nothing is to be asked again: hosts whose last answers no canary followed show that they see."""
        if self._sight is None:
            return True
        unproven = [host for host in self._hosts.hosts if self._sight.unproven(host)]
        await asyncio.gather(*(self._show(host, self._sight) for host in unproven))
        return not self._sight.taken_back

    async def _show(self, host: Host, sight: SightWatch[Item]) -> None:
        """Have it show that it sees, outside of a picture's question. One that is gone by now is not waited for."""
        try:
            await sight.check(host, is_idle=True)
        except errors.BlindModelError as error:
            self._hosts.failed(host, error)
        except errors.OllamaMultiModalError as error:
            sight.cannot_tell(host, error)


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
