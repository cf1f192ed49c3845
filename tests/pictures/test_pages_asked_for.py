"""Pages and frames that a file does not have: refused for every kind, before anything is sent."""

from __future__ import annotations

import io
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy
import pytest
from llama_index.core.schema import ImageNode
from PIL import Image

from llama_index.multi_modal_llms.ollama import ImageOptions, PictureReader, prepare_image
from ollama_embedded import EmbeddedOllama, ScriptedEngine, draw_scene
from ollama_vision.errors import ImageError
from ollama_vision.pictures import prepare_documents
from ollama_vision.pictures.source import PictureSource
from tests.support.command_line import CommandLine
from tests.support.dicom_files import dicom
from tests.support.heif_files import sequence
from tests.support.picture_corpus import animation, card, encoded, heic
from tests.support.video_corpus import red_film

ONE = "has one page only, and page 2 was asked for"
FRAMES = r"has frames and no pages, and page 2 was asked for\. Choose its frames: ImageOptions\(frames=4\)"


def several(format_: str) -> bytes:
    return encoded(card(), format_, save_all=True, append_images=[Image.new("RGB", (160, 120), "red")])


def two_in_a_heic() -> bytes:
    """As `heif-enc a.png b.png -o two.heic` makes it; heif-convert takes two out of it."""
    pillow_heif = pytest.importorskip("pillow_heif")
    file, buffer = pillow_heif.from_pillow(card()), io.BytesIO()
    file.add_from_pillow(Image.new("RGB", (160, 120), "red"))
    file.save(buffer, primary_index=0)
    return buffer.getvalue()


def one_frame_dicom() -> bytes:
    pytest.importorskip("pydicom")
    return dicom(bytes(range(16)))


def pdf() -> bytes:
    pytest.importorskip("pypdfium2")
    return encoded(card(), "PDF")


KINDS: dict[str, tuple[Callable[[], Any], str]] = {
    **{name: (partial(encoded, card(), name), ONE) for name in ("JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF", "ICO")},
    **{name: (partial(encoded, card(), name), ONE) for name in ("TGA", "PCX", "SGI")},
    **{f"{name} animation": (partial(animation, name), FRAMES) for name in ("GIF", "WEBP", "PNG", "AVIF")},
    "AVIF": (lambda: encoded(card(), "AVIF"), "is read as one page only, and page 2"),
    "JPEG 2000": (lambda: encoded(card(), "JPEG2000"), "is read as one page only, and page 2"),
    "PNM": (lambda: 2 * encoded(card(), "PPM"), "is read as one page only, and page 2"),
    "MPO": (lambda: several("MPO"), "has 2 pictures, of which the first one alone is read, as page 1, and page 2"),
    "HEIC": (lambda: heic(card()), ONE),
    "two in a HEIC": (two_in_a_heic, "has 2 pictures, of which the primary one alone is read, as page 1, and page 2"),
    "HEIC sequence": (lambda: sequence([card()] * 3), FRAMES),
    "PDF": (pdf, ONE),
    "DICOM": (one_frame_dicom, ONE),
    "pixels": (card, ONE),
    "an array": (lambda: numpy.asarray(card()), ONE),
}


@pytest.fixture(params=KINDS)
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def made(kind: str) -> tuple[Any, str]:
    if "HEIC" in kind:
        pytest.importorskip("pillow_heif")
    make, words = KINDS[kind]
    return make(), words


SECOND = ImageOptions(pages=(2,))


def test_a_page_that_is_not_there_is_refused(kind: str) -> None:
    source, words = made(kind)
    with pytest.raises(ImageError, match=words):
        prepare_documents([source], SECOND)
    original = PictureSource.of(source, SECOND)
    for work in (original.pictures, original.select_pages, lambda: list(original.pages())):
        with pytest.raises(ImageError, match=words):
            work()


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind not in ("pixels", "an array")])
def test_it_is_foretold_of_a_file(kind: str) -> None:
    source, words = made(kind)
    with pytest.raises(ImageError, match=words):
        PictureSource.of(source, SECOND).check_headers()


def test_page_1_is_what_is_sent_unasked(kind: str) -> None:
    source, _ = made(kind)
    unasked = prepare_documents([source], ImageOptions())
    for pages in ((1,), 1, 9):
        chosen = prepare_documents([source], ImageOptions(pages=pages))
        assert [(one.read(), one.page) for one in chosen] == [(one.read(), one.page) for one in unasked], pages
    assert len(unasked) == 1


def test_page_1_twice_is_not_sent_once(kind: str) -> None:
    source, _ = made(kind)
    options = ImageOptions(pages=(1, 1))
    if kind in ("PDF", "TIFF", "DICOM"):
        assert len(prepare_documents([source], options)) == 2
    else:
        with pytest.raises(ImageError, match="and page 1 was asked for"):
            prepare_documents([source], options)


def test_page_1_of_several_is_the_primary_one() -> None:
    for data in (two_in_a_heic(), several("MPO")):
        picture = Image.open(prepare_image(data, ImageOptions(pages=(1,))).open())
        colours = [picture.convert("RGB").getpixel(at) for at in ((20, 20), (140, 20), (20, 100), (140, 100))]
        assert len(set(colours)) == 4, "the card has four colours, the other picture one"


def test_a_video_has_no_page_1_either() -> None:
    for page in (1, 2):
        original = PictureSource.of(red_film(), ImageOptions(pages=(page,)))
        for work in (original.pictures, original.select_pages, original.check_headers):
            with pytest.raises(
                ImageError, match=rf"has frames and no pages, and page {page} .*ImageOptions\(frames=1\)"
            ):
                work()
    with pytest.raises(ImageError, match="has frames and no pages"):
        prepare_documents(red_film(), SECOND)


def test_what_moves_is_taken_by_frames_where_both_are_chosen() -> None:
    both = ImageOptions(pages=(2,), frames=3)
    for source in (red_film(), animation("GIF"), sequence([card()] * 4)):
        assert len(prepare_documents([several("TIFF"), source], both)) == 1 + 3
    with pytest.raises(ImageError, match=ONE):
        prepare_documents([several("TIFF"), card()], both)


def test_frames_are_a_maximum() -> None:
    for source in (card(), encoded(card(), "PNG"), encoded(card(), "GIF")):
        (picture,) = prepare_documents([source], ImageOptions(frames=4))
        assert picture.page is None


def test_one_is_chosen_by_what_it_has() -> None:
    for source, options in ((red_film(), ImageOptions()), (animation("GIF"), ImageOptions(frames=4))):
        with pytest.raises(ImageError, match=r"has \d frames, and .*ImageOptions\(frames=1\)") as told:
            prepare_image(source, options)
        assert "page" not in str(told.value)
        assert prepare_image(source, ImageOptions(frames=1)).page


def test_what_cannot_be_read_is_not_said_to_lack_a_page() -> None:
    with pytest.raises(ImageError, match="cannot be decoded"):
        prepare_image(b"GIF89a", SECOND)


def test_a_page_that_a_reader_drew_is_that_page(tmp_path: Path) -> None:
    pytest.importorskip("pypdfium2")
    (tmp_path / "two.pdf").write_bytes(several("PDF"))
    (node,) = PictureReader(image_options=SECOND).load_data(tmp_path)
    assert node.metadata["page_label"] == "2"
    assert len(prepare_documents([node], SECOND)) == len(PictureSource.of(node, SECOND).pictures()) == 1
    with pytest.raises(ImageError, match=ONE):
        prepare_documents([ImageNode(image=node.image)], SECOND)


def test_a_reader_refuses_a_still_as_it_does_a_short_document(tmp_path: Path) -> None:
    pytest.importorskip("pypdfium2")
    for name, data in (("a.jpg", encoded(card(), "JPEG")), ("b.pdf", pdf()), ("c.tif", encoded(card(), "TIFF"))):
        (tmp_path / name).write_bytes(data)
        reader = PictureReader(image_options=SECOND, on_error="raise")
        with pytest.raises(ImageError, match=ONE):
            reader.load_data(tmp_path / name)
        (file,) = reader.find(tmp_path / name).files
        assert ONE in str(reader.check_headers(file))


@pytest.fixture
def ask(folder: Path, vision: CommandLine) -> CommandLine:
    Path("still.png").write_bytes(encoded(draw_scene("red circle"), "PNG"))
    Path("two.tif").write_bytes(several("TIFF"))
    Path("two.mpo").write_bytes(several("MPO"))
    Path("moving.gif").write_bytes(animation("GIF"))
    return partial(vision, "ask")


@pytest.mark.parametrize(
    ("words", "option"),
    [
        (("still.png", "What?", "--pages", "1"), "--pages is for PDF, TIFF and DICOM files"),
        (("still.png", "moving.gif", "What?", "--pages", "2"), "--pages is for PDF, TIFF and DICOM files"),
        (("two.mpo", "What?", "--pages", "2"), "--pages is for PDF, TIFF and DICOM files"),
        (("still.png", "What?", "--frames", "3"), "--frames is for videos and animations"),
        (("two.tif", "What?", "--frames", "3"), "--frames is for videos and animations"),
    ],
)
def test_ask_refuses_an_option_that_is_for_none_of_the_pictures(
    ask: CommandLine, words: tuple[str, ...], option: str
) -> None:
    with EmbeddedOllama(engine=ScriptedEngine("Red.")) as server:
        outcome = ask(*words, "--host", server.url)
        assert (outcome.code, outcome.out, server.requests) == (2, "", [])
    assert outcome.err == f"Error: {option}, and there is none among the pictures: leave it out.\n"


def test_ask_sends_stills_whole_beside_what_is_chosen_of_others(ask: CommandLine) -> None:
    with EmbeddedOllama(engine=ScriptedEngine("Red.")) as server:
        options = ("--host", server.url, "--pages", "2", "--frames", "3")
        assert ask("still.png", "two.tif", "moving.gif", "What?", *options).code == 0
        missing = ask("still.png", "two.tif", "What?", "--host", server.url, "--pages", "3")
    (asked,) = server.asked
    assert len(asked.pictures) == 1 + 1 + 3
    assert asked.images[1].convert("RGB").getpixel((80, 60))[0] > 240  # type: ignore[index]
    assert (missing.code, missing.err) == (
        1,
        "Error: two.tif has only 2 pages, and page 3 was asked for. Look at --pages.\n",
    )


def test_the_demo_model_sees_the_page_that_was_asked_for(ask: CommandLine, demo_server: EmbeddedOllama) -> None:
    later = [draw_scene("blue star")]
    Path("scan.tif").write_bytes(encoded(draw_scene("red circle"), "TIFF", save_all=True, append_images=later))
    outcome = ask("scan.tif", "Describe the image.", "--host", demo_server.url, "--pages", "2")
    assert outcome.code == 0
    assert "blue" in outcome.out.lower()
    assert "red" not in outcome.out.lower()
