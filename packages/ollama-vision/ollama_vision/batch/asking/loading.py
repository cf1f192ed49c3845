"""Cold starts: a model that may not be loaded is loaded before a picture is blamed for the silence meanwhile.

A client that leaves ends the loading (Ollama aborts it), and the next try would begin anew: so loading has a patience
of its own. Ollama gives up by itself when it makes no progress for five minutes.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ollama_vision import errors
from ollama_vision.model import api_of, examine, load_model
from ollama_vision.server import OllamaServer

if TYPE_CHECKING:
    from ollama_vision.model import OnServer
    from ollama_vision.server import ModelCapabilities
    from ollama_vision.sight import SightReport

LOAD_SECONDS = 1800.0
"""Of silence: hundreds of gigabytes from a slow disk."""
PROBE_SECONDS = 10.0


class OnHost:
    """What a run asks of a host beside its questions; who asks these adds `answer` (see `HostedModel`)."""

    def __init__(self, client: OnServer) -> None:
        self._client = client

    @property
    def model(self) -> str:
        return self._client.model

    @property
    def host(self) -> str:
        return self._client.base_url

    @property
    def settings(self) -> OnServer:
        return self._client

    async def greet(self) -> None:
        """Ask the server for its version. Raises OllamaMultiModalError when it is not there."""
        server = self._server()
        try:
            await server.aversion()
        finally:
            await server.aclose()

    async def examine(self, keywords: Mapping[str, Any], first: int) -> SightReport:
        """See `HostedModel`."""
        sent = {name: each for name, each in keywords.items() if name in ("options", "options_unchecked")}
        return await examine(self._client._on_loop, self._client, first=first, keywords=sent)

    async def is_loaded(self) -> bool | None:
        """Whether /api/ps lists the model, which Ollama does once it is loaded; `None` when the server does not say."""
        server = self._server()
        try:
            names = {model.name for model in await server.arunning()}
        except errors.OllamaMultiModalError:
            return None
        finally:
            await server.aclose()
        return bool(names & {self.model, f"{self.model}:latest"})

    async def capabilities(self) -> ModelCapabilities | None:
        """What the model is; `None` when the server does not say it at once, or is not to be asked."""
        client = self._client
        if not client.check_capabilities:
            return None
        if (known := client._known.peek(client._target, self.model)) is not None:
            return known
        try:
            api = api_of(client._on_loop, client, PROBE_SECONDS).without_retries()
            return await client._known.get(api, self.model)
        except errors.OllamaMultiModalError:
            return None  # what is wrong, the first question meets too, and tells

    async def load(self, keywords: Mapping[str, Any]) -> errors.OllamaMultiModalError | None:
        """Load the model with the options of the questions; why it could not, where the host is to blame for that."""
        client = self._client
        if client.keep_alive in (0, "0", "0s"):
            return None  # it is loaded for each request, and a request without a prompt would unload it
        try:
            await load_model(client._on_loop, client, client.keep_alive, keywords, LOAD_SECONDS)
        except errors.OllamaMultiModalError as error:
            away = (
                errors.ConnectionFailedError,
                errors.SilenceTimeoutError,
                errors.ModelLoadError,
                errors.ServerBusyError,
            )
            # What else there may be, the question itself meets too.
            return error if isinstance(error, away) else None
        return None

    def _server(self) -> OllamaServer:
        """The server, asked things that it answers at once when it is there."""
        client = self._client
        return OllamaServer(client.base_url, client.headers, client.verify, PROBE_SECONDS, client.cert)
