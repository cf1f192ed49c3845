"""EmbeddedOllama, the server that users start: a model, a script or recordings behind Ollama's HTTP API."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterable, Mapping
from importlib.util import find_spec
from pathlib import Path

from .engines.base import Engine
from .engines.blind import BlindEngine
from .extra import ExtraMissing
from .faults import Fault
from .http.app import OllamaApp
from .http.cors import Origins
from .http.fault_injection import FaultInjection
from .http.host_check import is_loopback
from .http.middleware import App, Middleware
from .http.openai import CHAT_COMPLETIONS, COMPLETIONS, OpenAIRoutes
from .http.received import ReceivedRequest
from .http.service import Service
from .picture_cache import LosesPictures
from .recordings.replay import Recordings, ReplayApp

DEMO_FOLDER = Path(__file__).parent / "demo_model"
DEMO_MODEL = DEMO_FOLDER / "shapes-q8_0.gguf"
DEMO_PROJECTOR = DEMO_FOLDER / "shapes-q8_0.mmproj.gguf"
DEMO_NAME = "shapes"
VERSION = "0.12.11"
"""The version that the server says it is, unless told otherwise."""
KEPT_REQUESTS = 1000
_ANSWERING = ("/api/chat", "/api/generate", CHAT_COMPLETIONS, COMPLETIONS)

Script = Iterable[Fault | None] | Mapping[str, Iterable[Fault | None]]
Faults = Script | LosesPictures


class EmbeddedOllama(Service):
    """A small Ollama in this process, for trying out and for tests.

    >>> with EmbeddedOllama() as server:
    ...     print(server.url, server.model)

    Without arguments it answers with the demo model; `model` and `mmproj` are any GGUF pair, `engine` is any
    engine, `ScriptedEngine` for one; `replay` is a folder of recordings that take a model's place. `faults` go
    one to a request for an answer, in order, `None` for none; when they are used up, all is well. A mapping from
    paths gives other endpoints their own, and `LosesPictures()` decides by what was asked before. `blind` is what the
    model sees in place of the pictures that are sent, while all else goes on as if it saw them: "black", "dropped",
    "stale" and others, which an error lists. `aliases` are further names of the model. `origins` are web pages that may
    ask beside those of this machine, "*" for all; when not given, OLLAMA_ORIGINS says. `version` is what /api/version
    says, `keep_requests` how many `requests` remembers.
    """

    def __init__(
        self,
        *,
        model: str | Path | None = None,
        mmproj: str | Path | None = None,
        engine: Engine | None = None,
        faults: Faults = (),
        blind: str | None = None,
        aliases: Iterable[str] = (),
        replay: str | Path | None = None,
        host: str = "127.0.0.1",
        port: int = 0,
        num_parallel: int = 1,
        version: str = VERSION,
        keep_requests: int = KEPT_REQUESTS,
        origins: Iterable[str] | None = None,
    ) -> None:
        super().__init__(host, port)
        sources = {"model": model, "engine": engine, "replay": replay}
        given = [name for name, source in sources.items() if source is not None]
        if len(given) > 1:
            raise TypeError(f"give EmbeddedOllama {' or '.join(given)}, not both")
        if mmproj is not None and model is None:
            raise TypeError("mmproj is the projector of a model: give model as well")
        self._aliases = tuple(aliases)
        if replay is not None and self._aliases:
            raise TypeError("a replay answers to the names that were recorded: aliases have no place in it")
        if replay is not None and blind is not None:
            raise TypeError("a replay gives the answers that were recorded: blind has no place in it")
        self._source: Engine | Recordings
        if replay is not None:
            self._source = Recordings(replay)
        else:
            self._source = engine or _llama_cpp(model, mmproj, num_parallel)
            if blind is not None:
                self._source = BlindEngine(self._source, blind)
        self._faults = faults if isinstance(faults, LosesPictures) else _Faults(faults)
        self._origins = Origins.of(origins)
        self._num_parallel, self._version = num_parallel, version
        self._requests: deque[ReceivedRequest] = deque(maxlen=keep_requests)
        self._unmatched: deque[str] = deque(maxlen=keep_requests)

    @property
    def model(self) -> str:
        """The name to ask for: "shapes" for the demo model."""
        return self._source.model if isinstance(self._source, Recordings) else self._source.models[0].name

    @property
    def requests(self) -> list[ReceivedRequest]:
        """What arrived, oldest first."""
        return list(self._requests)

    @property
    def asked(self) -> list[ReceivedRequest]:
        """What arrived that asks for an answer: at /api/chat, /api/generate, and what becomes one of these."""
        return [request for request in self.requests if request.path in _ANSWERING and request.method == "POST"]

    @property
    def unmatched(self) -> list[str]:
        """What `replay` has nothing for: what was asked, and what comes nearest to it."""
        return list(self._unmatched)

    def _middleware(self) -> Middleware:
        return Middleware(
            self._app(),
            record=self._requests.append,
            local_only=is_loopback(self._host),
            origins=self._origins,
        )

    def _app(self) -> App:
        if isinstance(self._source, Recordings):
            return FaultInjection(ReplayApp(self._source, self._unmatched.append), self._faults.next)
        app = OllamaApp(
            self._source,
            aliases=self._aliases,
            num_parallel=self._num_parallel,
            version=self._version,
            unloads=self._faults.forget,
        )
        return OpenAIRoutes(FaultInjection(app, self._faults.next))


class _Faults:
    """Which request gets which fault."""

    def __init__(self, faults: Script) -> None:
        scripts = faults if isinstance(faults, Mapping) else dict.fromkeys(_ANSWERING, iter(faults))
        self._scripts = {path: iter(each) for path, each in scripts.items()}

    def next(self, path: str, received: ReceivedRequest) -> Fault | None:
        return next(self._scripts.get(path, iter(())), None)

    def forget(self) -> None:
        """Nothing hangs on what was asked before."""


def _llama_cpp(model: str | Path | None, mmproj: str | Path | None, num_parallel: int) -> Engine:
    if find_spec("xllamacpp") is None:
        # It is imported when a model is loaded, in another thread: too late to tell the user.
        raise ExtraMissing("EmbeddedOllama", "xllamacpp")
    from .engines.llama_cpp import LlamaCppEngine

    if model is None:
        # Greedy, as the demo model is meant to be used; one thread is enough for three million weights.
        return LlamaCppEngine(
            DEMO_MODEL,
            DEMO_PROJECTOR,
            name=DEMO_NAME,
            parameters={"temperature": 0},
            num_parallel=num_parallel,
            threads=1,
        )
    path = Path(model)
    projector = None if mmproj is None else Path(mmproj)
    return LlamaCppEngine(path, projector, name=_name_of(path), num_parallel=num_parallel)


def _name_of(path: Path) -> str:
    """A model name from a file name."""
    return re.sub(r"[^a-z0-9_.-]+", "-", path.stem.lower()).strip("-.") or "model"
