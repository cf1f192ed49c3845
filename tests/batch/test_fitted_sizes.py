"""A run sends what it scales in sizes that the model's server leaves alone."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from ollama_embedded import EmbeddedOllama, ScriptedEngine
from ollama_vision import ModelCapabilities, describe
from tests.support import shown_models as models
from tests.support.picture_corpus import card

SIZES = ModelCapabilities.from_show(models.QWEN25_VL).server_sizes


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    folder = tmp_path / "pictures"
    folder.mkdir()
    for name, size in (("large.png", (2400, 1800)), ("small.png", (300, 200)), ("long.png", (4000, 500))):
        card(size).save(folder / name)
    return folder


def sent(server: EmbeddedOllama) -> dict[bytes, tuple[int, int]]:
    return {data: Image.open(io.BytesIO(data)).size for request in server.asked for data in request.pictures}


def run(pictures: Path, *servers: EmbeddedOllama | str, **settings: Any) -> list[dict[str, Any]]:
    hosts = [server if isinstance(server, str) else server.url for server in servers]
    return list(describe(pictures, "m", "What is it?", host=hosts, **settings))


def test_what_is_scaled_is_left_alone_by_the_server_and_the_rest_passes(pictures: Path) -> None:
    with EmbeddedOllama(engine=ScriptedEngine("A card.", model="m", **models.QWEN25_VL)) as server:
        lines = run(pictures, server)
        found = sent(server)
    assert [line["error"] for line in lines] == [None] * 3
    assert found.pop((pictures / "small.png").read_bytes()) == (300, 200)
    assert SIZES is not None
    assert len(found) == 2
    assert all(size in SIZES for size in found.values()), found


def test_the_first_host_that_says_what_the_model_is_is_believed(pictures: Path) -> None:
    with EmbeddedOllama(engine=ScriptedEngine("A card.", model="m")) as gone:
        dead = gone.url
    with EmbeddedOllama(engine=ScriptedEngine("A card.", model="m", **models.QWEN25_VL)) as server:
        lines = run(pictures, dead, server, wait=0)
        found = sent(server)
    assert len(lines) == 3
    assert SIZES is not None
    assert sum(size in SIZES for size in found.values()) == 2


def test_a_model_that_is_not_known_gets_what_it_got_and_goes_on_with_its_results(pictures: Path) -> None:
    with EmbeddedOllama(engine=ScriptedEngine("A card.", model="m")) as server:
        lines = run(pictures, server)
        assert set(sent(server).values()) == {(1156, 867), (300, 200), (2833, 354)}
    with EmbeddedOllama(engine=ScriptedEngine("A card.", model="m", **models.QWEN25_VL)) as server:
        others = run(pictures, server)
    assert {line["request"] for line in lines} == {line["request"] for line in others}


def test_pages_are_drawn_in_such_sizes(tmp_path: Path) -> None:
    pytest.importorskip("pypdfium2")
    card((842, 595)).save(tmp_path / "scan.pdf", "PDF", save_all=True, append_images=[card((595, 842))])
    with EmbeddedOllama(engine=ScriptedEngine("A card.", model="m", **models.QWEN25_VL)) as server:
        lines = run(tmp_path, server)
        found = sent(server)
    assert [line["page"] for line in sorted(lines, key=lambda line: line["page"])] == [1, 2]
    assert SIZES is not None
    assert all(size in SIZES for size in found.values()), found
