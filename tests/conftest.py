"""What tests of several rooms share: servers with clients on them, the command, and pictures that a model knows."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from llama_index.core.instrumentation import get_dispatcher  # type: ignore[attr-defined]
from llama_index.core.schema import ImageNode
from PIL import Image

from llama_index.multi_modal_llms.ollama import OllamaMultiModal
from ollama_embedded import EmbeddedOllama, ScriptedEngine
from ollama_embedded.scenes import Shape, draw_scene
from ollama_vision.batch.asking import loading
from ollama_vision.cli.app import run
from ollama_vision.cli.doctor.local_checks import JUDGES
from ollama_vision.sight import SightPace, SightReceipt, SightReport
from tests.support.command_line import PROXIES, CommandLine, Outcome
from tests.support.picture_nodes import SHAPES, node_of
from tests.support.serving import ALL, Answering, Events, Said, Serve, Serving

_FRESH_EACH_TIME = re.compile(r"\bat 0x[0-9a-fA-F]{6}|[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-")
"""An address or a UUID in a test's name: pytest-xdist needs the same names in all of its processes."""


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Tests that take minutes, a cluster or a browser run when they are asked for by their marker: -m soak."""
    for item in items:
        if _FRESH_EACH_TIME.search(item.name):
            raise pytest.UsageError(f"{item.nodeid} has another name in each process: give its case an id of its own")
    asked = config.getoption("-m")
    unasked = [name for name in ("soak", "ray", "browser") if name not in asked]
    left_out = [item for item in items if any(item.get_closest_marker(name) for name in unasked)]
    if left_out:
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if item not in left_out]


@pytest.fixture(autouse=True)
def sight_is_taken_for_granted(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Batches ask no host whether it sees, save in tests with the marker `proves_sight`: scripted models draw nothing
    from a drawn picture, and what is asked of servers would be counted."""
    if request.node.get_closest_marker("proves_sight"):
        return

    async def granted(io: Any, llm: Any, **_: Any) -> SightReport:
        return SightReport(llm.model, llm.base_url, "sees", None, (), SightReceipt((), (), ()), SightPace(), 0)

    monkeypatch.setattr(loading, "examine", granted)


@pytest.fixture(scope="session")
def folders_of_nobody(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Below it each test has a home of its own, empty and not made yet."""
    whole = tmp_path_factory.mktemp("homes")
    return (whole / str(number) for number in itertools.count())


@pytest.fixture(autouse=True)
def no_folder_of_the_user(folders_of_nobody: Iterator[Path], monkeypatch: pytest.MonkeyPatch) -> None:
    """No settings of who runs the tests are read, and nothing is kept among what the user's own commands keep."""
    home = next(folders_of_nobody)
    for variable, name in (("XDG_CONFIG_HOME", "config"), ("XDG_STATE_HOME", "state")):
        monkeypatch.setenv(variable, str(home / name))
    for variable, name in (("APPDATA", "config"), ("LOCALAPPDATA", "state")):
        monkeypatch.setenv(variable, str(home / name))


@pytest.fixture(scope="session")
def demo_server() -> Iterator[EmbeddedOllama]:
    """The embedded Ollama with the demo model, for the whole run."""
    with EmbeddedOllama() as server:
        yield server


@pytest.fixture
def demo(demo_server: EmbeddedOllama) -> OllamaMultiModal:
    """The client on that server; temperature 0, so that answers repeat."""
    return OllamaMultiModal(model="shapes", base_url=demo_server.url, temperature=0.0, context_window=2048)


@pytest.fixture
def scene() -> Image.Image:
    """A blue square at the top left, a green triangle at the bottom right."""
    return draw_scene(Shape("blue", "square", "top left"), Shape("green", "triangle", "bottom right"))


@pytest.fixture
def serve() -> Iterator[Serve]:
    """Replies in, a running server and its client out."""
    started: list[Serving] = []

    def start(
        *replies: Said | Answering, capabilities: Sequence[str] = ALL, num_parallel: int = 1, **settings: Any
    ) -> Serving:
        started.append(Serving(*replies, capabilities=capabilities, num_parallel=num_parallel, **settings))
        return started[-1]

    yield start
    for serving in started:
        serving.server.close()


@pytest.fixture
def scripted() -> Iterator[EmbeddedOllama]:
    """A server that says the same of every picture."""
    with EmbeddedOllama(engine=ScriptedEngine("A plain colour.")) as server:
        yield server


@pytest.fixture
def events() -> Iterator[Events]:
    """LlamaIndex's events of the test."""
    handler = Events()
    dispatcher = get_dispatcher()
    dispatcher.add_event_handler(handler)
    yield handler
    dispatcher.event_handlers.remove(handler)


@pytest.fixture
def vision(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> CommandLine:
    """Runs the command in this process, without what this machine's environment says about Ollama and proxies."""
    for name in (*JUDGES, *PROXIES, *(proxy.lower() for proxy in PROXIES)):
        monkeypatch.delenv(name, raising=False)

    def run_words(*words: str) -> Outcome:
        code = run(words)
        shown = capsys.readouterr()
        return Outcome(code, shown.out, shown.err)

    return run_words


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current folder, an empty one."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def describe(folder: Path, vision: CommandLine) -> CommandLine:
    """Runs `ollama-vision describe` in that folder."""
    return lambda *words: vision("describe", *map(str, words))


@pytest.fixture
def photos(folder: Path) -> list[str]:
    """Three small pictures, named in the order in which they are asked about."""
    (folder / "photos").mkdir()
    names = []
    for number, colour in enumerate(("red", "green", "blue")):
        names.append(f"photos/{number}.png")
        Image.new("RGB", (64, 64), colour).save(names[-1])
    return names


@pytest.fixture
def scenes(tmp_path: Path) -> list[ImageNode]:
    """One drawn shape a picture."""
    nodes = []
    for index, shape in enumerate(SHAPES):
        draw_scene(shape).save(tmp_path / f"{index}.png")
        nodes.append(node_of(tmp_path / f"{index}.png", place=index))
    return nodes


@pytest.fixture
def plain(tmp_path: Path) -> list[ImageNode]:
    """Twelve pictures in a folder of their own, each of one grey, 0 to 11."""
    folder = tmp_path / "greys"
    folder.mkdir()
    for grey in range(12):
        Image.new("L", (64, 64), grey).save(folder / f"grey{grey}.png")
    return [node_of(folder / f"grey{grey}.png") for grey in range(12)]


@pytest.fixture(scope="session")
def cluster() -> Iterator[None]:
    """A Ray cluster of two processors, whose workers run this environment and know the tests' own classes."""
    ray = pytest.importorskip("ray")
    pytest.importorskip("llama_index.ingestion.ray")
    ray.init(
        num_cpus=2,
        include_dashboard=False,
        log_to_driver=False,
        runtime_env={"env_vars": {"PYTHONPATH": str(Path(__file__).resolve().parents[1])}},
        _node_ip_address="127.0.0.1",  # nothing listens beyond this machine
    )
    yield
    ray.shutdown()
