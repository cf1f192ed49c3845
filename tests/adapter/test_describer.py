"""ImageDescriber: every picture its own answer, whatever it is called, in whatever order answers come."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from llama_index.core.schema import BaseNode, Document, ImageDocument, ImageNode, TextNode
from pydantic import BaseModel

from llama_index.multi_modal_llms.ollama import ImageDescriber, OllamaMultiModal
from ollama_embedded import EmbeddedOllama, Gate, Reply
from ollama_embedded.scenes import draw_scene
from ollama_vision.errors import RunStoppedError
from tests.support.picture_nodes import SHAPES, grey_of, words_in
from tests.support.serving import Serve, asked_since


class Shape(BaseModel):
    color: str
    shape: str


class Shapes(BaseModel):
    shapes: list[Shape]


class Count(BaseModel):
    count: int


@pytest.mark.parametrize("loop", [False, True], ids=["sync", "async"])
@pytest.mark.parametrize("output", ["text", "image"])
def test_every_picture_gets_its_own_answer(
    demo: OllamaMultiModal, scenes: list[ImageNode], output: Any, loop: bool
) -> None:
    describer = ImageDescriber(llm=demo, output=output)
    before = [node.model_dump() for node in scenes]
    found = asyncio.run(describer.acall(scenes)) if loop else describer(scenes)
    assert [words_in(node) for node in found] == list(SHAPES)
    assert [node.metadata["place"] for node in found] == list(range(len(SHAPES)))
    assert {type(node) for node in found} == {TextNode if output == "text" else ImageNode}
    assert [node.model_dump() for node in scenes] == before


def test_a_text_node_leads_to_its_picture_and_keeps_its_id(demo: OllamaMultiModal, scenes: list[ImageNode]) -> None:
    describer = ImageDescriber(llm=demo)
    (first,), (again,) = describer(scenes[:1]), ImageDescriber(llm=demo)(scenes[:1])
    assert first.ref_doc_id == scenes[0].node_id
    assert first.node_id == again.node_id != scenes[0].node_id
    (other,) = ImageDescriber(llm=demo, prompt="How many shapes are there?")(scenes[:1])
    assert other.node_id != first.node_id


def test_what_a_text_found_is_shown_to_a_model_as_a_picture(demo: OllamaMultiModal, scenes: list[ImageNode]) -> None:
    found = ImageDescriber(llm=demo, output="image")(scenes)
    assert [node.node_id for node in found] == [node.node_id for node in scenes]
    star = next(node for node in found if "star" in node.get_content())
    assert "blue" in demo.complete("Describe the image.", image_documents=[star]).text


def test_documents_of_pictures_become_image_nodes_that_survive_json(demo: OllamaMultiModal, tmp_path: Path) -> None:
    draw_scene("red circle").save(tmp_path / "a.png")
    document = ImageDocument(image_path=str(tmp_path / "a.png"), metadata={"file_path": str(tmp_path / "a.png")})
    (node,) = ImageDescriber(llm=demo, output="image")([document])
    assert node.ref_doc_id == document.node_id
    again = ImageNode.from_json(node.to_json())
    assert "red circle" in demo.complete("Describe the image.", image_documents=[again]).text
    (text,) = ImageDescriber(llm=demo)([document])
    assert words_in(text) == "red circle"


def test_what_the_directory_reader_made_of_a_picture_is_asked_about(demo: OllamaMultiModal, tmp_path: Path) -> None:
    draw_scene("red circle").save(tmp_path / "a.bmp")
    binary = (tmp_path / "a.bmp").read_bytes().decode("utf-8", "replace")
    (node,) = ImageDescriber(llm=demo)([Document(text=binary, metadata={"file_path": str(tmp_path / "a.bmp")})])
    assert words_in(node) == "red circle"


def test_nodes_without_a_picture_pass_through_and_are_counted(demo: OllamaMultiModal, scenes: list[ImageNode]) -> None:
    (tmp := Path(scenes[0].image_path or "")).with_name("notes.txt").write_text("caf\ufffd")
    texts = [
        TextNode(text="A red circle.", metadata={"file_path": str(tmp)}),
        TextNode(text="caf\ufffd", metadata={"file_path": str(tmp.with_name("notes.txt"))}),
    ]
    with pytest.warns(UserWarning, match="passed through 2 nodes that hold no picture"):
        found = ImageDescriber(llm=demo)([texts[0], scenes[1], texts[1]])
    assert found[0] is texts[0]
    assert found[2] is texts[1]
    assert words_in(found[1]) == "blue star"


def test_fields_become_metadata(demo: OllamaMultiModal, scenes: list[ImageNode]) -> None:
    scenes[1].metadata["count"] = "many"
    describer = ImageDescriber(llm=demo, prompt="How many shapes are there?", output_cls=Count)
    first, second = describer(scenes[:2])
    assert first.metadata == {**scenes[0].metadata, "count": 1}
    assert second.metadata == {**scenes[1].metadata, "answer_count": 1}, "the source's own metadata is kept"
    (found,) = ImageDescriber(llm=demo, prompt="List the shapes as JSON.", output_cls=Shapes).iter(scenes[3:4])
    assert found.fields == {"shapes": [{"color": "yellow", "shape": "cross"}]}
    assert found.usage["total_tokens"] == found.usage["prompt_tokens"] + found.usage["completion_tokens"] > 64
    assert (found.finish_reason, found.model, found.host) == ("stop", "shapes", demo.base_url)
    assert found.seconds > 0


def test_braces_in_the_prompt_stay_as_they_are(serve: Serve, plain: list[ImageNode]) -> None:
    serving = serve('{"count": 1}')
    ImageDescriber(llm=serving.llm, prompt='As {"count": n} {x}', output_cls=Count)(plain[:1])
    ImageDescriber(llm=serving.llm, prompt='As {"count": n} {x}')(plain[:1])
    structured, text = serving.bodies
    assert structured["messages"][-1]["content"] == text["prompt"] == 'As {"count": n} {x}'


def test_results_come_as_they_finish(serve: Serve, plain: list[ImageNode]) -> None:
    gate = Gate()

    def replies(request: Any) -> Reply | str:
        return Reply(["slow ", gate, "0"]) if grey_of(request) == 0 else f"quick {grey_of(request)}"

    serving = serve(replies, num_parallel=2)
    results = ImageDescriber(llm=serving.llm, num_workers=2).iter(plain[:4])
    quick = [next(results) for _ in range(3)]
    assert [each.index for each in quick] == [1, 2, 3]
    gate.open()
    assert [(each.index, each.text) for each in results] == [(0, "slow 0")]


def test_nodes_are_taken_when_there_is_room(serve: Serve, plain: list[ImageNode]) -> None:
    taken: list[int] = []

    def endless() -> Iterator[BaseNode]:
        while True:
            taken.append(len(taken))
            yield plain[len(taken) % 12]

    serving = serve(lambda request: f"It is {grey_of(request)}.")
    results = ImageDescriber(llm=serving.llm, num_workers=3).iter(endless())
    for number in range(40):
        assert next(results).text
        assert len(taken) <= number + 1 + 2 * 3 + 2, "no more than what is in flight, and what is about to be"
    results.close()


async def test_nodes_may_come_asynchronously(demo: OllamaMultiModal, scenes: list[ImageNode]) -> None:
    async def coming() -> Any:
        for node in scenes:
            yield node

    found = [each async for each in ImageDescriber(llm=demo).aiter(coming())]
    assert {words_in(each.node) for each in found} == set(SHAPES)


async def test_a_sync_call_inside_a_running_loop(demo: OllamaMultiModal, scenes: list[ImageNode]) -> None:
    assert words_in(ImageDescriber(llm=demo)(scenes[:1])[0]) == SHAPES[0]


def test_leaving_early_closes_the_requests(serve: Serve, plain: list[ImageNode]) -> None:
    gates = {1: Gate(), 2: Gate()}

    def replies(request: Any) -> Reply | str:
        grey = grey_of(request)
        return Reply(["On and ", gates[grey], "on."]) if grey in gates else "At once."

    serving = serve(replies, num_parallel=3)
    results = ImageDescriber(llm=serving.llm, num_workers=3).iter(plain[:3])
    assert next(results).text == "At once."
    assert all(gate.reached.wait(30) for gate in gates.values())
    results.close()
    assert not [thread for thread in threading.enumerate() if thread.name == "describing"]
    left = [arrival for arrival in serving.asked if grey_of(arrival) in gates]
    assert len(left) == 2
    assert all(arrival.left.wait(30) for arrival in left), "the server sees that nobody listens any more"


async def test_cancelling_closes_the_requests(serve: Serve, plain: list[ImageNode]) -> None:
    gates = (Gate(), Gate())
    serving = serve(lambda request: Reply(["On and ", gates[grey_of(request)], "on."]), num_parallel=2)
    task = asyncio.create_task(ImageDescriber(llm=serving.llm, num_workers=2).acall(plain[:2]))
    for gate in gates:
        assert await asyncio.to_thread(gate.reached.wait, 30)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert len(serving.asked) == 2
    for arrival in serving.asked:
        assert await asyncio.to_thread(arrival.left.wait, 30)


def test_a_setting_that_there_is_not_is_refused(demo: OllamaMultiModal) -> None:
    with pytest.raises(ValueError, match="workers"):
        ImageDescriber(llm=demo, workers=3)


def test_a_dumped_describer_is_made_again(demo: OllamaMultiModal) -> None:
    settings = {"class_name": "ImageDescriber", "num_workers": 3}
    assert ImageDescriber(llm=demo, **settings).num_workers == 3


@pytest.mark.proves_sight
class TestRequiredSight:
    """With `require_sight` the hosts of a run prove that they see, and show it again at its end."""

    @pytest.fixture
    def blind(self) -> Iterator[EmbeddedOllama]:
        with EmbeddedOllama(blind="black") as server:
            yield server

    def llm(self, server: EmbeddedOllama, **more: Any) -> OllamaMultiModal:
        return OllamaMultiModal(model="shapes", base_url=server.url, temperature=0.0, context_window=2048, **more)

    def test_the_host_that_sees_answers_about_all(
        self, blind: EmbeddedOllama, demo_server: EmbeddedOllama, scenes: list[ImageNode]
    ) -> None:
        hosts = [self.llm(server, require_sight=True) for server in (blind, demo_server)]
        descriptions = list(ImageDescriber(llm=hosts).iter(scenes[:4]))
        assert {each.host for each in descriptions} == {demo_server.url}
        assert [each.error for each in descriptions] == [None] * 4

    def test_with_nobody_left_the_run_stops(self, blind: EmbeddedOllama, scenes: list[ImageNode]) -> None:
        describer = ImageDescriber(llm=self.llm(blind, require_sight=True))
        with pytest.raises(RunStoppedError, match="does not see what it is sent"):
            list(describer.iter(scenes[:1]))

    def test_it_ends_with_a_canary(self, demo_server: EmbeddedOllama, scenes: list[ImageNode]) -> None:
        before = demo_server.asked
        describer = ImageDescriber(llm=self.llm(demo_server, require_sight=True))
        list(describer.iter(scenes[:1]))
        asked = [str((each.body or {}).get("prompt")) for each in asked_since(demo_server, before)]
        last_picture = max(at for at, prompt in enumerate(asked) if prompt == "Describe the image.")
        assert any("Answer with one of" in prompt for prompt in asked[last_picture + 1 :])

    def test_without_it_nobody_is_asked(self, blind: EmbeddedOllama, scenes: list[ImageNode]) -> None:
        (description,) = ImageDescriber(llm=self.llm(blind)).iter(scenes[:1])
        assert description.error is None
        assert len(blind.asked) == 1
