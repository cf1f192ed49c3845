"""Probes: this machine, the server, and the model, which has to prove that it sees. Facts, without a verdict."""

from __future__ import annotations

import os
import platform
import shutil
import warnings
from collections.abc import Callable, Mapping
from importlib.metadata import PackageNotFoundError
from importlib.metadata import version as version_of
from pathlib import Path
from typing import Any, TypeVar

from ollama_vision.errors import BlindModelError, OllamaMultiModalError
from ollama_vision.extras import DISTRIBUTION, EXTRAS, is_complete
from ollama_vision.model import VisionModel
from ollama_vision.server import OllamaServer
from ollama_vision.sight import SightReport

from ..common.settings.file import FILE_NAME
from ..common.settings_in_use import settings_in_use
from .facts import Choice, Disk, Here, Loaded, Model, Origin, Told
from .local_checks import models_folders
from .pdf_fonts import undrawable_scripts

T = TypeVar("T")
LONGEST_SILENCE = 10.0
"""Seconds that a question about the server itself may take."""
LONGEST_TRIAL = 300.0
"""Seconds for each question: a large model may come from a slow disk."""
PACKAGES = ("llama-index-core", "httpx2", "pillow")
"""Those whose versions matter, where they are installed."""


def told(ask: Callable[[], T]) -> Told[T]:
    try:
        return ask()
    except OllamaMultiModalError as error:
        return error


def here(server: OllamaServer) -> Here:
    packages = {name: found for name in PACKAGES if (found := _version(name))}
    return Here(
        versions={
            DISTRIBUTION: _version(DISTRIBUTION) or "not installed as a package",
            **packages,
            "Python": platform.python_version(),
        },
        extras={name: is_complete(extra.modules) for name, extra in EXTRAS.items()},
        environment=os.environ,
        undrawable=undrawable_scripts(),
        proxy=told(lambda: server.proxy),
    )


def origin(server: OllamaServer, host: str | None) -> Origin:
    named = os.environ.get("OLLAMA_HOST", "").strip()
    typed = FILE_NAME if "host" in settings_in_use().names else "--host"
    source = typed if host else "OLLAMA_HOST" if named else "default"
    return Origin(server.base_url, source, server.is_on_this_machine)


def _version(package: str) -> str | None:
    try:
        return version_of(package)
    except PackageNotFoundError:
        return None


def disk(origin: Origin) -> Disk | None:
    """The room for further models, when their folder can be looked at."""
    if not origin.is_here:
        return None
    folders = models_folders(os.environ, Path.home())
    folder = next((folder for folder in folders if folder.is_dir()), folders[0])
    # The first pull makes the folder: until then its disk is that of what is there above it.
    there = next(above for above in (folder, *folder.absolute().parents) if above.is_dir())
    return Disk(str(folder), shutil.disk_usage(there).free)


def models(server: OllamaServer) -> list[Model]:
    return sorted((_model(entry.name, entry.details, entry.size) for entry in server.models()), key=lambda m: m.name)


def _model(name: str, entry: Mapping[str, Any], size: int) -> Model:
    listed = entry.get("capabilities")
    abilities = frozenset(map(str, listed)) if isinstance(listed, list) else None
    return Model(name, abilities, size, _count((entry.get("details") or {}).get("context_length")))


def shown(server: OllamaServer, choice: Choice) -> Model:
    """The model as /api/show has it; older servers tell the length of the context only here."""
    reply = server.show(choice.name)
    info = reply.get("model_info") or {}
    model = _model(choice.name, reply, 0)
    length = _count(info.get(f"{info.get('general.architecture')}.context_length"))
    return Model(model.name, model.abilities, model.size, length or model.context_length)


def running(server: OllamaServer) -> list[Loaded]:
    return [
        Loaded(
            entry.name,
            entry.size,
            _count(entry.details.get("size_vram")) or 0,
            _count(entry.details.get("context_length")),
        )
        for entry in server.running()
    ]


def _count(value: Any) -> int | None:
    return value if isinstance(value, int) else None


def sight(settings: Mapping[str, Any], choice: Choice, loaded: Loaded | None) -> SightReport:
    """Ask the model questions about drawn pictures.

    A model that is loaded is asked with the context that it has: another one would load it anew under its users.
    """
    context: dict[str, Any] = {"context_window": loaded.context_length} if loaded and loaded.context_length else {}
    llm = VisionModel(choice.name, deadline=LONGEST_TRIAL, **context, **settings)
    with warnings.catch_warnings():
        # Of both there are checks.
        warnings.filterwarnings("ignore", message=".* runs Ollama |Whether .* is unclear")
        try:
            return llm.prove_sight()
        except BlindModelError as error:
            report: SightReport = error.report
            return report
        finally:
            llm.close()
