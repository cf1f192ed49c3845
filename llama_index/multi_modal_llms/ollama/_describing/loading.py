"""A model that is not loaded, or may not be, is loaded before a picture is blamed for the silence meanwhile.

A client that leaves ends the loading (Ollama aborts it), and the next try would begin anew: so loading has a patience
of its own. Ollama gives up by itself when it makes no progress for five minutes.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from .. import _call, errors
from ..server import OllamaServer

if TYPE_CHECKING:
    from ..base import OllamaMultiModal

LOAD_SECONDS = 1800.0
"""Of silence: hundreds of gigabytes from a slow disk."""
PROBE_SECONDS = 10.0


def server_of(llm: OllamaMultiModal) -> OllamaServer:
    """The server, asked things that it answers at once when it is there."""
    return OllamaServer(llm.base_url, llm.headers, llm.verify, PROBE_SECONDS, llm.cert)


async def is_loaded(llm: OllamaMultiModal) -> bool | None:
    """Whether /api/ps lists the model, which Ollama does once it is loaded; `None` when the server does not say."""
    server = server_of(llm)
    try:
        names = {model.name for model in await server.arunning()}
    except errors.OllamaMultiModalError:
        return None
    finally:
        await server.aclose()
    return bool(names & {llm.model, f"{llm.model}:latest"})


async def load(llm: OllamaMultiModal, keywords: Mapping[str, Any]) -> errors.OllamaMultiModalError | None:
    """Load the model with the options of the questions; why it could not, where the host is to blame for that."""
    if llm.keep_alive in (0, "0", "0s"):
        return None  # it is loaded for each request, and a request without a prompt would unload it
    try:
        await _call.load(llm._on_loop(), llm, llm.keep_alive, keywords, LOAD_SECONDS)
    except errors.OllamaMultiModalError as error:
        away = (errors.ConnectionFailedError, errors.SilenceTimeoutError, errors.ModelLoadError, errors.ServerBusyError)
        # What else there may be, the question itself meets too.
        return error if isinstance(error, away) else None
    return None
