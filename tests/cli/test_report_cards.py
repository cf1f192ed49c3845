"""The cards of a report: what the lines say, beside the pictures that they are about, and never as markup."""

from __future__ import annotations

import base64
import hashlib
import importlib
import io
import json
import os
import sys
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from ollama_embedded import draw_scene
from ollama_vision.cli.report.html import element, json_text
from tests.support.report_pages import cards, draw, line_of, read, report_of, thumbnail, words
from tests.support.result_lines import record

HOSTILE = "</script></style></textarea><img src=x onerror=alert(1)>\"'<!-- &lt;\u202e\0]]>"


def colour(picture: Image.Image, x: float = 0.17, y: float = 0.17) -> tuple[int, ...]:
    pixel = picture.convert("RGB").getpixel((int(x * picture.width), int(y * picture.height)))
    assert isinstance(pixel, tuple)
    return pixel


def is_red(pixel: tuple[int, ...]) -> bool:
    return pixel[0] > 170 and max(pixel[1:]) < 90


def test_a_card_says_what_the_line_says(tmp_path: Path) -> None:
    line = line_of(draw(tmp_path / "a.png"), text="A red circle.\nNothing else.", model="gemma3:4b", seconds=2.04)
    page = report_of(tmp_path, line, title="Night of the 24th")
    assert page.one("title").text == page.one("h1").text == "Night of the 24th"
    card = cards(page)["a.png"]
    assert card.one("div", class_="text").text == "A red circle.\nNothing else."
    assert [words(fact) for fact in card.one("ul", class_="facts").all("li")] == [
        "gemma3:4b",
        "stop",
        "3 tokens",
        "2.0 s",
    ]
    assert is_red(colour(thumbnail(card)))


def test_several_models_share_a_card(tmp_path: Path) -> None:
    draw(tmp_path / "a.png")
    lines = [line_of(tmp_path / "a.png", model=name, text=f"Says {name}.") for name in ("one", "two")]
    card = cards(report_of(tmp_path, *lines))["a.png"]
    answers = card.all("section", class_="answer")
    assert [words(answer.one(class_="text")) for answer in answers] == ["Says one.", "Says two."]
    assert "several" in card["class"]


def test_a_model_asked_in_two_ways_is_told_apart(tmp_path: Path) -> None:
    draw(tmp_path / "a.png")
    lines = [line_of(tmp_path / "a.png", request=name * 10) for name in ("ab", "cd")]
    page = report_of(tmp_path, *lines)
    assert [words(model) for model in page.all("li", class_="model")] == ["m · abababab", "m · cdcdcdcd"]


def test_an_error_keeps_the_text_that_had_come(tmp_path: Path) -> None:
    error = {"type": "AnswerCutError", "message": "The answer was cut."}
    line = line_of(draw(tmp_path / "a.png"), text="A red", error=error, finish_reason="length")
    card = cards(report_of(tmp_path, line))["a.png"]
    assert words(card.one(class_="error")) == "Failed AnswerCutError The answer was cut."
    assert words(card.one(class_="text")) == "A red"
    assert words(card.one("li", class_="warn")) == "length"


def test_fields_are_a_table_and_not_said_twice(tmp_path: Path) -> None:
    fields = {"count": 2, "shapes": [{"kind": "star"}, {"kind": "cross"}], "tags": ["a", "b"], "note": None, "": {}}
    draw(tmp_path / "a.png")
    said = cards(report_of(tmp_path, line_of(tmp_path / "a.png", fields=fields, text=json.dumps(fields))))["a.png"]
    assert said.all(class_="text") == []
    table = said.one(class_="fields")
    assert [cell.text for cell in table.all("th", scope="row")] == ["count", "shapes", "tags", "note", ""]
    assert [cell.text for cell in table.all("th", scope="col")] == ["kind"]
    assert words(table) == "count2shapeskindstarcrosstagsabnotenull{}"
    otherwise = cards(report_of(tmp_path, line_of(tmp_path / "a.png", fields=fields, text="Two shapes.")))["a.png"]
    assert words(otherwise.one(class_="text")) == "Two shapes."


def test_thumbnails_are_small_upright_and_without_what_cameras_write(tmp_path: Path) -> None:
    picture = draw_scene("red circle", size=(640, 400))
    exif = Image.Exif()
    exif[0x0112] = 6
    exif[0x010F] = "A camera"
    picture.transpose(Image.Transpose.ROTATE_90).save(tmp_path / "a.jpg", exif=exif)
    draw_scene("red circle", size=(100, 80)).save(tmp_path / "small.jpg", exif=exif)
    page = cards(report_of(tmp_path, line_of(tmp_path / "a.jpg"), line_of(tmp_path / "small.jpg")))
    large = thumbnail(page["a.jpg"])
    assert (large.width > large.height, large.width * large.height <= 60_000) == (True, True)
    assert is_red(colour(large))
    for card in page.values():
        assert b"A camera" not in base64.b64decode(card.one("img")["src"].partition(",")[2])
    assert thumbnail(page["small.jpg"]).size == (80, 100)


@pytest.mark.parametrize("name", ["a.pdf", "a.tiff", "a.gif", "a.mp4"])
def test_each_page_and_frame_has_its_own_thumbnail(tmp_path: Path, name: str) -> None:
    scenes = [draw_scene(shape) for shape in ("red circle", "blue square")]
    if name == "a.mp4":
        film(tmp_path / name, scenes)
    else:
        scenes[0].save(tmp_path / name, save_all=True, append_images=scenes[1:])
    more: dict[int, Any] = {1: {"seconds_in_video": 0.5}, 2: {"seconds_in_video": 1.5}} if name == "a.mp4" else {}
    lines = [line_of(tmp_path / name, page=number, pages=2, **more.get(number, {})) for number in (1, 2, 9)]
    first, second, beyond = report_of(tmp_path, *lines).all("article")
    assert is_red(colour(thumbnail(first)))
    assert colour(thumbnail(second))[2] > 170
    # No browser shows these as the picture that they are about.
    assert "data-full" not in second.one("button").attributes
    assert second.one("button")["data-file"] == f"./{name}#page=2"
    assert words(first.one(class_="place")) == ("frame 1 of 2, at 0.5 s" if more else "page 1 of 2")
    if name != "a.mp4":
        assert words(beyond.one(class_="none")) == f"No thumbnail: {name} has no page 9."


def film(path: Path, scenes: list[Image.Image]) -> None:
    """A second of each."""
    av: Any = importlib.import_module("av")
    with av.open(str(path), "w") as container:
        stream = container.add_stream("mpeg4", rate=10)
        stream.width, stream.height = scenes[0].size
        for scene in scenes:
            frame = av.VideoFrame.from_image(scene)
            for _ in range(10):
                container.mux(stream.encode(frame))
        container.mux(stream.encode())


def test_pages_asked_about_together_show_the_first(tmp_path: Path) -> None:
    pages = [draw_scene(shape) for shape in ("red circle", "blue square")]
    pages[0].save(tmp_path / "a.pdf", save_all=True, append_images=pages[1:])
    card = cards(report_of(tmp_path, line_of(tmp_path / "a.pdf", pages=2)))["a.pdf"]
    assert words(card.one(class_="place")) == "2 pages together"
    assert is_red(colour(thumbnail(card)))


def test_a_picture_that_is_gone_changed_or_broken_has_a_card_that_says_so(tmp_path: Path) -> None:
    for name in ("good", "gone", "changed", "grown", "moved"):
        draw(tmp_path / f"{name}.png")
    (tmp_path / "broken.png").write_bytes((tmp_path / "good.png").read_bytes()[:300])
    digest = hashlib.sha256((tmp_path / "moved.png").read_bytes()).hexdigest()
    lines = [line_of(file, sha256=digest if file.stem == "moved" else "") for file in sorted(tmp_path.glob("*.png"))]
    (tmp_path / "gone.png").unlink()
    for name in ("changed", "moved"):
        os.utime(tmp_path / f"{name}.png", (0, 0))
    (tmp_path / "grown.png").write_bytes((tmp_path / "good.png").read_bytes() + b" ")
    page = report_of(tmp_path, *lines, record("../\0.png"), record("http://127.0.0.1:9/a.png"))
    said = {
        path: words(none[0]) if (none := card.all("div", class_="none")) else "shown"
        for path, card in cards(page).items()
    }
    broken = said.pop("broken.png")
    assert broken.startswith("No thumbnail: ")
    assert str(tmp_path) not in broken, "a report is passed on"
    assert said.pop("../\0.png")
    assert said == {
        "good.png": "shown",
        # Another date, the same bytes.
        "moved.png": "shown",
        "gone.png": "The picture is not there any more.",
        "http://127.0.0.1:9/a.png": "The picture is not there any more.",
        "changed.png": "The picture has changed since it was asked about.",
        "grown.png": "The picture has changed since it was asked about.",
    }
    notes = page.one(class_="notes").text
    assert "3 pictures are not there any more" in notes
    assert "2 pictures are another one now" in notes
    assert "without a thumbnail" in notes


def test_no_text_becomes_markup(tmp_path: Path) -> None:
    def lines(text: str, name: str) -> list[dict[str, Any]]:
        fields = {text: text, "list": [{text: text}, {text: 1}], "deep": {"a": {"b": {"c": [text]}}}}
        more: dict[str, Any] = {
            "model": text,
            "request": text,
            "finish_reason": text,
            "usage": {"total_tokens": 1, text: 2},
        }
        return [
            line_of(tmp_path / name, text=text, fields=fields, **more),
            line_of(tmp_path / name, text=text, error={"type": text, "message": text}, **{**more, "request": "other"}),
            line_of(tmp_path / name, path=text, page=1, pages=2, **more),
        ]

    # A name may hold all but / and zero on Linux, and much less on Windows.
    name = HOSTILE.replace("/", "").replace("\0", "") + ".png" if sys.platform == "linux" else "'&.png"
    draw(tmp_path / name)
    draw(tmp_path / "zzz.png")
    ways: tuple[dict[str, Any], ...] = ({}, {"many": 1})
    for more in ways:
        plain = report_of(tmp_path, *lines("harmless", "zzz.png"), title="harmless", **more)
        plain_page = read(tmp_path / "report_pages/0001.html") if more else plain
        hostile = report_of(tmp_path, *lines(HOSTILE, name), title=HOSTILE, **more)
        hostile_page = read(tmp_path / "report_pages/0001.html") if more else hostile
        assert hostile.skeleton == plain.skeleton
        assert sorted(map(str, hostile_page.skeleton)) == sorted(map(str, plain_page.skeleton))
        assert hostile_page.text.count("onerror=alert(1)") > 15
        assert len(hostile.all("script")) == len(plain.all("script"))
    rows = json.loads(hostile.one("script", id="index").text)["rows"]
    assert HOSTILE in [row[2] for row in rows]


def test_only_text_that_this_file_made_is_markup() -> None:
    made = element("p", "<b>", element("i", "&"), class_='"><script>', hidden=True, title=None)
    # In a script, <!-- and <script together would keep </script> from ending it.
    assert not set("<>&") & set(json_text(HOSTILE))
    assert made == '<p class="&quot;&gt;&lt;script&gt;" hidden>&lt;b&gt;<i>&amp;</i></p>'


def test_links_lead_to_files_with_any_name(tmp_path: Path) -> None:
    name = "50% #1? ä\u0301 'javascript:.png"
    (tmp_path / "sub folder").mkdir()
    file = draw(tmp_path / "sub folder" / name)
    card = cards(report_of(tmp_path, line_of(file, path=f"sub folder/{name}")))[f"sub folder/{name}"]
    link = card.one("button")["data-full"]
    assert link.startswith("./sub%20folder/50%25%20%231%3F")
    from urllib.parse import unquote

    assert (tmp_path / unquote(link)).is_file()


@pytest.mark.skipif(sys.platform != "linux", reason="needs Linux: elsewhere names of files are text")
def test_a_name_that_is_no_text_is_shown_and_found(tmp_path: Path) -> None:
    name = os.fsdecode(b"caf\xe9.png")
    draw(tmp_path / "a.png").rename(tmp_path / name)
    card = report_of(tmp_path, line_of(tmp_path / name)).one("article")
    assert is_red(colour(thumbnail(card)))
    assert card.one("button")["data-full"] == "./caf%E9.png"
    assert (tmp_path / "report.html").read_text(encoding="utf-8")


def test_what_is_read_is_the_thumbnail_alone(tmp_path: Path) -> None:
    """A motion photo's film, or whatever follows a picture in its file, does not come along."""
    out = io.BytesIO()
    draw_scene("red circle", size=(100, 100)).save(out, "JPEG")
    (tmp_path / "a.jpg").write_bytes(out.getvalue() + b"film" * 100_000)
    report_of(tmp_path, line_of(tmp_path / "a.jpg"))
    assert (tmp_path / "report.html").stat().st_size < 60_000
