"""`choose` on a real Ollama, recorded: its probabilities are those of the raw entries, and the embedded server's."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Iterator

import pytest

from ollama_embedded import EmbeddedOllama
from ollama_embedded.embedded import DEMO_MODEL
from ollama_vision import VisionModel
from tests.support.recorded import CHOOSING

CASES = {
    "choose-red-circle": ("What color is the circle?", ["red", "blue", "green"], "red-circle.png"),
    "choose-two-shapes": ("Is there a circle?", ["yes", "no"], "two-shapes.png"),
    # Of more than a quarter megapixel, and in part unsure: what the embedded server makes of a JPEG itself.
    "choose-large-scene": (
        "What color is the circle?",
        ["red", "orange", "purple", "red and orange"],
        "large-scene.jpg",
    ),
}
RECORDED_WITH = "11f9ed4c986dd81dd02bd42c7db1e957012c8edb445c82ded4b54368791b5786"
"""SHA-256 of the demo model's weights when this was recorded."""
NEAR = 0.02


def by_hand(name: str) -> dict[str, float]:
    """What the recorded log probabilities come to, label for label: tokens behind the opening quote, normalised."""
    sums: dict[str, float] = {}
    for file in sorted(CHOOSING.glob(f"{name}-*.json")):
        exchange = json.loads(file.read_text(encoding="utf-8"))
        lines = [json.loads(line) for line in "".join(text for _, text in exchange["response"]["chunks"]).splitlines()]
        entries = [entry for line in lines for entry in line.get("logprobs", ())]
        assert lines[-1]["eval_count"] == len(entries) + 1, "none is lost"
        assert entries[0]["token"] == '"'
        label = exchange["request"]["body"]["format"]["const"]
        assert json.loads("".join(line["response"] for line in lines)) == label
        sums[label] = sum(entry["logprob"] for entry in entries[1:])
    highest = max(sums.values())
    shares = {label: math.exp(each - highest) for label, each in sums.items()}
    return {label: each / sum(shares.values()) for label, each in shares.items()}


@pytest.fixture(scope="module")
def replayed() -> Iterator[EmbeddedOllama]:
    with EmbeddedOllama(replay=CHOOSING) as server:
        yield server
        assert server.unmatched == []


@pytest.mark.parametrize("name", CASES)
def test_the_probabilities_are_those_of_the_recorded_entries(name: str, replayed: EmbeddedOllama) -> None:
    question, labels, picture = CASES[name]
    model = VisionModel("shapes", replayed.url, check_capabilities=False)
    choice = model.choose(question, labels, CHOOSING / "pictures" / picture)
    expected = by_hand(name)
    assert list(expected) == labels
    assert choice.probabilities == pytest.approx(expected, abs=1e-9)
    assert choice.label == max(expected, key=expected.__getitem__)
    assert choice.requests == len(labels)


@pytest.mark.parametrize("name", CASES)
def test_the_embedded_server_is_as_sure_as_the_real_one(name: str, demo_server: EmbeddedOllama) -> None:
    """Recorded 2026-11-30: equal for the PNGs, .002 apart for the JPEG, which two decoders read."""
    if hashlib.sha256(DEMO_MODEL.read_bytes()).hexdigest() != RECORDED_WITH:
        pytest.skip("recorded with another demo model")
    question, labels, picture = CASES[name]
    choice = VisionModel("shapes", demo_server.url).choose(question, labels, CHOOSING / "pictures" / picture)
    assert choice.probabilities == pytest.approx(by_hand(name), abs=NEAR)
