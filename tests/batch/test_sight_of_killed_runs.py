"""What a run that was killed left behind, of hosts that had not proven yet that they saw."""

from __future__ import annotations

import json
import socket
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from itertools import islice
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from ollama_embedded import EmbeddedOllama, ScriptedEngine
from ollama_vision import PromptTemplate, describe, errors
from ollama_vision.batch.asking import loading
from ollama_vision.batch.results.sight_file import SightFile, sight_path
from ollama_vision.sight import SightPace, SightReceipt, SightReport

pytestmark = pytest.mark.proves_sight

Said = tuple[int, list[str]]
"""How many lines came, and what the last line of each page says."""


class TestFiles:
    """Lines are written at once; the last one of a picture counts, for whoever reads the file."""

    @pytest.fixture(autouse=True)
    def here(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.chdir(tmp_path)
        Path("photos").mkdir()
        for number in range(4):
            Image.new("RGB", (9, 9), (60 * number, 0, 0)).save(f"photos/{number}.png")

    def test_a_file_of_what_is_proven_lies_beside_until_all_is(self, seeing: Callable[..., list[str]]) -> None:
        beside = sight_path(Path("results.jsonl"))
        assert seeing("sees", 2) == ["ok"] * 2
        (told,) = json.loads(beside.read_bytes())
        assert (told["proven"], told["suspects"]) == (0, [])
        assert seeing("sees", 4) == ["ok"] * 4
        assert not beside.exists()

    def test_a_killed_run_begins_with_a_canary_for_its_last_lines(self, seeing: Callable[..., list[str]]) -> None:
        assert seeing("sees", 2) == ["ok"] * 2
        assert seeing("blind", 4) == ["BlindModelError"] * 2
        assert seeing("sees", 4, retry_errors=True) == ["ok"] * 4

    def test_a_killed_run_that_sees_keeps_them(self, seeing: Callable[..., list[str]]) -> None:
        assert seeing("sees", 2) == ["ok"] * 2
        assert seeing("sees", 4) == ["ok"] * 4


class TestTwoRuns:
    """What a run that was killed left behind, and the host that gave it turns out not to see."""

    @pytest.fixture(autouse=True)
    def here(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.chdir(tmp_path)
        Path("photos").mkdir()
        frames = [Image.new("RGB", (9, 9), (60 * number, 0, 0)) for number in range(3)]
        frames[0].save("photos/a.tiff", save_all=True, append_images=frames[1:])
        frames[1].save("photos/b.png")

    def test_the_others_are_asked_and_once_is_enough(self, two_hosts: Callable[..., Said]) -> None:
        """Pages of a document and a picture; the third run has nothing to ask."""
        assert two_hosts(["a"], blind=[], lines=3) == (3, ["a"] * 3)
        assert two_hosts(["a", "b"], blind=["a"]) == (4, ["b"] * 4)
        assert two_hosts(["a", "b"], blind=["a"]) == (0, ["b"] * 4)

    def test_what_would_be_asked_another_thing_now_is_asked_once(self, two_hosts: Callable[..., Said]) -> None:
        """A text beside the pages has changed: they are asked anew in any case, blind host or not."""
        prompt = PromptTemplate("{sidecar.txt|What is this?}")
        assert two_hosts(["a"], blind=[], lines=3, prompt=prompt) == (3, ["a"] * 3)
        Path("photos/a.txt").write_text("Which grey?")
        assert two_hosts(["a", "b"], blind=["a"], prompt=prompt) == (4, ["b"] * 4)

    def test_what_is_not_asked_about_now_stays_unproven(self, two_hosts: Callable[..., Said]) -> None:
        assert two_hosts(["a"], blind=[], lines=3) == (3, ["a"] * 3)
        assert two_hosts(["a", "b"], blind=["a"], paths="photos/b.png") == (1, ["a"] * 3 + ["b"])
        assert two_hosts(["a", "b"], blind=["a"]) == (3, ["b"] * 4)


def test_canaries_of_many_hosts_at_once_write_one_file(tmp_path: Path) -> None:
    """Each in a thread: none writes over what another one is about to put in place."""
    results = tmp_path / "results.jsonl"
    results.write_bytes(b"{}\n")
    file = SightFile(results)
    hosts = [f"http://{number}" for number in range(16)]

    def sing(host: str) -> None:
        for _ in range(50):
            file.canary("m", host)()

    with ThreadPoolExecutor(16) as pool:
        list(pool.map(sing, hosts))
    assert {each["host"] for each in json.loads(sight_path(results).read_bytes())} == set(hosts)


@pytest.fixture
def two_hosts(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Said]]:
    """`describe` with hosts that say their names, some of them blind."""
    verdicts: dict[str, str] = {}

    async def examine(io: Any, llm: Any, **_: Any) -> SightReport:
        verdict: Any = verdicts[llm.base_url]
        return SightReport(llm.model, llm.base_url, verdict, None, (), SightReceipt((), (), ()), SightPace(), 0)

    monkeypatch.setattr(loading, "examine", examine)
    with ExitStack() as stack:
        servers = {
            name: stack.enter_context(EmbeddedOllama(engine=ScriptedEngine(name, model="m"))) for name in ("a", "b")
        }

        def work(
            names: Sequence[str],
            *,
            blind: Sequence[str],
            lines: int = 9,
            paths: str = "photos",
            prompt: str | PromptTemplate = "Describe the image.",
        ) -> Said:
            verdicts.update({server.url: "blind" if name in blind else "sees" for name, server in servers.items()})
            hosts = [servers[name].url for name in names]
            with closing(describe(paths, "m", prompt, host=hosts, out="results.jsonl", jobs=1)) as made:
                count = len(list(islice(made, lines)))
            said = {}
            for line in Path("results.jsonl").read_text().splitlines():
                record = json.loads(line)
                said[record["path"], record["page"]] = record["text"]
            return count, [said[key] for key in sorted(said)]

        yield work


@pytest.fixture
def seeing(monkeypatch: pytest.MonkeyPatch) -> Callable[..., list[str]]:
    """`describe` with a host whose proofs end so, left after so many lines; what the last line of each picture says."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]  # the same server's, each time it is started

    def work(verdict: Any, count: int, **more: Any) -> list[str]:
        async def examine(io: Any, llm: Any, **_: Any) -> SightReport:
            return SightReport(llm.model, llm.base_url, verdict, None, (), SightReceipt((), (), ()), SightPace(), 0)

        monkeypatch.setattr(loading, "examine", examine)
        with EmbeddedOllama(engine=ScriptedEngine("ok", model="m"), port=port) as server:
            lines = describe("photos", "m", host=server.url, out="results.jsonl", jobs=1, **more)
            if verdict == "blind":
                with pytest.raises(errors.RunStoppedError, match="does not see"):
                    list(lines)
            else:
                # A run that is left before its end has no last canary.
                list(lines) if count == 4 else [next(lines) for _ in range(count)]
            lines.close()
        said = {}
        for line in Path("results.jsonl").read_text().splitlines():
            record = json.loads(line)
            said[record["path"]] = record["error"]["type"] if record["error"] else record["text"]
        return list(said.values())

    return work
