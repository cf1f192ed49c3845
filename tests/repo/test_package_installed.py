"""What a user gets who types the README's install commands: into new environments, from a package index."""

from __future__ import annotations

import csv
import json
import os
import re
import shlex
import subprocess
import venv
from dataclasses import dataclass
from pathlib import Path

import pytest

from ollama_embedded import EmbeddedOllama
from tests.support.distributions import ADAPTER, DISTRIBUTIONS, NAMESPACED, ROOT, VERSION, Archives, Environment

pytestmark = [pytest.mark.index, pytest.mark.timeout(1200)]

DEAD_RELEASE = "llama-index-multi-modal-llms-ollama==0.6.1"
README = (ROOT / "README.md").read_text(encoding="utf-8")
START = (ROOT / "docs/index.md").read_text(encoding="utf-8")


def commands(page: str) -> list[list[str]]:
    """What a page says to install, in its order."""
    return [shlex.split(line) for line in re.findall(r"^pip install (.*)$", page, re.MULTILINE)]


OF_ENGINE, OF_BOTH = commands(README)
*_, OF_WHEELS = commands(START)
PICTURES = ROOT / "examples" / "pictures"
PICTURE = PICTURES / "two-shapes.jpg"

LARGEST = 104
"""Megabytes (2**20) of an environment with the engine and its extra `cli`: 100 are wanted. On 30 November 2026 there
were 103.3 on Python 3.11, a megabyte less on 3.13; compiled Python is 20 of them. What earns nothing and cannot be left
out: libx265, an encoder, in pillow-heif's wheel, 22 (pi-heif, without it, has ended and has libheif's memory faults);
Pygments, 10, which rich wants, and typer rich. Ours are 8, and the demo model 3."""
NOT_OURS = re.compile(r"pip|setuptools|pkg_resources|_distutils_hack|distutils-precedence\.pth")


def create(folder: Path) -> Environment:
    venv.create(folder, with_pip=True)
    return Environment(folder)


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Environment:
    """As the README's first command leaves it."""
    made = create(tmp_path_factory.mktemp("engine") / "venv")
    made.install(*OF_ENGINE)
    return made


def size_on_disk(folder: Path) -> int:
    """Bytes, as `du` counts them: whole blocks, folders too, and a file of two names once."""
    seen = {
        (status.st_dev, status.st_ino): getattr(status, "st_blocks", status.st_size // 512 + 1) * 512
        for path in (folder, *folder.rglob("*"))
        if path == folder or not NOT_OURS.match(path.relative_to(folder).parts[0])
        for status in [path.lstat()]
    }
    return sum(seen.values())


def test_the_engine_brings_no_llama_index(engine: Environment) -> None:
    packages = engine.packages()
    assert {"ollama-vision", "typer", "pillow-heif", "pypdfium2"} <= packages
    assert not [name for name in packages if "llama-index" in name]
    assert not {"numpy", "av", "xllamacpp", "starlette", "httpx", "ollama", "openai", "tiktoken", "nltk"} & packages


def test_the_engine_is_small(engine: Environment) -> None:
    assert size_on_disk(engine.site_packages) / 2**20 <= LARGEST


@pytest.fixture
def shell(engine: Environment, demo_server: EmbeddedOllama, tmp_path: Path) -> Shell:
    return Shell(engine, tmp_path, demo_server.url)


@dataclass(frozen=True)
class Shell:
    """Types `ollama-vision` in a folder of its own; the server is this process's."""

    environment: Environment
    folder: Path
    url: str

    def __call__(self, *words: str | Path, **more: str) -> subprocess.CompletedProcess[str]:
        surroundings = {"OLLAMA_HOST": self.url, "HOME": str(self.folder), "NO_PROXY": "*", **more}
        return self.environment.command("ollama-vision", *words, cwd=self.folder, **surroundings)

    def succeed(self, *words: str | Path, **more: str) -> str:
        done = self(*words, **more)
        assert done.returncode == 0, f"{words}\n{done.stdout}\n{done.stderr}"
        return done.stdout


def test_it_asks(shell: Shell) -> None:
    assert "2" in shell.succeed("ask", PICTURE, "How many shapes are there?")


def test_it_describes_reports_and_exports(shell: Shell) -> None:
    shell.succeed("describe", PICTURES, "--prompt", "Describe the image.", "--out", "results.jsonl")
    shell.succeed("report", "results.jsonl", "report.html")
    shell.succeed("export", "results.jsonl", "results.csv")
    lines = [json.loads(line) for line in (shell.folder / "results.jsonl").read_text(encoding="utf-8").splitlines()]
    pictures = {path.name for path in PICTURES.iterdir() if path.suffix != ".json"}
    assert {Path(line["path"]).name for line in lines if line["error"] is None} == pictures
    with (shell.folder / "results.csv").open(newline="", encoding="utf-8-sig") as file:
        assert {Path(row["path"]).name for row in csv.DictReader(file)} == pictures
    page = (shell.folder / "report.html").read_text(encoding="utf-8")
    assert all(name in page for name in pictures)
    assert "prefers-color-scheme" in page, "the style sheet is a file of its own in the wheel"


def test_it_looks_after_models(shell: Shell) -> None:
    assert "All is well" in shell.succeed("doctor")
    assert "shapes" in shell.succeed("models")
    assert "shapes is on" in shell.succeed("pull", "shapes")


@pytest.mark.parametrize("words", [("serve",), ("ask", "--demo", PICTURE, "How many?")], ids=lambda words: words[0])
def test_what_starts_a_server_names_its_extra(shell: Shell, words: tuple[str | Path, ...]) -> None:
    done = shell(*words)
    assert (done.returncode, done.stdout) == (2, "")
    assert "needs the extra embedded" in done.stderr
    assert 'pip install "ollama-vision[embedded]>=1"' in done.stderr


def test_tools_for_agents_name_their_extra(shell: Shell) -> None:
    done = shell("mcp", "--root", PICTURES)
    assert (done.returncode, done.stdout) == (2, "")
    assert 'pip install "ollama-vision[mcp]>=1"' in done.stderr


def test_the_modules_run_by_their_names(shell: Shell) -> None:
    there = shell.environment.command("python", "-m", "ollama_vision", "--version", cwd=shell.folder)
    assert (there.returncode, there.stdout) == (0, shell.succeed("--version"))
    server = shell.environment.command("python", "-m", "ollama_embedded", cwd=shell.folder)
    assert server.returncode != 0
    assert "ollama-vision[embedded]" in server.stderr
    assert "Traceback" not in server.stderr


@pytest.mark.skipif(os.name == "nt", reason="bash")
def test_a_shell_completes_it(shell: Shell) -> None:
    script = (
        'eval "$(ollama-vision --show-completion bash)"\n'
        "COMP_WORDS=(ollama-vision do); COMP_CWORD=1\n"
        '_ollama_vision_completion ollama-vision; printf "%s\\n" "${COMPREPLY[@]}"'
    )
    path = os.pathsep.join((str(shell.environment.python.parent), os.environ["PATH"]))
    surroundings = {"PATH": path, "HOME": str(shell.folder)}
    done = subprocess.run(["bash", "-c", script], env=surroundings, capture_output=True, text=True, check=False)
    assert done.stdout.split() == ["doctor"], done.stderr


# LlamaIndex's class on it


PROBE = """
import json
from importlib.metadata import version
from llama_index.multi_modal_llms.ollama import OllamaMultiModal
import llama_index.multi_modal_llms.ollama as package
print(json.dumps({
    "version": version("llama-index-multi-modal-llms-ollama"),
    "file": package.__file__,
    "class_name": OllamaMultiModal(model="gemma3:4b").class_name(),
    "bases": [base.__name__ for base in OllamaMultiModal.__mro__],
}))
"""


@dataclass(frozen=True)
class Look:
    """What an environment was like just after a step: later steps change it."""

    found: dict[str, object]
    files: set[str]
    """Of the adapter's folder."""
    packages: set[str]
    command: subprocess.CompletedProcess[str]

    @classmethod
    def at(cls, environment: Environment) -> Look:
        probed = environment.command("python", "-c", PROBE, cwd=environment.folder)
        assert probed.returncode == 0, probed.stderr
        help_text = environment.command("ollama-vision", "--help", cwd=environment.folder)
        return cls(json.loads(probed.stdout), files_of_adapter(environment), environment.packages(), help_text)


@dataclass(frozen=True)
class Steps:
    environment: Environment
    wheels: Look
    """Both wheels, with an extra of the adapter, in an environment that held nothing."""
    advised: Look
    """And then what the command says that it needs."""
    over_the_dead: Look
    """The dead release put in the adapter's place, and the README's command for both over it."""


def files_of_adapter(environment: Environment) -> set[str]:
    folder = environment.site_packages / NAMESPACED
    return {file.relative_to(folder).as_posix() for file in folder.rglob("*.py")}


@pytest.fixture(scope="module")
def steps(tmp_path_factory: pytest.TempPathFactory) -> Steps:
    folder = tmp_path_factory.mktemp("both")
    (folder / "dist").mkdir()
    made = [Archives.build(each, folder / "dist").wheel for each in DISTRIBUTIONS]
    environment = create(folder / "venv")
    environment.install(made[0], f"{made[1]}[socks]")
    wheels = Look.at(environment)
    (advice,) = re.findall(r"pip install (\S+)$", wheels.command.stderr, re.MULTILINE)
    environment.install(*shlex.split(advice))
    advised = Look.at(environment)
    environment.uninstall(ADAPTER.name)
    environment.install(DEAD_RELEASE)
    assert "errors.py" not in files_of_adapter(environment), "the dead release is not what is installed"
    environment.install(*OF_BOTH)
    over_the_dead = Look.at(environment)
    environment.install(*OF_WHEELS, cwd=folder)
    return Steps(environment, wheels, advised, over_the_dead)


def test_both_wheels_need_core_and_no_extra(steps: Steps) -> None:
    look = steps.wheels
    assert (look.found["version"], look.found["class_name"]) == (VERSION, "Ollama_multi_modal_llm")
    assert str(look.found["file"]).startswith(str(steps.environment.folder))
    assert {"FunctionCallingLLM", "MultiModalLLM"} <= set(bases(look))
    assert {"llama-index-core", "ollama-vision"} <= look.packages
    assert not {"typer", "xllamacpp", "starlette", "ollama", "llama-index-llms-ollama"} & look.packages


def test_an_extra_of_the_adapter_is_the_engines(steps: Steps) -> None:
    assert "socksio" in steps.wheels.packages


def test_without_its_extra_the_command_says_what_to_install(steps: Steps) -> None:
    said = steps.wheels.command
    assert (said.returncode, said.stdout) == (2, "")
    assert len(said.stderr.splitlines()) == 1
    assert 'pip install "ollama-vision[cli]>=1"' in said.stderr


def test_what_it_says_helps(steps: Steps) -> None:
    """Though no index has the name: pip adds the extra to what is installed."""
    said = steps.advised.command
    assert said.returncode == 0, said.stderr
    assert "Usage: ollama-vision" in said.stdout


def test_it_replaces_the_dead_release_whole(steps: Steps) -> None:
    look = steps.over_the_dead
    assert look.found["version"] == VERSION
    assert "MultiModalLLM" in bases(look)
    here = ADAPTER.home / NAMESPACED
    assert look.files == {file.relative_to(here).as_posix() for file in here.rglob("*.py")}
    assert look.packages >= {"typer", "xllamacpp", "starlette", "av", "pydicom", "rawpy", "socksio"}
    assert look.packages >= {"pillow-heif", "pypdfium2"}


def test_it_serves_agents(steps: Steps, tmp_path: Path) -> None:
    client = {"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "test", "version": "1"}}
    look = {"name": "look", "arguments": {"picture": PICTURE.name, "question": "How many shapes are there?"}}
    spoken: list[dict[str, object]] = [
        {"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": client},
        {"jsonrpc": "2.0", "method": "notifications/initialized"},
        {"jsonrpc": "2.0", "id": 2, "method": "tools/call", "params": look},
    ]
    program_of = str(steps.environment.python.with_name("ollama-vision"))
    command = [program_of, "mcp", "--root", str(PICTURES), "--demo"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=tmp_path) as program:
        assert program.stdin is not None
        assert program.stdout is not None
        program.stdin.write("".join(json.dumps(each) + "\n" for each in spoken))
        program.stdin.flush()
        answers = [json.loads(program.stdout.readline()) for _ in range(2)]
        program.stdin.close()
        assert program.wait(60) == 0
    assert answers[0]["result"]["serverInfo"] == {"name": "ollama-vision", "title": "Vision models on Ollama"} | {
        "version": VERSION
    }
    assert answers[1]["result"]["structuredContent"]["text"] == "There are 2 shapes."


def test_its_pytest_plugin_is_found(steps: Steps, tmp_path: Path) -> None:
    """The first test of docs/testing.md, in an environment that has pytest and this alone."""
    steps.environment.install("pytest>=8.4")
    (tmp_path / "test_it.py").write_text(
        "from ollama_embedded import draw_scene\n"
        "from llama_index.multi_modal_llms.ollama import OllamaMultiModal\n\n"
        "def test_describe(ollama_server, tmp_path):\n"
        "    draw_scene('red circle', 'blue star').save(tmp_path / 'picture.png')\n"
        "    llm = OllamaMultiModal(model=ollama_server.model, base_url=ollama_server.url, temperature=0.0)\n"
        "    text = llm.complete('Describe the image.', image_documents=[tmp_path / 'picture.png']).text\n"
        "    assert 'red circle' in text and 'blue star' in text\n",
        encoding="utf-8",
    )
    done = steps.environment.command("python", "-m", "pytest", "-q", "test_it.py", cwd=tmp_path)
    assert done.returncode == 0, done.stdout
    assert "1 passed" in done.stdout


def bases(look: Look) -> list[str]:
    found = look.found["bases"]
    assert isinstance(found, list)
    return [str(base) for base in found]
