"""VisionModel's settings compared, and copied with changes."""

from __future__ import annotations

from typing import Any

import pytest

from ollama_vision import ImageOptions, VisionModel
from tests.support.serving import Serve

HERE = "http://here:99"


def test_the_same_settings_are_equal(serve: Serve) -> None:
    serving = serve("Fine.")
    used = VisionModel("m", serving.server.url, seed=3, headers={"X-Key": "a"})
    used.ask("What?")
    same = VisionModel("m", serving.server.url, seed=3, headers={"X-Key": "a"})
    assert used == same
    assert len({used, same}) == 1
    for other in ({}, {"seed": 4}, {"seed": 3}, {"seed": 3, "headers": {"X-Key": "b"}}):
        assert used != VisionModel("m", serving.server.url, **other)
    assert used != "m"


@pytest.mark.parametrize(
    ("update", "hint"),
    [
        ({"temprature": 0.1}, "has no argument 'temprature'. Did you mean 'temperature'?"),
        ({"timeout": 1}, "Did you mean 'request_timeout'?"),
        ({"nonsense": 1}, "VisionModel has no argument 'nonsense'"),
        ({"host": HERE, "base_url": HERE}, "host and base_url are the same thing"),
    ],
)
def test_a_copy_takes_what_the_constructor_takes(update: dict[str, Any], hint: str) -> None:
    with pytest.raises(TypeError) as caught:
        VisionModel("m", HERE).model_copy(update=update)
    assert hint in str(caught.value)


@pytest.mark.parametrize("update", [{"temperature": "warm"}, {"max_retries": -1}, {"host": "ftp://x"}, {"seed": "x"}])
def test_a_copy_checks_values(update: dict[str, Any]) -> None:
    with pytest.raises((ValueError, TypeError), match=r"temperature|max_retries|ftp|seed"):
        VisionModel("m", HERE).model_copy(update=update)


@pytest.mark.parametrize("name", ["host", "base_url"])
def test_a_copy_may_be_of_another_server(name: str) -> None:
    model = VisionModel("m", HERE, seed=3, headers={"X-Key": "a"})
    assert model.model_copy(update={name: "there:1"}) == VisionModel("m", "there:1", seed=3, headers={"X-Key": "a"})
    assert model.model_copy() == model.model_copy(deep=True) == model


@pytest.mark.parametrize(
    "update",
    [
        {"seed": 4},
        {"num_ctx": 4096},
        {"context_window": 4096},
        {"max_tokens": 9},
        {"num_predict": 9},
        {"temperature": 0.5},
        {"image_options": ImageOptions(max_pixels=50_000)},
    ],
)
@pytest.mark.parametrize(
    "before",
    [
        {"seed": 3, "num_predict": 5},
        {"context_window": 512},
        {"num_ctx": 512},
        {"additional_kwargs": {"temperature": 1.0}},
    ],
)
def test_what_a_copy_changes_is_what_is_sent(serve: Serve, before: dict[str, Any], update: dict[str, Any]) -> None:
    """As by an object made so: nothing that was given before wins over it."""
    serving = serve("Fine.", "Fine.")
    VisionModel("m", serving.server.url, **before).model_copy(update=update).ask("What?")
    VisionModel("m", serving.server.url, **update).ask("What?")
    changed, made = (body["options"] for body in serving.bodies[-2:])
    names = {"context_window": "num_ctx", "max_tokens": "num_predict"}
    for name in update.keys() - {"image_options"}:
        assert changed[names.get(name, name)] == made[names.get(name, name)] == update[name]


def test_an_option_that_is_given_wins_over_what_fits(serve: Serve) -> None:
    serving = serve("Fine.")
    VisionModel.from_server("m", serving.server.url, num_ctx=512).ask("What?")
    assert serving.bodies[-1]["options"]["num_ctx"] == 512
