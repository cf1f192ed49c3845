"""ImageDescriber on a Ray cluster: no picture is lost or comes twice, whatever becomes of a worker."""

from __future__ import annotations

import importlib
import io
import itertools
import os
import random
import signal
import threading
from pathlib import Path
from typing import Any

import pytest
from llama_index.core.ingestion import IngestionCache
from llama_index.core.schema import BaseNode, ImageNode
from PIL import Image

from llama_index.multi_modal_llms.ollama import ImageDescriber, OllamaMultiModal
from ollama_embedded import EmbeddedOllama, Gate, Reply
from ollama_embedded.faults import Status
from ollama_embedded.scenes import COLOURS, KINDS, PLACES, Shape, draw_scene
from tests.support.serving import Serve
from tests.support.shared_answers import SharedAnswers

pytestmark = [pytest.mark.ray, pytest.mark.usefixtures("cluster"), pytest.mark.timeout(240)]

COUNT, BATCH = 500, 25
KILLED_AT = 2 * 4 * BATCH + 36
"""Questions: each of the two workers is in the middle of its fifth batch."""
ANSWERED = 30


def ray_pipeline(describer: dict[str, Any]) -> Any:
    """Two workers. They wait for answers most of the time, and so take half a processor each."""
    ray, ingestion = importlib.import_module("ray"), importlib.import_module("llama_index.ingestion.ray")
    step = ingestion.RayTransformComponent(
        transform_class=ImageDescriber,
        transform_kwargs=describer,
        map_batches_kwargs={"batch_size": BATCH, "compute": ray.data.ActorPoolStrategy(size=2), "num_cpus": 0.5},
    )
    return ingestion.RayIngestionPipeline(transformations=[step])


def node_of(path: Path, **metadata: Any) -> ImageNode:
    return ImageNode(id_=str(path), image_path=str(path), metadata={"file_path": str(path), **metadata})


def numbers_of(nodes: list[BaseNode]) -> list[int]:
    return [node.metadata["number"] for node in nodes]


@pytest.fixture
def scenes(tmp_path: Path) -> list[ImageNode]:
    """500 pictures, each of one shape in one place; no two of the first 432 are the same."""
    known = [Shape(*each) for each in itertools.product(COLOURS, KINDS, PLACES) if each[0] != "white"]
    random.Random(1).shuffle(known)
    nodes = []
    for number in range(COUNT):
        shape = known[number % len(known)]
        draw_scene(shape).save(tmp_path / f"{number}.png")
        nodes.append(node_of(tmp_path / f"{number}.png", number=number, shape=str(shape)))
    return nodes


@pytest.fixture
def numbered(tmp_path: Path) -> list[ImageNode]:
    """500 pictures of one colour each, by which a scripted model tells their numbers."""
    for number in range(COUNT):
        Image.new("RGB", (32, 32), (number // 256, number % 256, 0)).save(tmp_path / f"{number}.png")
    return [node_of(tmp_path / f"{number}.png", number=number) for number in range(COUNT)]


def number_of(request: Any) -> int:
    (picture,) = request.pictures
    with Image.open(io.BytesIO(picture)) as image:
        hundreds, units, _ = image.convert("RGB").getpixel((0, 0))  # type: ignore[misc]
    return int(hundreds) * 256 + int(units)


def test_500_pictures_two_workers_and_two_servers(scenes: list[ImageNode]) -> None:
    with EmbeddedOllama() as one, EmbeddedOllama() as other:
        llms = [
            OllamaMultiModal(model="shapes", base_url=server.url, temperature=0.0, context_window=2048)
            for server in (one, other)
        ]
        found = ray_pipeline({"llm": llms, "num_workers": 2}).run(nodes=scenes)
        asked = [len(one.asked), len(other.asked)]
    assert sorted(numbers_of(found)) == list(range(COUNT))
    assert {node.ref_doc_id for node in found} == {node.node_id for node in scenes}
    wrong = [
        (node.metadata["shape"], node.get_content())
        for node in found
        if not all(word in node.get_content() for word in node.metadata["shape"].split())
    ]
    assert wrong == []
    assert sum(asked) == COUNT
    assert min(asked) > COUNT // 4, "both servers had their share"


def test_a_killed_worker_loses_no_picture(serve: Serve, numbered: list[ImageNode], tmp_path: Path) -> None:
    gate, count = Gate(), itertools.count(1)

    def replies(request: Any) -> Reply:
        said = f"It is {number_of(request)}."
        return Reply(["Well. ", gate, said] if next(count) == KILLED_AT else ["Well. ", said])

    (tmp_path / "answers").mkdir()
    answers = SharedAnswers(tmp_path / "answers")
    servers = [serve(replies, num_parallel=2), serve(replies, num_parallel=2)]
    describer = {"llm": [each.llm for each in servers], "num_workers": 2, "cache": IngestionCache(cache=answers)}
    killed: list[int] = []

    def kill() -> None:
        """In the middle of an answer."""
        gate.reached.wait()
        killed.append(max(answers.writers))
        os.kill(killed[0], signal.SIGKILL)
        gate.open()

    killer = threading.Thread(target=kill, daemon=True)
    killer.start()
    found = ray_pipeline(describer).run(nodes=numbered)
    assert sorted(numbers_of(found)) == list(range(COUNT))
    assert [node.get_content() for node in found] == [f"Well. It is {number}." for number in numbers_of(found)]
    assert len(answers.writers - set(killed)) == 2, "another worker took its place"
    asked = sum(len(each.asked) for each in servers)
    assert COUNT <= asked <= COUNT + 2, "what was answered before is not asked again: it is in the cache"


def test_what_stops_a_run_arrives_and_what_was_answered_is_kept(
    serve: Serve, numbered: list[ImageNode], tmp_path: Path
) -> None:
    count, again = itertools.count(1), threading.Event()

    def replies(request: Any) -> Reply:
        refused = next(count) > ANSWERED and not again.is_set()
        return Reply(f"It is {number_of(request)}.", fault=Status(401, {"error": "unauthorized"}) if refused else None)

    (tmp_path / "answers").mkdir()
    cache = IngestionCache(cache=SharedAnswers(tmp_path / "answers"))
    serving = serve(replies)
    describer = {"llm": serving.llm, "num_workers": 1, "cache": cache}
    # Ray wraps it: what it is by its class is lost, what it says is not.
    with pytest.raises(Exception, match=r"RunStoppedError: The run was stopped: "):
        ray_pipeline(describer).run(nodes=numbered[:100])
    again.set()
    before = len(serving.asked)
    found = ray_pipeline(describer).run(nodes=numbered[:100])
    assert sorted(numbers_of(found)) == list(range(100))
    assert [node.get_content() for node in found] == [f"It is {number}." for number in numbers_of(found)]
    assert len(serving.asked) == before + 100 - ANSWERED, "what was answered before is not asked again"
