"""`ollama-vision doctor`: servers of every kind are looked at, and one that fails does not hide the rest."""

from __future__ import annotations

import io
import itertools
import json
import os
import signal
from importlib import metadata
from pathlib import Path

import pytest
from rich.console import Console

from llama_index.multi_modal_llms.ollama import OllamaMultiModal
from ollama_embedded import EmbeddedOllama, Gate, ModelFacts, Reply, ScriptedEngine
from ollama_embedded.faults import Status
from ollama_vision.cli.common.screen import Screen
from ollama_vision.extras import DISTRIBUTION
from tests.support.command_line import CommandLine, process
from tests.support.recorded import FOLDER

GB = 1_000_000_000


def statuses(out: str) -> dict[str, str]:
    """The status of each check by its name; the worst one where a name comes again."""
    found: dict[str, str] = {}
    for check in json.loads(out)["checks"]:
        found[check["name"]] = max(found.get(check["name"], ""), check["status"], key=["", "ok", "warn", "fail"].index)
        assert check["message"]
    return found


def without_disk(found: dict[str, str]) -> set[str]:
    """How much room there is on this disk is no matter of this suite."""
    return {status for name, status in found.items() if name != "disk"}


def test_all_is_well_with_the_demo_model(vision: CommandLine, demo_server: EmbeddedOllama) -> None:
    outcome = vision("doctor", "--host", demo_server.url, "--json")
    found = statuses(outcome.out)
    assert (outcome.code, outcome.err) == (0, "")
    assert without_disk(found) == {"ok"}
    assert list(found) == [
        *("settings", "conversations", "client", "extras", "fonts", "environment", "disk", "server"),
        *("version", "models", "model", "sight", "thinking", "memory", "context"),
    ]
    told = json.loads(outcome.out)["sight"]
    assert (told["verdict"], told["seems"]) == ("sees", None)
    assert [question["right"] for question in told["questions"]].count(True) >= 4
    assert told["receipt"]["image_count"] == told["receipt"]["images_sent"]


def test_lines_say_the_same(vision: CommandLine, demo_server: EmbeddedOllama) -> None:
    outcome = vision("doctor", "--host", demo_server.url, "--model", "shapes")
    lines = outcome.out.splitlines()
    assert (outcome.code, outcome.err) == (0, "")
    assert [line[:19] for line in lines if line.startswith("ok    sight")] == ["ok    sight        "]
    assert lines[-1].startswith(("All is well", "Pictures can be asked about"))


def test_a_package_that_is_not_there_is_not_named(
    vision: CommandLine, demo_server: EmbeddedOllama, monkeypatch: pytest.MonkeyPatch
) -> None:
    def version(package: str) -> str:
        if package == "llama-index-core":
            raise metadata.PackageNotFoundError(package)
        return metadata.version(package)

    monkeypatch.setattr("ollama_vision.cli.doctor.probes.version_of", version)
    (client,) = (
        line for line in vision("doctor", "--host", demo_server.url).out.splitlines() if line.startswith("ok    client")
    )
    assert (DISTRIBUTION in client, "pillow" in client, "llama-index-core" in client) == (True, True, False)


def test_a_real_server_as_it_was_recorded(vision: CommandLine) -> None:
    """Built from source, three models in memory, all on the CPU; the questions are not among the recordings."""
    with EmbeddedOllama(replay=FOLDER) as server:
        outcome = vision("doctor", "--host", server.url, "--model", "shapes", "--json")
    found = statuses(outcome.out)
    assert (outcome.code, found.pop("sight")) == (1, "fail")
    assert {name for name, status in found.items() if status == "ok"} >= {"server", "models", "model", "memory"}
    assert found["version"] == "warn"
    (models,) = (check for check in json.loads(outcome.out)["checks"] if check["name"] == "models")
    assert models["message"].startswith("2 of 5 see pictures: ")


@pytest.mark.skipif(os.name == "nt", reason="Windows has no SIGINT for one process")
def test_control_c_ends_it_with_what_was_found_so_far() -> None:
    with EmbeddedOllama(engine=ScriptedEngine(Reply([Gate(), "A scene."]))) as server:
        looking = process("doctor", "--host", server.url)
        assert looking.stdout is not None
        assert any("  model  " in line for line in iter(looking.stdout.readline, ""))
        looking.send_signal(signal.SIGINT)
        _, err = looking.communicate(timeout=60)
    assert (looking.returncode, err) == (130, "")


def test_control_c_while_a_wait_begins_ends_it_too(monkeypatch: pytest.MonkeyPatch) -> None:
    """Rich cannot stop what was interrupted in the midst of its beginning."""
    screen = Screen()
    screen.console = Console(file=io.StringIO(), force_terminal=True)
    shown = []

    def show_cursor(show: bool = True) -> bool:
        shown.append(show)
        if not show:
            raise KeyboardInterrupt
        return True

    monkeypatch.setattr(screen.console, "show_cursor", show_cursor)
    with pytest.raises(KeyboardInterrupt), screen:
        screen.wait("Asking")
    assert shown == [False, True]


def test_without_a_server_the_rest_is_still_told(vision: CommandLine) -> None:
    with EmbeddedOllama(engine=ScriptedEngine()) as server:
        gone = server.url
    outcome = vision("doctor", "--host", gone)
    lines = outcome.out.splitlines()
    assert (outcome.code, outcome.err) == (1, "")
    assert [line.split()[1] for line in lines if line.startswith("fail")] == ["server"]
    assert any("ollama serve" in line for line in lines)
    assert sum("not checked: no server to ask" in line for line in lines) == 7
    assert lines[-1].startswith("1 thing to mend")


def test_an_address_that_is_none_fails(vision: CommandLine) -> None:
    outcome = vision("doctor", "--host", "ftp://there", "--json")
    assert outcome.code == 1
    assert statuses(outcome.out) == {"settings": "ok", "conversations": "ok", "server": "fail"}


def test_an_old_server_fails_and_is_looked_at_all_the_same(vision: CommandLine) -> None:
    with EmbeddedOllama(engine=ScriptedEngine("A scene."), version="0.9.0") as server:
        outcome = vision("doctor", "--host", server.url, "--json")
    found = statuses(outcome.out)
    assert (outcome.code, outcome.err, found["version"], found["sight"]) == (1, "", "fail", "warn")


def test_a_server_that_wants_to_know_who_asks(vision: CommandLine) -> None:
    refused = itertools.repeat(Status(401, {"error": "unauthorized"}))
    faults = dict.fromkeys(("/api/version", "/api/tags", "/api/ps"), refused)
    with EmbeddedOllama(engine=ScriptedEngine(), faults=faults) as server:
        outcome = vision("doctor", "--host", server.url, "--json", "--header", "Authorization: Bearer s3cret")
    assert outcome.code == 1
    assert statuses(outcome.out)["server"] == "fail"
    assert "s3cret" not in outcome.out + outcome.err


def test_one_endpoint_that_fails_does_not_hide_the_others(vision: CommandLine) -> None:
    faults = {"/api/tags": itertools.repeat(Status(500, {"error": "the disk is gone"}))}
    with EmbeddedOllama(engine=ScriptedEngine("A scene.", model="sees"), faults=faults) as server:
        outcome = vision("doctor", "--host", server.url, "--json", "--model", "sees")
    found = statuses(outcome.out)
    assert outcome.code == 1
    assert (found["models"], found["model"], found["sight"]) == ("fail", "ok", "warn")


def test_a_model_that_is_damaged_is_there_all_the_same(vision: CommandLine) -> None:
    """As a real server says it of a file that was cut to half (source of 2026-08-21)."""
    text = 'tensor "blk.1.ffn_up.weight" offset+size (1080928) exceeds file size (1064624)'
    faults = {"/api/show": itertools.repeat(Status(500, {"error": text}))}
    with EmbeddedOllama(engine=ScriptedEngine("A scene.", model="sees"), faults=faults) as server:
        outcome = vision("doctor", "--host", server.url, "--model", "sees")
    lines = {line.split()[1]: line for line in outcome.out.splitlines() if line[:4] in ("fail", "warn")}
    assert text in lines["model"]
    for name in ("sight", "thinking", "context"):
        assert lines[name].endswith("not checked: the server cannot show sees")


def test_a_model_that_is_split_and_thinks(vision: CommandLine) -> None:
    split = ModelFacts("split", ("completion", "vision", "thinking"), size=4 * GB, size_vram=GB)
    engine = ScriptedEngine(Reply("A scene.", thinking="Let me look."), models=[split])
    with EmbeddedOllama(engine=engine) as server:
        outcome = vision("doctor", "--host", server.url, "--json", "--model", "split")
        asked = server.asked
    found = statuses(outcome.out)
    assert {request.body["think"] for request in asked} == {False}
    assert all(request.images for request in asked)
    assert outcome.code == 0
    assert (found["memory"], found["thinking"], found["sight"]) == ("warn", "warn", "warn")


def test_a_blind_model_fails_and_says_what_it_gets(vision: CommandLine) -> None:
    with EmbeddedOllama(blind="stale") as server:
        outcome = vision("doctor", "--host", server.url, "--json")
        lines = vision("doctor", "--host", server.url).out.splitlines()
    told = json.loads(outcome.out)
    assert (outcome.code, outcome.err, statuses(outcome.out)["sight"]) == (1, "", "fail")
    assert (told["sight"]["verdict"], told["sight"]["seems"]) == ("blind", "stale")
    (said,) = (line for line in lines if line.startswith("fail"))
    assert "shapes:latest on" in said
    assert "it seems to get the picture of the request before" in said
    assert any("Restart the server" in line for line in lines)


def test_one_that_always_says_the_same_does_not_pass(vision: CommandLine) -> None:
    """It did: "All is well: pictures can be asked about", with a server whose model says "red" to everything."""
    with EmbeddedOllama(engine=ScriptedEngine(lambda request: json.dumps(request.format["enum"][0]))) as server:
        outcome = vision("doctor", "--host", server.url, "--json")
    assert (outcome.code, statuses(outcome.out)["sight"]) == (1, "fail")


def test_a_loaded_model_is_not_loaded_again(vision: CommandLine) -> None:
    with EmbeddedOllama(engine=ScriptedEngine("A scene.", model="sees")) as server:
        OllamaMultiModal(model="sees", base_url=server.url, context_window=3000).preload()
        assert vision("doctor", "--host", server.url).code == 0
        assert server.asked[-1].body["options"]["num_ctx"] == 3000


@pytest.mark.parametrize("capabilities", [("completion",), ()])
def test_no_model_that_sees(vision: CommandLine, capabilities: tuple[str, ...]) -> None:
    with EmbeddedOllama(engine=ScriptedEngine(capabilities=capabilities)) as server:
        outcome = vision("doctor", "--host", server.url, "--json")
        named = vision("doctor", "--host", server.url, "--json", "--model", "scripted")
        assert server.asked == []
    found = statuses(outcome.out)
    assert (outcome.code, found["models"], found["sight"]) == (1, "fail", "warn")
    assert (named.code, statuses(named.out)["model"]) == (1, "fail")


def test_what_a_stranger_wrote_cannot_change_the_screen(vision: CommandLine) -> None:
    with EmbeddedOllama(engine=ScriptedEngine("A scene.\x1b[2J\x07")) as server:
        outcome = vision("doctor", "--host", server.url)
    assert "\x1b" not in outcome.out
    assert "A scene." in outcome.out


def test_the_environment_is_looked_at(vision: CommandLine, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    with EmbeddedOllama(engine=ScriptedEngine("A scene.")) as server:
        monkeypatch.setenv("OLLAMA_HOST", server.url.replace("//", "//me:s3cret@"))
        monkeypatch.setenv("OLLAMA_MODELS", str(tmp_path / "not" / "there"))
        monkeypatch.setenv("HTTP_PROXY", "http://me:s3cret@proxy:3128")
        monkeypatch.setenv("OLLAMA_API_KEY", "s3cret")
        outcome = vision("doctor", "--json")
    checks = json.loads(outcome.out)["checks"]
    assert outcome.code == 0
    assert "s3cret" not in outcome.out
    assert {check["details"].get("variable") for check in checks if check["name"] == "environment"} == {
        *("OLLAMA_HOST", "OLLAMA_MODELS", "OLLAMA_API_KEY")
    }
    (disk,) = (check for check in checks if check["name"] == "disk")
    assert disk["details"]["folder"] == str(tmp_path / "not" / "there")
