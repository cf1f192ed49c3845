"""Proof of sight of one model on one server, with the settings of its object."""

from __future__ import annotations

import random
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ollama_vision.http import IO
from ollama_vision.user_warnings import warn_user

from .arguments import resolve_arguments
from .call import Asker
from .server_calls import api_of

if TYPE_CHECKING:
    from ollama_vision.sight import Asker as SightAsker
    from ollama_vision.sight import SightReport

_LOADING = ("num_ctx", "num_batch", "num_gpu", "main_gpu", "use_mmap", "use_mlock", "num_thread", "num_keep")
"""Options with which a model is loaded: with others than those of the calls to come it would be loaded twice."""
_SEEDS = 2**32


async def examine(
    io: IO,
    llm: Asker,
    seed: int | None = None,
    first: int = 4,
    keywords: Mapping[str, Any] | None = None,
) -> SightReport:
    """Ask questions about drawn pictures, and report what the answers prove; also of a model that is blind.

    Args:
        seed: draws the questions; a new one for each proof when left out.
        first: how many right answers are enough at the beginning: 4; 1 for a canary.
        keywords: those of the calls to come, as far as they decide how the model is loaded.

    Raises:
        CapabilityError: the model says that it does not see.
        OllamaMultiModalError: the server or the model did not answer.
    """
    from ollama_vision import sight

    return await sight.prove(await sight_asker(io, llm, keywords), drawn_seed(seed), first)


async def sight_asker(io: IO, llm: Asker, keywords: Mapping[str, Any] | None = None) -> SightAsker:
    """The model as it will be asked by calls with such keywords. Raises as `examine` does."""
    from ollama_vision import sight  # few calls prove anything, and every import of the client would pay for it

    api = api_of(io, llm)
    known = await llm._known.get(api, llm.model)
    if llm.check_capabilities:
        await llm._known.require(api, llm.model, frozenset({"vision"}))
    options = resolve_arguments(llm, "generate", keywords or {}).options
    return sight.Asker(
        api, llm.model, {name: options[name] for name in _LOADING if name in options}, known, llm.keep_alive
    )


def drawn_seed(seed: int | None) -> int:
    """The one that was given, else one by lot."""
    return random.randrange(_SEEDS) if seed is None else seed  # noqa: S311


async def prove(io: IO, llm: Asker, seed: int | None = None, first: int = 4) -> SightReport:
    """`examine`, which of a blind model is an error.

    Raises:
        BlindModelError: with the report.
    """
    from ollama_vision import sight

    report = await examine(io, llm, seed, first)
    if report.verdict == "blind":
        raise sight.blind_error(report)
    if report.verdict == "unclear":
        warn_user(str(report))
    return report
