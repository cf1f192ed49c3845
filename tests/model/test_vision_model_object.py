"""VisionModel as an object: settings, copies, secrets, loops, and what it imports."""

from __future__ import annotations

import asyncio
import copy
import inspect
import pickle
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from llama_index.multi_modal_llms.ollama import ImageOptions
from ollama_embedded import EmbeddedOllama
from ollama_vision.model.keywords import AskKeywords, VisionModelKeywords
from ollama_vision.model.model import VisionModel
from ollama_vision.protocol.options import names
from tests.support.serving import Serve

each_way = pytest.mark.parametrize("way", ["ask", "stream", "aask", "astream"])


def on(serving: Any, **settings: Any) -> VisionModel:
    return VisionModel("m", serving.server.url, **settings)


@pytest.fixture
def model(demo_server: EmbeddedOllama) -> VisionModel:
    return VisionModel(demo_server.model, demo_server.url, temperature=0.0, context_window=2048)


TWO_SHAPES = Path(__file__).resolve().parents[2] / "examples/pictures/two-shapes.jpg"


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("timeout", "Did you mean 'request_timeout'?"),
        ("temprature", "Did you mean 'temperature'?"),
        ("system", "VisionModel has no argument 'system'"),
        ("callback_manager", "VisionModel has no argument 'callback_manager'"),
        ("keep_pictures", "VisionModel has no argument 'keep_pictures'"),
    ],
)
def test_another_setting_is_refused(name: str, hint: str) -> None:
    made: Any = VisionModel
    with pytest.raises(TypeError, match=hint.replace("?", r"\?")):
        made("m", **{name: 1})


def test_the_host_is_the_first_that_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OLLAMA_HOST", "there:8080")
    assert VisionModel("m").base_url == "http://there:8080"
    assert VisionModel("m", "here:99").base_url == VisionModel("m", base_url="here:99").base_url == "http://here:99"
    with pytest.raises(TypeError, match="same thing"):
        VisionModel("m", "here:99", base_url="there:99")


def test_secrets_are_sent_and_never_shown(serve: Serve) -> None:
    serving = serve("Fine.")
    place = serving.server.url.replace("http://", "http://user:pass@")
    model = VisionModel("m", place, headers={"X-Key": "hidden"}, seed=3)
    model.ask("What?", extra_headers={"X-Other": "unseen"})
    sent = {name.lower(): value for name, value in serving.asked[-1].headers.items()}
    assert sent["x-key"] == "hidden"
    assert sent["x-other"] == "unseen"
    assert sent["authorization"].startswith("Basic ")
    assert pickle.loads(pickle.dumps(model)).headers == model.headers
    for shown in (repr(model), str(model), str(model.model_dump()), model.model_dump_json()):
        assert not any(secret in shown for secret in ("hidden", "user", "pass", sent["authorization"]))
    assert repr(model) == f"VisionModel(base_url={serving.server.url!r}, model='m', additional_kwargs={{'seed': 3}})"


def test_no_setting_can_be_changed() -> None:
    with pytest.raises(ValidationError, match="frozen"):
        VisionModel("m").temperature = 0.5


@pytest.mark.parametrize("again", [lambda model: pickle.loads(pickle.dumps(model)), copy.copy, copy.deepcopy])
def test_a_copy_works(serve: Serve, again: Callable[[VisionModel], VisionModel]) -> None:
    serving = serve("Fine.")
    settings: dict[str, Any] = {"deadline": 30.0, "image_options": ImageOptions(max_pixels=50_000), "seed": 3}
    model = on(serving, **settings)
    assert model.ask("What?").text == "Fine."
    made = again(model)
    assert made.model_dump() == model.model_dump()
    assert made.ask("What?").text == "Fine."
    assert asyncio.run(again(model).aask("What?")).text == "Fine."


def test_it_works_on_one_loop_after_another(serve: Serve) -> None:
    model = on(serve("Fine."))
    for _ in range(3):
        assert asyncio.run(model.aask("What?")).text == "Fine."
        assert model.ask("What?").text == "Fine."


def test_a_stream_that_is_left_is_closed(serve: Serve) -> None:
    with on(serve("One two three.", "Fine.")) as model:
        stream = model.stream("Count.")
        next(stream)
        stream.close()
        assert list(stream) == []
        assert model.ask("What?").text == "Fine."


def test_settings_that_fit_come_from_the_server(serve: Serve) -> None:
    serving = serve("Fine.")
    made = VisionModel.from_server("m", serving.server.url, seed=3)
    assert made.context_window == asyncio.run(VisionModel.afrom_server("m", serving.server.url)).context_window != 3900
    assert VisionModel.from_server("m", serving.server.url, context_window=777).context_window == 777
    assert made.additional_kwargs == {"seed": 3}
    assert made.capabilities().abilities is not None
    made.preload()
    made.unload()
    made.close()


@each_way
def test_notebooks_complete_every_keyword(way: str) -> None:
    shown = list(inspect.signature(getattr(VisionModel("m"), way)).parameters)
    assert shown[:5] == ["question", "pictures", "system", "schema", "earlier"]
    assert set(shown[5:]) == names(AskKeywords)


def test_the_constructor_shows_its_settings() -> None:
    shown = list(inspect.signature(VisionModel).parameters)
    assert shown[:2] == ["model", "host"]
    assert set(shown) == {"model", "host", *names(VisionModelKeywords)}
    assert set(VisionModel.model_fields) < set(shown)


def test_what_it_stands_on_knows_no_llama_index() -> None:
    """A process that asks about a picture has not opened it, nor its instrumentation."""
    program = f"""
import sys
from ollama_embedded import EmbeddedOllama
from ollama_vision import VisionModel
with EmbeddedOllama() as server:
    model = VisionModel("shapes", server.url, temperature=0.0)
    print(model.ask("How many shapes are there?", {str(TWO_SHAPES)!r}).text)
print([name for name in sys.modules if name.startswith("llama_index")])
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    answer, *rest = done.stdout.splitlines()
    assert "2" in answer, done.stderr
    assert rest == ["[]"]
