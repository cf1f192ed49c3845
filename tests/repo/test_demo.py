"""`make demo`: every picture that ships is described, and described right."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest
from PIL import Image

import draw_pictures
from llama_index.multi_modal_llms.ollama import OllamaMultiModal
from ollama_embedded.scenes import COLOURS, KINDS

EXAMPLES = Path(draw_pictures.__file__).parent
PICTURES = EXAMPLES / "pictures"
TRUTH: dict[str, list[dict[str, str]]] = json.loads((PICTURES / "truth.json").read_text(encoding="utf-8"))


def words(text: str, known: object) -> Counter[str]:
    """How often each known word is in a text: a model may build other sentences, but names what it sees."""
    assert isinstance(known, dict | tuple)
    return Counter(word for word in re.findall(r"[a-z]+", text.lower()) if word in known)


@pytest.fixture(scope="module")
def shown() -> str:
    """What the demo prints, run as `make demo` runs it, from another folder."""
    done = subprocess.run(
        [sys.executable, EXAMPLES / "demo.py"], cwd="/", capture_output=True, text=True, timeout=120, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


@pytest.mark.parametrize("name", TRUTH)
def test_each_picture_is_described_right(shown: str, name: str) -> None:
    _, _, rest = shown.partition(f"\n{name} ")
    description = rest.split("\n")[1]
    assert words(description, COLOURS) == Counter(shape["color"] for shape in TRUTH[name])
    assert words(description, KINDS) == Counter(shape["shape"] for shape in TRUTH[name])


def test_it_says_what_the_demo_model_can_and_cannot_do(shown: str) -> None:
    _, _, about = shown.partition("The demo model ")
    assert "can tell" in about
    assert "cannot tell" in about


@pytest.mark.parametrize("name", TRUTH)
def test_shapes_are_counted_right(demo: OllamaMultiModal, name: str) -> None:
    answer = demo.complete("How many shapes are there?", image_documents=[PICTURES / name])
    assert re.findall(r"\d+", answer.text) == [str(len(TRUTH[name]))]


def test_the_picture_that_lies_on_its_side_is_seen_upright(demo: OllamaMultiModal) -> None:
    """As it is stored, the red square is at the bottom left."""
    answer = demo.complete("What is at the bottom left?", image_documents=[PICTURES / "turned-by-exif.jpg"])
    assert words(answer.text, COLOURS) == {"blue": 1}
    assert words(answer.text, KINDS) == {"star": 1}


def test_the_truth_is_what_was_drawn(tmp_path: Path) -> None:
    drawn = draw_pictures.draw_all(tmp_path)
    assert drawn == TRUTH
    for name in TRUTH:
        with Image.open(tmp_path / name) as again, Image.open(PICTURES / name) as kept:
            assert again.tobytes() == kept.tobytes(), name
    assert {file.name for file in PICTURES.iterdir()} == {*TRUTH, "truth.json"}


def test_pictures_come_in_all_the_forms_that_matter() -> None:
    assert len(TRUTH) >= 8
    formats = set()
    for name in TRUTH:
        with Image.open(PICTURES / name) as image:
            formats.add(image.format)
    assert formats == {"PNG", "JPEG", "WEBP"}
    with Image.open(PICTURES / "large.jpg") as large:
        assert large.width * large.height >= 12_000_000
    with Image.open(PICTURES / "turned-by-exif.jpg") as turned:
        assert turned.getexif()[draw_pictures.ORIENTATION] == draw_pictures.TURN_RIGHT
        assert turned.width > turned.height
