"""prove_sight: whether a model sees what it is sent, for any of the objects that stand for one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .model import VisionModel
from .on_server import OnServer

if TYPE_CHECKING:
    from ollama_vision.sight import SightReport


def prove_sight(model: str | OnServer, host: str | None = None, *, seed: int | None = None) -> SightReport:
    """Prove that a model sees: four small questions about drawn pictures, up to eight more where one went wrong.

    Args:
        model: a name on the server, a `VisionModel` or an `OllamaMultiModal`.
        host: the server's address; `OLLAMA_HOST`, or this machine, when left out. Of an object, its own.
        seed: draws the questions; the same one draws the same.

    Returns:
        The report, whose verdict is "sees", "sees badly" or "unclear"; of the last a warning is given.

    Raises:
        BlindModelError: it does not see what it is sent; `report` says what it seems to get.
        CapabilityError, ModelNotFoundError, OllamaMultiModalError: nothing could be asked.
    """
    asked, is_ours = object_of(model, host)
    try:
        return asked.prove_sight(seed=seed)
    finally:
        if is_ours:
            asked.close()


async def aprove_sight(model: str | OnServer, host: str | None = None, *, seed: int | None = None) -> SightReport:
    """`prove_sight` on an event loop."""
    asked, is_ours = object_of(model, host)
    try:
        return await asked.aprove_sight(seed=seed)
    finally:
        if is_ours:
            await asked.aclose()


def object_of(model: str | OnServer, host: str | None) -> tuple[OnServer, bool]:
    """The object to ask, and whether it was made here. Raises TypeError for what stands for no model."""
    if isinstance(model, str):
        return VisionModel(model, host), True
    if not isinstance(model, OnServer):
        raise TypeError(
            f"model is {type(model).__name__}: it is a name on the server, a VisionModel or an OllamaMultiModal"
        )
    if host is not None:
        raise TypeError("host goes with a name; an object has its own server")
    return model, False
