"""`ollama-vision doctor`: diagnosis of everything that an answer about a picture depends on, in its order."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from typing import Any

from ollama_vision.errors import ModelNotFoundError, OllamaMultiModalError
from ollama_vision.server import OllamaServer
from ollama_vision.sight import SightReport

from ..common.access import MODEL_VARIABLE, Access
from ..common.exits import DONE, FAILED
from ..common.screen import Screen, silence_output, telling
from ..common.servers import NoServer, servers_for
from ..common.settings_in_use import settings_in_use
from . import conversations_check, local_checks, probes, server_checks, settings_check, sight_checks
from .check import Check, fail, worst
from .facts import Choice, Loaded, Model, Told, loaded_as
from .output import AsJSON, Lines

Settings = Mapping[str, Any]
OF_THE_SERVER = ("version", "models", "model", "sight", "thinking", "memory", "context")
"""The checks that need one that answers."""


def doctor(access: Access, model: str | None, *, as_json: bool) -> int:
    """Make the checks, show each as soon as it is made, and give the exit code."""
    checks: list[Check] = []
    with Screen() as screen, telling(screen):
        shown = AsJSON() if as_json else Lines(screen)
        try:
            for check in examine(access, model, screen):
                checks.append(check)
                shown.check(check)
            shown.end(checks)
        except BrokenPipeError:
            silence_output()
            return FAILED
    return FAILED if worst(checks) == "fail" else DONE


def examine(access: Access, model: str | None, screen: Screen) -> Iterator[Check]:
    """All checks; what is quick to look at comes first."""
    host = access.hosts[0] if access.hosts else None
    settings = settings_in_use()
    yield settings_check.settings(settings)
    yield conversations_check.conversations(settings.written, settings.file)
    try:
        with servers_for(access, screen) as servers:
            yield from examine_server(servers.settings[0], host, model, screen)
    except NoServer as error:
        yield fail("server", f"there is nothing to ask: {error}", "Write it as http://localhost:11434.")


def examine_server(settings: Settings, host: str | None, model: str | None, screen: Screen) -> Iterator[Check]:
    """This machine, the server, and what is on it."""
    server = OllamaServer(**settings, request_timeout=probes.LONGEST_SILENCE)
    origin, here = probes.origin(server, host), probes.here(server)
    yield local_checks.client(here)
    yield local_checks.extras(here)
    if (fonts := local_checks.fonts(here)) is not None:
        yield fonts
    yield from local_checks.environment(here, origin)
    yield local_checks.disk(probes.disk(origin), origin)

    screen.wait(f"Asking {origin.url}")
    version = probes.told(server.version)
    yield server_checks.server(origin, version)
    if server_checks.is_out_of_reach(version):
        for name in OF_THE_SERVER:
            yield server_checks.not_made(name, "no server to ask")
        return
    yield server_checks.version(version)
    yield from examine_models(server, settings, model, screen)


def examine_models(server: OllamaServer, settings: Settings, named: str | None, screen: Screen) -> Iterator[Check]:
    """The models, and one of them at work."""
    listed = probes.told(lambda: probes.models(server))
    running = probes.told(lambda: probes.running(server))
    yield server_checks.models(listed, running)
    known: list[Model] = [] if isinstance(listed, OllamaMultiModalError) else listed
    loaded: list[Loaded] = [] if isinstance(running, OllamaMultiModalError) else running
    choice = server_checks.choose(named, os.environ.get(MODEL_VARIABLE) or None, known, loaded)
    if choice is None:
        for name in ("model", "sight", "thinking"):
            yield server_checks.not_made(name, "no model to ask is known; name one with --model")
        yield server_checks.memory(running, None, None)
        yield server_checks.not_made("context", "no model to ask is known")
        return

    told = probes.told(lambda: probes.shown(server, choice))
    yield server_checks.model(choice, told, known)
    model = None if isinstance(told, OllamaMultiModalError) else told
    if model is None or model.sees is False:
        why = _why_not_asked(choice, told)
        for name in ("sight", "thinking"):
            yield server_checks.not_made(name, why)
        yield server_checks.memory(running, None, None)
        yield server_checks.not_made("context", why)
        return

    screen.wait(f"Asking {choice.name} what it sees")
    report: Told[SightReport] = probes.told(lambda: probes.sight(settings, choice, loaded_as(choice.name, loaded)))
    yield sight_checks.sight(choice, report)
    yield sight_checks.thinking(choice, report, model.thinks)
    after = probes.told(lambda: probes.running(server))
    answered = not isinstance(report, OllamaMultiModalError)
    yield server_checks.memory(after, choice.name if answered else None, sight_checks.tokens_per_second(report))
    yield server_checks.context(choice, after, model.context_length)


def _why_not_asked(choice: Choice, told: Told[Model]) -> str:
    if isinstance(told, ModelNotFoundError):
        return f"{choice.name} is not there"
    if isinstance(told, OllamaMultiModalError):
        return f"the server cannot show {choice.name}"
    return f"{choice.name} does not see pictures"
