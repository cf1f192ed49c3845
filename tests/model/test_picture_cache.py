"""A picture that the server lost in its cache is asked about again in other bytes, and is never to blame."""

from __future__ import annotations

import asyncio
import io
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest
from llama_index.core.llms import ChatMessage, ImageBlock
from llama_index.core.schema import ImageDocument
from PIL import Image

from llama_index.multi_modal_llms.ollama import ImageOptions, OllamaMultiModal, prepare_image
from ollama_embedded import EmbeddedOllama, ScriptedEngine
from ollama_embedded.faults import lost_picture
from ollama_embedded.picture_cache import LosesPictures
from ollama_vision import errors
from ollama_vision.batch.asking.blame import Fault, classify
from ollama_vision.pictures import with_other_bytes
from tests.support.recorded import FOLDER, NAMES, send

RECORDED = sorted(
    (name for name in NAMES if name.startswith("picture-cache-") and not name.endswith("-stream")),
    key=lambda name: int(name.split("-")[2]),
)


def picture(colour: tuple[int, int, int], form: str = "PNG") -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (64, 48), colour).save(file, form)
    return file.getvalue()


def pixels(data: bytes) -> bytes:
    return Image.open(io.BytesIO(data)).convert("RGB").tobytes()


def client(server: EmbeddedOllama) -> OllamaMultiModal:
    return OllamaMultiModal(model=server.model, base_url=server.url, max_retries=0)


def test_the_embedded_server_loses_pictures_as_the_recorded_one_did() -> None:
    assert len(RECORDED) == 11
    with EmbeddedOllama(engine=ScriptedEngine(model="shapes-go"), faults=LosesPictures()) as server:
        for name in RECORDED:
            recorded = json.loads((FOLDER / f"{name}.json").read_text())
            text = "".join(text for _, text in recorded["response"]["chunks"])
            reply = send(server.url, recorded["request"])
            assert reply.status_code == recorded["response"]["status"], name
            if reply.status_code == 500:
                assert reply.text == text, name
                assert reply.headers["content-type"] == recorded["response"]["headers"]["content-type"], name


def test_the_embedded_server_loses_them_in_a_stream_too() -> None:
    first, second = RECORDED[0], "picture-cache-2-same-first-other-second-stream"
    with EmbeddedOllama(engine=ScriptedEngine(model="shapes-go"), faults=LosesPictures()) as server:
        send(server.url, json.loads((FOLDER / f"{first}.json").read_text())["request"])
        recorded = json.loads((FOLDER / f"{second}.json").read_text())
        reply = send(server.url, recorded["request"])
    assert reply.status_code == 500
    assert reply.headers["content-type"] == recorded["response"]["headers"]["content-type"]


def lost_to(server: EmbeddedOllama, **more: Any) -> bool:
    """Whether a question about the first of the recorded pictures alone is refused."""
    request = json.loads((FOLDER / "picture-cache-3-first-alone.json").read_text())["request"]
    return send(server.url, {**request, "body": {**request["body"], **more}}).status_code == 500


@pytest.fixture
def loses() -> Iterator[EmbeddedOllama]:
    """A server that was asked about two pictures."""
    with EmbeddedOllama(engine=ScriptedEngine(lambda _: "seen", model="shapes-go"), faults=LosesPictures()) as server:
        send(server.url, json.loads((FOLDER / f"{RECORDED[0]}.json").read_text())["request"])
        yield server


@pytest.mark.parametrize("zero", [0, "0", "0s", "0m", 0.0])
def test_a_question_that_unloads_meets_the_cache_too(loses: EmbeddedOllama, zero: Any) -> None:
    # The answer comes first, and the unloading after it: in the order of the recorded exchanges 3, 10 and 11.
    assert lost_to(loses, keep_alive=zero)
    assert not lost_to(loses)


def test_what_an_unloading_question_asked_is_not_kept(loses: EmbeddedOllama) -> None:
    both = json.loads((FOLDER / f"{RECORDED[0]}.json").read_text())["request"]
    send(loses.url, {**both, "body": {**both["body"], "keep_alive": 0}})
    assert not lost_to(loses)


def test_a_model_whose_time_is_over_has_no_cache(loses: EmbeddedOllama) -> None:
    assert lost_to(loses)
    send(loses.url, {"method": "POST", "path": "/api/chat", "body": {"model": "shapes-go", "keep_alive": "1ms"}})
    while httpx2.get(f"{loses.url}/api/ps").json()["models"]:
        pass
    assert not lost_to(loses)


@pytest.mark.parametrize("options", [{"num_ctx": 4096}, {"num_batch": 64}, {"use_mmap": False}])
def test_other_options_of_loading_load_it_anew(loses: EmbeddedOllama, options: dict[str, Any]) -> None:
    before = json.loads((FOLDER / f"{RECORDED[0]}.json").read_text())["request"]["body"]["options"]
    assert lost_to(loses, options={**before, "temperature": 0.5})
    assert not lost_to(loses, options={**before, **options})


def test_a_question_of_another_form_is_left_to_the_server(loses: EmbeddedOllama) -> None:
    assert send(loses.url, {"method": "POST", "path": "/api/chat", "body": {"messages": 3}}).status_code == 400


def test_sixty_candidates_beside_one_reference_are_sixty_answers() -> None:
    reference = picture((255, 0, 0))
    with EmbeddedOllama(engine=ScriptedEngine(lambda request: "alike"), faults=LosesPictures()) as server:
        llm = client(server)
        answers = [llm.complete("Alike?", image_documents=[reference, picture((0, i, 9))]) for i in range(60)]
        refused = len(server.asked) - 60
    assert [answer.text for answer in answers] == ["alike"] * 60
    assert refused == 59, "the server has the fault"
    assert [answer.additional_kwargs["pictures"][0]["steps"] for answer in answers[:1]] == [[]]
    for answer in answers[1:]:
        for sent in answer.additional_kwargs["pictures"]:
            assert any("comment" in step and "pixels as they were" in step for step in sent["steps"])


@pytest.mark.parametrize("form", ["PNG", "JPEG"])
@pytest.mark.parametrize("endpoint", ["complete", "achat", "stream_chat", "astream_complete"])
def test_what_is_sent_again_shows_the_same_pixels(endpoint: str, form: str) -> None:
    data = picture((10, 200, 30), form)

    async def ask(llm: OllamaMultiModal) -> str:
        messages = [ChatMessage(role="user", blocks=[ImageBlock(image=data)])]
        if endpoint == "complete":
            return llm.complete("What?", image_documents=[data]).text
        if endpoint == "achat":
            return str((await llm.achat(messages)).message.content)
        if endpoint == "stream_chat":
            return str(list(llm.stream_chat(messages))[-1].message.content)
        stream = await llm.astream_complete("What?", image_documents=[ImageDocument(image=data)])
        return [item.text async for item in stream][-1]

    with EmbeddedOllama(engine=ScriptedEngine(lambda request: "seen"), faults=[lost_picture()]) as server:
        assert asyncio.run(ask(client(server))) == "seen"
        (first,), (again,) = (arrival.pictures for arrival in server.asked)
    assert first == data
    assert again != data
    assert pixels(again) == pixels(data)
    assert len(again) - len(data) < 50


def test_lost_once_more_it_is_the_servers_fault() -> None:
    faults = [lost_picture(), lost_picture(), None]
    with EmbeddedOllama(engine=ScriptedEngine(lambda request: "seen"), faults=faults) as server:
        with pytest.raises(errors.PictureCacheError) as caught:
            client(server).complete("What?", image_documents=[picture((1, 2, 3))])
        assert len(server.asked) == 2
    assert re.search(r"fault of the server's llama.cpp, not of the picture", str(caught.value))
    assert "llm.unload()" in str(caught.value)
    assert caught.value.status == 500
    assert classify(caught.value) is Fault.HOST


def test_without_a_picture_nothing_can_be_changed() -> None:
    with EmbeddedOllama(engine=ScriptedEngine(), faults=[lost_picture()]) as server:
        with pytest.raises(errors.PictureCacheError):
            client(server).complete("What?")
        assert len(server.asked) == 1


@pytest.mark.parametrize("form", ["JPEG", "PNG"])
def test_the_comment_leaves_profile_and_exif_in_their_places(form: str, tmp_path: Path) -> None:
    from PIL import ImageCms

    exif = Image.Exif()
    exif[0x010E] = "a name"
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    path = tmp_path / f"picture.{form.lower()}"
    Image.effect_noise((64, 48), 60).convert("RGB").save(path, form, exif=exif, icc_profile=profile)
    prepared = prepare_image(path, ImageOptions())
    one, two = with_other_bytes(prepared).read(), with_other_bytes(prepared).read()
    assert len({one, two, path.read_bytes()}) == 3
    with Image.open(io.BytesIO(one)) as image:
        image.load()
        assert image.info["icc_profile"] == profile
        assert image.getexif()[0x010E] == "a name"
        assert image.tobytes() == Image.open(path).tobytes()
    assert prepared.steps == (), "the prepared picture itself is not changed"
