"""eye_test: how small things and letters a model still tells, for any of the objects that stand for one."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from ollama_vision.http import IO, run_blocking

from .on_server import OnServer
from .proof_of_sight import object_of
from .proving import drawn_seed, sight_asker
from .server_calls import fetch_fitting

if TYPE_CHECKING:
    from ollama_vision.sight import EyeProgress, EyeTest

Tell = Callable[["EyeProgress"], None]


def eye_test(
    model: str | OnServer, host: str | None = None, *, seed: int | None = None, progress: Tell | None = None
) -> EyeTest:
    """Find the smallest thing and the smallest letters that a model on a server still tells, and what they cost.

    Pictures of 2240x2240 pixels with one small thing or one word on them are sent at detail low, auto and high, and at
    auto as an overview and tiles. Of each a staircase finds the smallest size that is told: 24 right answers in a
    row, with one slip before them forgiven. Models that cannot read are asked about things alone.

    Args:
        model: a name on the server, a `VisionModel` or an `OllamaMultiModal`. A name is asked with the context that
            fits it, as `VisionModel.from_server` does, an object with its own settings.
        host: the server's address; `OLLAMA_HOST`, or this machine, when left out. Of an object, its own.
        seed: draws the questions; the same one draws the same.
        progress: called before each question, on an event loop in its thread.

    Raises:
        BlindModelError: it does not see what it is sent.
        StructuredOutputError: it answers with none of the labels, and does not read.
        CapabilityError, ModelNotFoundError, OllamaMultiModalError: nothing could be asked.
    """
    asked, is_ours = object_of(model, host)
    try:
        return run_blocking(_examine(asked._blocking, asked, seed, progress, fit=is_ours))
    finally:
        if is_ours:
            asked.close()


async def aeye_test(
    model: str | OnServer, host: str | None = None, *, seed: int | None = None, progress: Tell | None = None
) -> EyeTest:
    """`eye_test` on an event loop."""
    asked, is_ours = object_of(model, host)
    try:
        return await _examine(asked._on_loop, asked, seed, progress, fit=is_ours)
    finally:
        if is_ours:
            await asked.aclose()


async def _examine(io: IO, llm: OnServer, seed: int | None, progress: Tell | None, *, fit: bool) -> EyeTest:
    from ollama_vision import sight  # with the first eye test

    fitted = llm._fitted(await fetch_fitting(io, llm), ()) if fit else llm
    asker = await sight_asker(io, fitted)
    return await sight.test_eyes(asker, drawn_seed(seed), llm.image_options, progress)
