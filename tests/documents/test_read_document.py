"""`read_document`: each page asked about as it looks, asked again where cut, judged by its layer; from Python."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from ollama_embedded import EmbeddedOllama, Reply, Request, ScriptedEngine
from ollama_embedded.scenes import Shape, draw_scene
from ollama_vision import read_document
from ollama_vision.documents.halves import LOWER, UPPER
from ollama_vision.errors import BlindModelError, ImageError, MissingExtraError, RunStoppedError, SecondReaderError
from tests.support.documents import (
    INVOICE,
    LETTER,
    MINUTES,
    TEXTS,
    Reader,
    born_digital,
    inked,
    pdf_with,
    scan_of,
    shown,
    text_page,
)
from tests.support.pdf_files import LOCKED, PASSWORD, page_pdf, picture, standard_font, words

Reading = Callable[..., Any]


@pytest.fixture
def letters(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Three pages with their text."""
    monkeypatch.chdir(tmp_path)
    file = Path("letters.pdf")
    file.write_bytes(born_digital(*TEXTS))
    return file


@pytest.fixture
def served() -> Iterator[Callable[[Any], EmbeddedOllama]]:
    started: list[EmbeddedOllama] = []

    def start(says: Any, **settings: Any) -> EmbeddedOllama:
        started.append(EmbeddedOllama(engine=ScriptedEngine(says, model="m", **settings)).start())
        return started[-1]

    yield start
    for server in started:
        server.close()


def right(letters: Path) -> dict[str, str]:
    return {shown(letters, number): text for number, text in enumerate(TEXTS, 1)}


def test_each_page_is_read_and_agrees(letters: Path, served: Reading) -> None:
    reader = Reader(right(letters))
    document = read_document(letters, "m", served(reader).url)
    assert [(page.page, page.verdict, page.source, page.cer, page.wer) for page in document.pages] == [
        (1, "agrees", "model", 0.0, 0.0),
        (2, "agrees", "model", 0.0, 0.0),
        (3, "agrees", "model", 0.0, 0.0),
    ]
    assert document.markdown == (
        f"<!-- page 1 -->\n\n{LETTER}\n\n<!-- page 2 -->\n\n{MINUTES}\n\n<!-- page 3 -->\n\n{INVOICE}\n"
    )
    first = document.pages[0]
    assert (first.document, first["model"], first.line["usage"]["completion_tokens"] > 0) == ("letters.pdf", "m", True)
    told = (first.model, first.request, first.usage, first.seconds, first.error, first.findings)
    assert told == tuple(first[name] for name in ("model", "request", "usage", "seconds", "error", "findings"))
    assert len(reader.asked) == 3


def test_page_2_read_as_page_1_digits_that_changed_a_line_left_out(letters: Path, served: Reading) -> None:
    says = {
        shown(letters, 1): LETTER.replace("1,250.75", "1,260.75"),
        shown(letters, 2): LETTER,
        shown(letters, 3): INVOICE.replace("Nails 500 pieces 7.25\n", ""),
    }
    pages = read_document(letters, "m", served(Reader(says)).url).pages
    assert pages[0].verdict == "numbers differ"
    assert [(one.layer, one.answer) for one in pages[0].findings] == [("1,250.75", "1,260.75")]
    assert all(page.needs_look for page in pages)
    assert pages[2].verdict == "only in layer"
    assert "Nails" in pages[2].findings[0].layer
    assert pages[0].cer is not None
    assert pages[0].cer == pytest.approx(1 / len(LETTER), rel=1e-9)
    assert pages[0].wer == pytest.approx(1 / len(LETTER.split()), rel=1e-9)
    assert (pages[0].findings[0]["layer"], (pages[1].cer or 0) > 0.02) == ("1,250.75", True)


def test_the_layer_ignored_or_preferred(letters: Path, served: Reading) -> None:
    server = served("Something else.")
    ignored = read_document(letters, "m", server.url, layer="ignore").pages
    assert [(page.verdict, page.text, page.cer) for page in ignored] == [("not compared", "Something else.", None)] * 3
    asked = len(server.asked)
    preferred = read_document(letters, "m", server.url, layer="prefer").pages
    assert [(page.verdict, page.source, page.text) for page in preferred] == [
        ("from layer", "layer", text) for text in TEXTS
    ]
    assert not [request for request in list(server.asked)[asked:] if request.path == "/api/generate"]


def test_an_empty_page_is_not_asked_about(tmp_path: Path, served: Reading) -> None:
    file = tmp_path / "scan.pdf"
    file.write_bytes(scan_of(inked(), Image.new("RGB", (420, 300), "white")))
    reader = Reader({shown(file, 1): "A bar.", shown(file, 2): "All warfare is based on deception."})
    document = read_document(file, "m", served(reader).url)
    assert [(page.verdict, page.text) for page in document.pages] == [("no layer", "A bar."), ("no ink", "")]
    assert document.markdown == "<!-- page 1 -->\n\nA bar.\n\n<!-- page 2 -->\n"
    assert len(reader.asked) == 1


def test_a_cut_answer_is_asked_for_with_more_room(letters: Path, served: Reading) -> None:
    says = right(letters) | {shown(letters, 2): [Reply(MINUTES[:60], done_reason="length"), Reply(MINUTES)]}
    reader = Reader(says)
    pages = read_document(letters, "m", served(reader).url, num_predict=300, jobs=1).pages
    assert [page.verdict for page in pages] == ["agrees"] * 3
    options = [request.options for request in reader.requests]
    rooms = [(each["num_predict"], each["num_ctx"]) for each in options]
    assert rooms == [(300, 8192), (300, 8192), (600, 16384), (300, 8192)]
    assert reader.requests[1].pictures == reader.requests[2].pictures
    asked_twice, once = pages[1].line["usage"], pages[0].line["usage"]
    assert asked_twice["prompt_tokens"] == 2 * once["prompt_tokens"]  # what the cut answer cost counts
    assert asked_twice["completion_tokens"] > len(MINUTES.split())


def test_then_by_halves_of_the_page_with_what_both_have_there_once(letters: Path, served: Reading) -> None:
    lines = MINUTES.split("\n")
    says: dict[str, Any] = {
        shown(letters, 2): Reply(MINUTES[:40], done_reason="length"),
        shown(letters, 2, UPPER): "\n".join([*lines[:3], "It ho"]),
        shown(letters, 2, LOWER): "\n".join(["t for 2027 was", lines[2], *lines[3:]]),
    }
    reader = Reader(says)
    (page,) = read_document(letters, "m", served(reader).url, pages=2).pages
    assert (page.page, page.verdict, page.text, page.cer) == (2, "agrees", MINUTES, 0.0)
    assert len(reader.asked) == 4
    assert page.line["finish_reason"] == "stop"


def test_what_is_still_cut_says_so(letters: Path, served: Reading) -> None:
    document = read_document(letters, "m", served(Reply("Dear Ms Miller,", done_reason="length")).url, pages=1)
    (page,) = document.pages
    assert (page.verdict, page.findings[0].verdict, page.needs_look) == ("cut", "cut", True)
    assert document.markdown.endswith("<!-- cut: the end of this page is missing -->\n")


def test_a_line_that_is_repeated_without_end(tmp_path: Path, served: Reading) -> None:
    file = tmp_path / "scan.pdf"
    file.write_bytes(scan_of(inked()))
    (page,) = read_document(file, "m", served("A line that comes again. " * 60).url).pages
    assert (page.verdict, page.line["finish_reason"], page.line["error"]) == ("repeats", "repetition", None)
    assert any(one.verdict == "repeats" for one in page.findings)


def test_pages_of_which_a_model_says_nothing_stop_no_run(letters: Path, served: Reading, tmp_path: Path) -> None:
    """Photographs, perhaps: seven in a row, of which each needs a look; a page with words was not read."""
    file = tmp_path / "photos.pdf"
    file.write_bytes(scan_of(*(inked(20 * number) for number in range(7))))
    server = served("")
    pages = read_document(file, "m", server.url).pages
    assert [(page.verdict, page.text, page.line["error"]["type"]) for page in pages] == [
        ("failed", "", "EmptyResponseError")
    ] * 7
    (page,) = read_document(letters, "m", server.url, pages=1).pages
    assert (page.verdict, page.line["error"], page.cer) == ("only in layer", None, 1.0)


def test_what_cannot_be_drawn_is_told_and_the_rest_is_read(tmp_path: Path, served: Reading) -> None:
    """Half of a picture beside words: the words are read and agree, and the page needs a look."""
    file = tmp_path / "invoice.pdf"
    broken = picture(b"/Filter /JPXDecode /ColorSpace /DeviceRGB", b"no JPEG 2000")
    resources = b"/Font << /F1 5 0 R >> /XObject << /I 6 0 R >>"
    commands = b"q 64 0 0 64 300 20 cm /I Do Q " + words(b"(Total 44.05)")
    file.write_bytes(page_pdf(commands, resources, *standard_font(b"Helvetica"), broken))
    (page,) = read_document(file, "m", served("Total 44.05").url).pages
    assert (page.verdict, page.text, [one.verdict for one in page.findings]) == (
        "not drawn",
        "Total 44.05",
        ["not drawn"],
    )
    assert "JPXDecode" in (page.findings[0].reason or "")


def test_a_second_reader_confirms_a_scan_or_does_not(tmp_path: Path, served: Reading) -> None:
    file = tmp_path / "scan.pdf"
    file.write_bytes(scan_of(inked(0), inked(90)))
    first, other = shown(file, 1), shown(file, 2)

    def says(request: Request) -> str:
        is_first = fingerprint_of(request) == first
        if request.model.startswith("second"):
            return "Total 44.05 euros" if is_first else "Total 81.20 euros"
        return "Total 44.05 euros" if is_first else "Total 81.30 euros"

    assert first != other
    with EmbeddedOllama(engine=ScriptedEngine(says, model="m"), aliases=("second",)) as server:
        pages = read_document(file, "m", server.url, second="second").pages
        models = [request.body["model"] for request in server.asked if request.path == "/api/generate"]
    assert [page.verdict for page in pages] == ["agrees", "numbers differ"]
    assert pages[1].findings[0].reader == "second"
    assert (pages[1].cer, pages[1]["readers"]["second"]["cer"] > 0) == (None, True)
    assert models == ["second", "second", "m", "m"]  # a server loads each once


def fingerprint_of(request: Request) -> str:
    from tests.support.documents import fingerprint

    return fingerprint(request.pictures[0])


def test_pages_that_are_named(letters: Path, served: Reading) -> None:
    server = served(Reader(right(letters)))
    assert [page.page for page in read_document(letters, "m", server.url, pages=[3, 1]).pages] == [1, 3]
    with pytest.raises(ImageError, match="has only 3 pages, and page 5 was asked for"):
        read_document(letters, "m", server.url, pages=5)
    with pytest.raises(ValueError, match="pages is 0; it must be the number of a page, from 1"):
        read_document(letters, "m", server.url, pages=0)


def test_a_locked_document(tmp_path: Path, served: Reading) -> None:
    file = tmp_path / "locked.pdf"
    file.write_bytes(LOCKED)
    server = served("Locked 42")
    (page,) = read_document(file, "m", server.url, password=PASSWORD).pages
    assert (page.verdict, page.text) == ("agrees", "Locked 42")
    with pytest.raises(ImageError, match="encrypted with a password"):
        read_document(file, "m", server.url)
    assert PASSWORD not in repr(page)


def test_photographs_and_pages_of_a_tiff(tmp_path: Path, served: Reading) -> None:
    inked(0).save(tmp_path / "photo.png")
    inked(0).save(tmp_path / "fax.tiff", save_all=True, append_images=[inked(90)])
    server = served("Words.")
    assert [page.page for page in read_document(tmp_path / "photo.png", "m", server.url).pages] == [1]
    assert [page.page for page in read_document(tmp_path / "fax.tiff", "m", server.url).pages] == [1, 2]


@pytest.mark.parametrize(
    ("model", "prompt"),
    [
        ("deepseek-ocr:3b", "<|grounding|>Convert the document to markdown."),
        ("glm-ocr", "Text Recognition:"),
        ("ibm/granite-docling:258m", "Convert this page to docling."),
        ("gemma3:4b", "Write down this page as Markdown"),
    ],
)
def test_each_family_is_asked_as_it_was_trained(letters: Path, model: str, prompt: str) -> None:
    with EmbeddedOllama(engine=ScriptedEngine(LETTER, model=model)) as server:
        read_document(letters, model, server.url, pages=1)
        read_document(letters, model, server.url, pages=1, prompt="Read it.")
        asked = [request.body["prompt"] for request in server.asked if request.path == "/api/generate"]
    assert asked[0].startswith(prompt)
    assert asked[1] == "Read it."


@pytest.mark.proves_sight
def test_the_shape_on_page_2_is_what_the_demo_model_got(tmp_path: Path, demo_server: EmbeddedOllama) -> None:
    """Fails when the page's picture is not what the model gets: it names the shape that is drawn there."""
    page = draw_scene(Shape("green", "triangle", "middle center"), size=(448, 448))
    first, second, file = io.BytesIO(), io.BytesIO(), tmp_path / "drawn.pdf"
    draw_scene(Shape("blue", "square", "middle center"), size=(448, 448)).save(first, "PNG")
    page.save(second, "PNG")
    with Image.open(first) as one, Image.open(second) as two:
        one.convert("RGB").save(file, "PDF", save_all=True, append_images=[two.convert("RGB")])
    pages = read_document(file, demo_server.model, demo_server.url, prompt="Describe the image.").pages
    assert "blue" in pages[0].text
    assert "square" in pages[0].text
    assert "green" in pages[1].text
    assert "triangle" in pages[1].text


@pytest.mark.proves_sight
def test_a_blind_model_is_told_first(letters: Path) -> None:
    with EmbeddedOllama(blind="black") as server, pytest.raises(BlindModelError):
        read_document(letters, server.model, server.url)


def test_what_is_wrong_is_said_before_anything_is_asked(
    letters: Path, served: Reading, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = served("Nothing.")
    with pytest.raises(ValueError, match="layer is 'chek'; it must be 'check', 'prefer', 'ignore'"):
        read_document(letters, "m", server.url, layer="chek")  # type: ignore[arg-type]
    with pytest.raises(ImageError, match="does not exist"):
        read_document("letter.pdf", "m", server.url)
    Path("web.pdf").write_bytes(b"<!DOCTYPE html><html><body>404 Not Found</body></html>")
    with pytest.raises(ImageError, match="is an HTML page"):
        read_document("web.pdf", "m", server.url)
    with pytest.raises(ImageError, match="is a folder: name one document"):
        read_document(letters.parent, "m", server.url)
    monkeypatch.setenv("PATH", "")
    with pytest.raises(SecondReaderError, match="tesseract is a program that is not installed here"):
        read_document(letters, "m", server.url, second="tesseract")
    monkeypatch.setattr("ollama_vision.documents.runs.is_complete", lambda modules: False)
    with pytest.raises(MissingExtraError, match=r"ollama-vision\[read\]"):
        read_document(letters, "m", server.url)
    assert not server.asked


def test_a_server_that_is_not_there(letters: Path) -> None:
    with pytest.raises(RunStoppedError):
        read_document(letters, "m", "http://127.0.0.1:9")


def test_a_page_whose_commands_draw_nothing_visible(tmp_path: Path, served: Reading) -> None:
    """White letters: the layer has words that nobody sees, and no model is asked to make some up."""
    file = tmp_path / "white.pdf"
    file.write_bytes(pdf_with(b"1 g " + text_page(LETTER)))
    server = served("Never asked.")
    (page,) = read_document(file, "m", server.url).pages
    assert (page.verdict, page.text) == ("only in layer", "")
    assert not [request for request in server.asked if request.path == "/api/generate"]
