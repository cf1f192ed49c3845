"""Locked PDFs: opened with their password, which is told to nobody."""

from __future__ import annotations

import io
import pickle
from pathlib import Path

import pytest
from llama_index.core.base.llms.types import DocumentBlock
from PIL import Image
from pydantic import SecretStr

from llama_index.multi_modal_llms.ollama import ImageOptions, OllamaMultiModal
from ollama_vision import VisionModel, describe
from ollama_vision.errors import ImageError
from ollama_vision.pictures import PictureSource, prepare_block
from tests.support.pdf_files import LOCKED, PASSWORD, page_of
from tests.support.serving import Serve

OPENED = ImageOptions(password=SecretStr(PASSWORD))


def test_it_is_opened_with_its_password() -> None:
    with Image.open(io.BytesIO(page_of(LOCKED, OPENED).read())) as drawn:
        assert drawn.convert("RGB").getpixel((drawn.width // 4, drawn.height // 4)) == (255, 0, 0)
    source = PictureSource.of(LOCKED, OPENED)
    assert source.count() == 1


def test_without_it_or_with_another_the_error_says_which() -> None:
    for options, words in (
        (
            ImageOptions(),
            r"is encrypted with a password\. Save it without .*, or give it: ImageOptions\(password=",
        ),
        (ImageOptions(password=SecretStr("guess-7")), r"is not the one that was given\. Give the right one"),
    ):
        with pytest.raises(ImageError, match=words) as caught:
            prepare_block(DocumentBlock(data=LOCKED), options, where="d")
        assert "guess-7" not in str(caught.value)


def test_it_is_told_to_nobody(serve: Serve, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    serving = serve("A rectangle.")
    monkeypatch.chdir(tmp_path)
    Path("a.pdf").write_bytes(LOCKED)
    lines = list(describe("a.pdf", "m", host=serving.server.url, out="results.jsonl", image_options=OPENED))
    assert [(line["text"], line["error"]) for line in lines] == [("A rectangle.", None)]
    llm = OllamaMultiModal(model="m", image_options=OPENED)
    told = [
        repr(OPENED),
        OPENED.model_dump_json(),
        repr(VisionModel("m", image_options=OPENED)),
        repr(llm),
        str(llm.to_dict()),
        *(path.read_text("utf-8") for path in tmp_path.iterdir() if path.suffix != ".pdf"),
        str([request.body for request in serving.asked]),
    ]
    assert len(told) == 8
    assert not [each for each in told if PASSWORD in each]
    assert pickle.loads(pickle.dumps(OPENED)) == OPENED
