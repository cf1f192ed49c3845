"""OllamaServer: what a server is and has: version, models, running, show, pull."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar

from pydantic_core import from_json

from ollama_vision import errors
from ollama_vision.http import (
    IO,
    AsyncIO,
    BlockingIO,
    Connections,
    Deadline,
    Target,
    default_base_url,
    parse_address,
    request_headers,
    run_blocking,
)
from ollama_vision.protocol import ErrorContext, embed_body, error_for_reply, json_request, vectors_in

from .api import Api
from .capabilities import SUPPORTED_VERSION, abilities_of, version_of

if TYPE_CHECKING:
    from ollama_vision.http import HttpResponse

Progress = Callable[["PullProgress"], None]


@dataclass(frozen=True)
class ServerModel:
    """One model on a server."""

    name: str
    size: int
    """Bytes on disk; of a running model, bytes in memory."""
    capabilities: frozenset[str] | None
    """`None` when the server does not say: older servers do not."""
    details: Mapping[str, Any] = field(default_factory=dict, repr=False)
    """The server's whole entry, as it was sent."""

    @classmethod
    def from_entry(cls, entry: Mapping[str, Any]) -> ServerModel:
        size = entry.get("size")
        return cls(str(entry.get("name", "")), size if isinstance(size, int) else 0, abilities_of(entry), dict(entry))


@dataclass(frozen=True)
class PullProgress:
    """One line of a pull."""

    status: str
    digest: str = ""
    completed: int = 0
    """Bytes of this layer that are here."""
    total: int = 0
    """Bytes of this layer; 0 for steps that have none."""


class OllamaServer:
    """An Ollama server. Making one asks nothing; each method asks once.

    Args:
        base_url: its address; `OLLAMA_HOST`, or this machine, when left out.
        headers: sent with each request, never shown.
        verify: check TLS certificates, or the path of a CA file.
        request_timeout: seconds of silence that are borne; `None` for any.
        cert: a client certificate (mTLS): a PEM file with its key, or a file for each.
    """

    oldest_supported: ClassVar[str] = ".".join(map(str, SUPPORTED_VERSION))
    """The oldest Ollama that says so when a prompt is too long, instead of cutting it."""

    def __init__(
        self,
        base_url: str | None = None,
        headers: Mapping[str, str] | None = None,
        verify: bool | str = True,
        request_timeout: float | None = 60.0,
        cert: str | tuple[str, str] | None = None,
    ) -> None:
        address = parse_address(base_url or default_base_url())
        self.base_url = address.url
        # By no proxy yet: the environment may say another one with each request.
        self._server = Target(address, tuple(sorted(request_headers(address, headers or {}).items())), verify, cert)
        self._timeout = request_timeout
        self._connections = Connections()

    def __repr__(self) -> str:
        return f"OllamaServer({self.base_url!r})"

    @property
    def _target(self) -> Target:
        return self._server.by_proxy()

    @property
    def proxy(self) -> str | None:
        """The proxy of the environment that requests go through, without its password; `None` without one.

        Raises:
            ConnectionFailedError: the variable holds no address of a proxy.
        """
        proxy = self._target.proxy
        return f"{proxy.shown} ({proxy.source})" if proxy else None

    @property
    def is_on_this_machine(self) -> bool:
        """Whether the address is one of this machine's own, such as localhost."""
        return self._server.address.is_loopback

    @staticmethod
    def is_supported(version: str) -> bool | None:
        """Whether a version is `oldest_supported` or later; `None` for "0.0.0" and for what is no number."""
        numbers = version_of(version)
        return None if numbers is None else numbers >= SUPPORTED_VERSION

    def version(self) -> str:
        """The server's version, such as "0.12.6"; "0.0.0" for one built from source."""
        return run_blocking(self._version(self._blocking()))

    async def aversion(self) -> str:
        """`version` on an event loop."""
        return await self._version(self._on_loop())

    def models(self) -> list[ServerModel]:
        """All models on the server."""
        return run_blocking(self._list(self._blocking(), "/api/tags"))

    async def amodels(self) -> list[ServerModel]:
        """`models` on an event loop."""
        return await self._list(self._on_loop(), "/api/tags")

    def running(self) -> list[ServerModel]:
        """The models that are loaded now; `details` has `context_length`, `size_vram`, `expires_at`."""
        return run_blocking(self._list(self._blocking(), "/api/ps"))

    async def arunning(self) -> list[ServerModel]:
        """`running` on an event loop."""
        return await self._list(self._on_loop(), "/api/ps")

    def show(self, model: str) -> dict[str, Any]:
        """All that the server says about a model.

        Raises:
            ModelNotFoundError: it has no such model.
        """
        return run_blocking(self._show(self._blocking(), model))

    async def ashow(self, model: str) -> dict[str, Any]:
        """`show` on an event loop."""
        return await self._show(self._on_loop(), model)

    def embed(self, model: str, texts: Sequence[str]) -> list[list[float]]:
        """The embedding of each text, in their order, asked for in one request.

        Raises:
            CapabilityError: the model makes none.
            ContextOverflowError: a text is longer than the model takes; none is cut.
            ModelNotFoundError: the server has no such model.
        """
        return run_blocking(self._embed(self._blocking(), model, texts))

    async def aembed(self, model: str, texts: Sequence[str]) -> list[list[float]]:
        """`embed` on an event loop."""
        return await self._embed(self._on_loop(), model, texts)

    def pull(self, model: str, progress: Progress | None = None) -> None:
        """Get a model from its registry; returns when it is there.

        Args:
            model: its name, such as "gemma3:4b".
            progress: called with each step, in order.

        Raises:
            ModelNotFoundError: the registry has no such model.
            ServerError: any other failure, in the server's words.
        """
        run_blocking(self._pull(self._blocking(), model, progress))

    async def apull(self, model: str, progress: Progress | None = None) -> None:
        """`pull` on an event loop."""
        await self._pull(self._on_loop(), model, progress)

    def close(self) -> None:
        """Close open connections."""
        self._connections.close()

    async def aclose(self) -> None:
        """`close` on an event loop."""
        await self._connections.aclose()

    def _blocking(self) -> IO:
        return BlockingIO(self._connections)

    def _on_loop(self) -> IO:
        return AsyncIO(self._connections)

    def _api(self, io: IO) -> Api:
        return Api(io, self._target, Deadline(self._timeout, None))

    async def _version(self, io: IO) -> str:
        return str((await self._api(io).fetch("/api/version")).get("version", ""))

    async def _list(self, io: IO, path: str) -> list[ServerModel]:
        entries = (await self._api(io).fetch(path)).get("models") or []
        if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
            raise errors.BadReplyError(f"{self.base_url}{path} sent a list of models of another form: {entries!r:.200}")
        return [ServerModel.from_entry(entry) for entry in entries]

    async def _show(self, io: IO, model: str) -> dict[str, Any]:
        return await self._api(io).fetch("/api/show", {"model": model})

    async def _embed(self, io: IO, model: str, texts: Sequence[str]) -> list[list[float]]:
        reply = await self._api(io).fetch("/api/embed", embed_body(model, texts))
        return vectors_in(reply, len(texts), self.base_url)

    async def _pull(self, io: IO, model: str, progress: Progress | None) -> None:
        api = self._api(io)
        asked = api.context(model)
        response = await api.send(json_request("/api/pull", {"model": model, "stream": True}), model)
        status = ""
        try:
            while (lines := await response.lines()) is not None:
                for line in filter(bytes.strip, lines):
                    step = _step(line, asked, response)
                    status = step.status
                    if progress is not None:
                        progress(step)
        finally:
            await response.close()
        if status != "success":
            raise errors.StreamInterruptedError(
                f"The pull of {model!r} broke off after {status!r}. Start it again; what is there stays."
            )


def _step(line: bytes, asked: ErrorContext, response: HttpResponse) -> PullProgress:
    try:
        reply = from_json(line)
    except ValueError:
        reply = None
    if not isinstance(reply, dict):
        raise errors.BadReplyError(f"{asked.url} sent a line that is no JSON object while pulling: {line[:200]!r}")
    if reply.get("error"):
        raise error_for_reply(response.status, response.headers, line, asked)
    counts = [reply.get(name) or 0 for name in ("completed", "total")]
    if not all(isinstance(count, int) for count in counts):
        raise errors.BadReplyError(f"{asked.url} sent a line of another form while pulling: {line[:200]!r}")
    return PullProgress(str(reply.get("status", "")), str(reply.get("digest", "")), *counts)
