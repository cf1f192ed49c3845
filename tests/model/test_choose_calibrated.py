"""Choices whose probabilities are calibrated, and those of the demo model."""

from __future__ import annotations

import base64
import io
import json
import math
from pathlib import Path
from typing import Any

import httpx2
import pytest
from PIL import Image

from ollama_embedded import EmbeddedOllama
from ollama_embedded.scenes import Shape, draw_scene
from tests.support.choosing import YES_NO, choose, each_door, put
from tests.support.serving import Serve
from tests.support.weighed_labels import held


class TestCalibration:
    @staticmethod
    def file(folder: Path, **changes: Any) -> Path:
        fitted = {"temperature": 2.0, "model": "m", "labels": YES_NO, "n": 5, "nll_before": 0.9, "nll_after": 0.5}
        path = folder / "cal.json"
        path.write_text(json.dumps(fitted | changes))
        return path

    @each_door
    def test_it_divides_the_log_weights(self, serve: Serve, door: str, tmp_path: Path) -> None:
        serving = serve(held({"yes": -1.0, "no": -3.0}))
        choice = put(serving, door, calibration=self.file(tmp_path))
        assert (choice.probabilities or {})["yes"] == pytest.approx(1 / (1 + math.exp(-1)))

    @each_door
    @pytest.mark.parametrize(
        ("changes", "words"),
        [
            ({"model": "other"}, "of the model 'other'"),
            ({"labels": ["yes", "unclear"]}, "'yes', 'unclear'"),
            ({"temperature": 0}, "is no calibration"),
            ({"labels": 3}, "is no calibration"),
            ({"more": 1}, "is no calibration"),
        ],
    )
    def test_of_something_else(
        self, serve: Serve, door: str, tmp_path: Path, changes: dict[str, Any], words: str
    ) -> None:
        serving = serve(held({"yes": -1.0, "no": -3.0}))
        with pytest.raises(ValueError, match=words):
            put(serving, door, calibration=self.file(tmp_path, **changes))
        assert not serving.asked

    def test_the_order_of_labels_does_not_matter(self, serve: Serve, tmp_path: Path) -> None:
        serving = serve(held({"yes": -1.0, "no": -3.0}))
        assert put(serving, "choose", ["no", "yes"], calibration=self.file(tmp_path)).label == "yes"

    def test_a_file_that_is_not_there(self, serve: Serve, tmp_path: Path) -> None:
        with pytest.raises(FileNotFoundError):
            put(serve("yes"), "choose", calibration=tmp_path / "none.json")


class TestOnTheDemoModel:
    """Through llama.cpp: what the model believes of a picture, and the same reckoned from raw requests."""

    COLOURS = ("red", "green", "blue", "yellow")

    @each_door
    @pytest.mark.parametrize("colour", ["red", "blue"])
    def test_it_sees_the_picture(self, demo_server: EmbeddedOllama, door: str, colour: Any) -> None:
        picture = draw_scene(Shape(colour, "circle", "middle center"))
        choice = choose(door, demo_server.url, demo_server.model, "What color is the circle?", ["red", "blue"], picture)
        assert choice.label == colour

    def test_probabilities_are_those_of_raw_requests(self, demo_server: EmbeddedOllama) -> None:
        picture = draw_scene(Shape("yellow", "square", "top left"))
        question = "What color is the square?"
        choice = choose("choose", demo_server.url, demo_server.model, question, self.COLOURS, picture)
        by_hand = self._by_hand(demo_server, question, picture)
        assert choice.probabilities is not None
        for colour in self.COLOURS:
            assert choice.probabilities[colour] == pytest.approx(by_hand[colour], abs=0.02)

    def _by_hand(self, server: EmbeddedOllama, question: str, picture: Image.Image) -> dict[str, float]:
        png = io.BytesIO()
        picture.save(png, "PNG")
        logs = {}
        for colour in self.COLOURS:
            body = {
                "model": server.model,
                "prompt": f'{question}\nAnswer with one of: "red", "green", "blue", "yellow".',
                "images": [base64.b64encode(png.getvalue()).decode()],
                "format": {"const": colour},
                "logprobs": True,
                "stream": False,
                "options": {"temperature": 0},
            }
            reply = httpx2.post(f"{server.url}/api/generate", json=body, timeout=60).json()
            logs[colour] = sum(each["logprob"] for each in reply["logprobs"][1:])
        shares = {colour: math.exp(log) for colour, log in logs.items()}
        return {colour: share / sum(shares.values()) for colour, share in shares.items()}
