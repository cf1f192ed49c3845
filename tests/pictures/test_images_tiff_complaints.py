"""What libtiff says while it decodes becomes the error, or a step, and is not written to the standard error."""

from __future__ import annotations

import io
import threading

import pytest
from PIL import Image

from ollama_vision.errors import ImageError
from ollama_vision.pictures import prepare_image
from ollama_vision.pictures.decoders.tiff import libtiff_errors as complaints
from tests.support.picture_corpus import card, encoded

_NONSENSE = b"\x8a\x55\x33\x8a\x02\x99\x01\xc3"


def damaged(compression: str, at: float = 0.5, mode: str = "RGB", nonsense: bytes = _NONSENSE) -> bytes:
    """A whole file with some bytes within its picture data overwritten."""
    data = bytearray(encoded(card((320, 240)).convert(mode), "TIFF", compression=compression))
    start = 8 + int((len(data) - 300) * at)
    data[start : start + len(nonsense)] = nonsense
    return bytes(data)


@pytest.mark.parametrize(
    ("compression", "mode", "words"),
    [
        ("tiff_lzw", "RGB", r"cannot be decoded: (Using code not yet in table|Not enough data at scanline)"),
        ("tiff_adobe_deflate", "RGB", r"cannot be decoded: Decoding error at scanline \d+, "),
        ("group4", "1", r"cannot be decoded whole: (Bad code word|Uncompressed data \(not supported\)) at line \d+"),
    ],
)
def test_it_is_in_the_error(compression: str, mode: str, words: str, capfd: pytest.CaptureFixture[str]) -> None:
    """Pillow takes the fax for whole: it is right down to the line that the error names, and noise from there on."""
    with pytest.raises(ImageError, match=words) as caught:
        prepare_image(damaged(compression, mode=mode))
    assert "Get the whole file again" in str(caught.value)
    assert "decoder error" not in str(caught.value)
    assert capfd.readouterr().err == ""


def test_a_marker_that_no_jpeg_has(capfd: pytest.CaptureFixture[str]) -> None:
    """Pillow takes it for success, and what follows is grey."""
    data = bytearray(encoded(card((320, 240)), "TIFF", compression="jpeg"))
    scan = data.index(b"\xff\xda")
    data[scan + 1] = 0x09
    with pytest.raises(ImageError, match=r"cannot be decoded.*: Unsupported marker type 0x09"):
        prepare_image(bytes(data))
    assert capfd.readouterr().err == ""


def test_lines_that_a_telephone_line_damaged(capfd: pytest.CaptureFixture[str]) -> None:
    """In G3 the next line is whole again; FFmpeg and ImageMagick show such a fax too."""
    whole = prepare_image(encoded(card((320, 240)).convert("1"), "TIFF", compression="group3"))
    assert not [step for step in whole.steps if "fax" in step]
    said = set()
    for at in range(10, 90):
        # Nine bits that no code word of T.4 begins with.
        fax = damaged("group3", at / 100, "1", b"\x55\x00\xaa")
        said |= {step for step in prepare_image(fax).steps if "fax" in step}
    assert "damaged lines of the fax: 1" in said
    assert capfd.readouterr().err == ""


def test_what_others_cause_meanwhile_is_written_where_it_always_is(capfd: pytest.CaptureFixture[str]) -> None:
    def other() -> None:
        with Image.open(io.BytesIO(damaged("group4", mode="1"))) as image:
            image.load()

    with complaints.complaints() as said:
        thread = threading.Thread(target=other)
        thread.start()
        thread.join()
        assert said == []
    meanwhile = capfd.readouterr().err
    assert meanwhile.startswith("Fax4Decode: ")
    other()
    assert capfd.readouterr().err == meanwhile


def test_several_threads_hear_each_its_own(capfd: pytest.CaptureFixture[str]) -> None:
    barrier = threading.Barrier(3)
    problems: dict[str, set[str]] = {}

    def one(name: str, data: bytes) -> None:
        barrier.wait()
        for _ in range(20):
            try:
                prepare_image(data)
                problems.setdefault(name, set()).add("")
            except ImageError as error:
                problems.setdefault(name, set()).add(str(error).partition(" decoded")[2][:20])

    files = {
        "whole": encoded(card(), "TIFF", compression="tiff_lzw"),
        "fax": damaged("group4", mode="1"),
        "zip": damaged("tiff_adobe_deflate"),
    }
    threads = [threading.Thread(target=one, args=item) for item in files.items()]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert problems["whole"] == {""}
    assert len(problems["fax"]) == len(problems["zip"]) == 1
    assert problems["fax"] != problems["zip"]
    assert capfd.readouterr().err == ""


def test_where_libtiff_is_within_pillow_the_error_has_plain_words(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pillow's wheels for Windows."""
    monkeypatch.setattr(complaints, "_setter", lambda: None)
    with pytest.raises(ImageError, match="cannot be decoded: its picture data are broken"):
        prepare_image(damaged("tiff_adobe_deflate"))
