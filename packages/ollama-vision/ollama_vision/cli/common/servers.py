"""Selection of servers: those that were named, or one with the demo model that lives as long as the command."""

from __future__ import annotations

import copy
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from ollama_vision.errors import ConnectionFailedError, OllamaMultiModalError, SilenceTimeoutError
from ollama_vision.server import OllamaServer
from ollama_vision.words import duration

from .access import Access
from .default_model import only_vision_model
from .screen import ProgressSink
from .shell_words import in_shell_words

_BETWEEN_LOOKS = 1.0
_LONGEST_SILENCE = 60.0
"""Seconds, until a server that lists no models hangs."""
_LONGEST_LOOK = 10.0
"""The same of one that is waited for: it is looked at again."""


class NoServer(Exception):
    """No server can be asked; the message says why and what to do."""


@dataclass(frozen=True)
class Servers:
    """Where to ask, as settings that the client's objects share, and whom when nobody was named."""

    settings: tuple[dict[str, Any], ...]
    """One for each server, never none."""
    model: str | None = None
    timeout: float | None = None
    """Seconds of silence that are borne, where that was said."""

    def model_that_sees(self, screen: ProgressSink) -> str:
        """The demo model, or the only one on the first server that answers which sees; raises NoModel."""
        if self.model is not None:
            return self.model
        screen.wait("Looking for a model that sees")
        faults: list[tuple[str, OllamaMultiModalError]] = []
        for settings in self.settings:
            there = OllamaServer(**settings, request_timeout=_at_most(self.timeout, _LONGEST_SILENCE))
            try:
                models = there.models()
            except OllamaMultiModalError as fault:
                # Another one may know; this one is named by the run.
                faults.append((str(there.base_url), fault))
            else:
                return only_vision_model(models, server=str(there.base_url))
        raise _joined(faults)

    def require(self, model: str) -> None:
        """Raises why no server can be asked for it, as the first question would."""
        faults: list[tuple[str, OllamaMultiModalError]] = []
        for settings in self.settings:
            server = OllamaServer(**settings, request_timeout=_at_most(self.timeout, _LONGEST_SILENCE))
            try:
                server.show(model)
            except OllamaMultiModalError as fault:
                faults.append((str(server.base_url), fault))
            else:
                return
            finally:
                server.close()
        raise _joined(faults)

    def wait_for_one(self, seconds: float, screen: ProgressSink) -> bool:
        """Until one of them answers, but no longer than so many seconds: then the run says what there is. Gives whether
        one does."""
        until = time.monotonic() + seconds
        longest = _at_most(self.timeout, _LONGEST_LOOK)
        if any(_answers(settings, longest) for settings in self.settings):
            return True
        names = " or ".join(str(OllamaServer(**settings).base_url) for settings in self.settings)
        screen.note(f"Nothing answers at {names} yet. Waiting, {duration(seconds)} at the most (--wait).")
        while (left := until - time.monotonic()) > 0:
            if any(_answers(settings, _at_most(left, longest)) for settings in self.settings):
                return True
            screen.wait(f"Waiting for {names}, {duration(left)} left")
            time.sleep(min(_BETWEEN_LOOKS, left))
        return False


def _joined(faults: Sequence[tuple[str, OllamaMultiModalError]]) -> OllamaMultiModalError:
    """The first, with its class, status and body, in the words of all; each says whose they are."""
    (_, first), *others = faults
    if not others:
        return first
    joined = copy.copy(first)
    joined.args = (" ".join(str(fault) if host in str(fault) else f"{host}: {fault}" for host, fault in faults),)
    joined.__cause__ = first
    return joined


def _at_most(seconds: float | None, longest: float) -> float:
    return longest if seconds is None else min(seconds, longest)


def _answers(settings: dict[str, Any], longest_silence: float) -> bool:
    server = OllamaServer(**settings, request_timeout=longest_silence)
    try:
        server.version()
    except (ConnectionFailedError, SilenceTimeoutError):
        return False
    except OllamaMultiModalError as error:
        # A gateway that answers for a server which is not there yet.
        return getattr(error, "status", None) not in (502, 503)
    finally:
        server.close()
    return True


@contextmanager
def servers_for(
    access: Access, screen: ProgressSink, *, requests_at_once: int = 1, timeout: float | None = None
) -> Iterator[Servers]:
    """The servers that were named, in their order; raises NoServer."""
    if not access.demo:
        yield Servers(tuple(_settings(host, access) for host in access.hosts or (None,)), timeout=timeout)
        return
    from ollama_embedded import EmbeddedOllama

    screen.wait("Starting the demo model")
    with EmbeddedOllama(num_parallel=requests_at_once) as embedded:
        yield Servers(({"base_url": embedded.url},), embedded.model)


def patience(timeout: float | None) -> dict[str, Any]:
    """The setting of the client for so many seconds of silence; none where nothing was said."""
    return {} if timeout is None else {"request_timeout": timeout}


def _settings(host: str | None, access: Access) -> dict[str, Any]:
    settings: dict[str, Any] = {}
    if host is not None:
        settings["base_url"] = host
    if access.headers:
        settings["headers"] = dict(access.headers)
    if access.cacert is not None:
        settings["verify"] = str(access.cacert)
    try:
        OllamaServer(**settings)
    except ValueError as error:
        # Without --host the address comes from OLLAMA_HOST.
        raise NoServer(in_shell_words(f"The server's address is not one: {error}.")) from error
    return settings
