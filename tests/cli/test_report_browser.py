"""The report, as a person uses it: in Chromium, from disk, with nothing said on its console and nothing sent."""

from __future__ import annotations

import importlib
import json
import os
import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from ollama_embedded import draw_scene
from ollama_vision.cli.report import make_report
from tests.support.documents import TEXTS, born_digital
from tests.support.picture_corpus import card
from tests.support.report_pages import copies, line_of, write
from tests.support.result_lines import FAILED

pytestmark = pytest.mark.browser

SIZES = pytest.mark.parametrize("reported", [10, 200], indirect=True)
DARK = "rgb(20, 23, 26)"
LIGHT = "rgb(246, 246, 243)"


@pytest.fixture(scope="module")
def chromium() -> Iterator[Any]:
    """Debian's, or the one that CHROMIUM names."""
    where = os.environ.get("CHROMIUM") or shutil.which("chromium")
    assert where, "These tests drive Chromium: apt-get install chromium, or name another with CHROMIUM=/path."
    playwright: Any = importlib.import_module("playwright.sync_api")
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=where, args=["--disable-gpu", "--disable-quic"])
        yield browser
        browser.close()


@dataclass
class Seen:
    """A page, and what happened behind it."""

    page: Any
    complaints: list[str] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)

    def __call__(self, selector: str) -> Any:
        return self.page.locator(selector)

    def cards(self) -> list[str]:
        """The names on the cards that can be seen."""
        texts: list[str] = self(".card:visible .path").all_text_contents()
        return [text.strip() for text in texts]

    def shows_large(self, source: str, *, whole: bool = True) -> None:
        """Wait for the large picture, the whole one or its thumbnail.

        Asked from outside the page: `wait_for_function` runs `eval` in it, which the page's own policy forbids.
        """
        expect = importlib.import_module("playwright.sync_api").expect
        large = expect(self("#large"))
        large.to_have_attribute("src", re.compile(source), timeout=20_000)
        large.to_have_js_property("complete", True, timeout=20_000)
        if whole:
            large.to_have_js_property("naturalWidth", 640, timeout=20_000)
        else:
            large.not_to_have_js_property("naturalWidth", 0, timeout=20_000)

    def ground(self) -> str:
        colour: str = self.page.evaluate("getComputedStyle(document.body).backgroundColor")
        return colour


class Reported:
    """A report of so many pictures: 3 failed, 5 has fields, 6 a long text, 7 another model's answer too."""

    def __init__(self, folder: Path, count: int, *, many: int = 2000) -> None:
        self.files = copies(folder, count, draw_scene("red circle", size=(640, 480)))
        lines = []
        for number, file in enumerate(self.files, start=1):
            text = f"A red circle, number-{number}."
            said: dict[str, Any] = {"text": text, "model": "gemma3:4b"}
            said.update({3: FAILED, 5: {"fields": {"animal": "Zebra"}}, 6: {"text": text * 200}}.get(number, {}))
            lines.append(line_of(file, **said))
            if number == 7:
                lines.append(line_of(file, text="Ein roter Kreis.", model="qwen2.5vl:7b"))
        self.report = make_report(write(folder, *lines), folder / "report.html", root=folder, many=many, page=10).report


@pytest.fixture
def reported(request: pytest.FixtureRequest, tmp_path: Path) -> Reported:
    return Reported(tmp_path, request.param)


@pytest.fixture
def seen(chromium: Any) -> Iterator[Seen]:
    """A window; at its end nothing may have been complained of, and nothing may have left."""
    context = chromium.new_context(color_scheme="light", viewport={"width": 1280, "height": 900})
    seen = Seen(context.new_page())
    seen.page.set_default_timeout(20_000)
    seen.page.on("console", lambda message: seen.complaints.append(message.text))
    seen.page.on("pageerror", lambda error: seen.complaints.append(str(error)))
    seen.page.on("request", lambda request: seen.requests.append(request.url))
    yield seen
    assert seen.complaints == []
    assert [url for url in seen.requests if not url.startswith(("file:", "data:"))] == []
    context.close()


def open_in(seen: Seen, report: Path) -> None:
    seen.page.goto(report.as_uri())
    assert seen("#filter").is_visible()


@SIZES
def test_the_filter_narrows(seen: Seen, reported: Reported) -> None:
    open_in(seen, reported.report)
    count = len(reported.files)
    assert len(seen.cards()) == count
    assert seen("#count").text_content() == f"{count} pictures"
    for typed, left in [
        ("number-4. red", ["4.png"]),
        ("7.PNG kreis", ["7.png"]),
        ("zebra", ["5.png"]),
        ("animal", ["5.png"]),
        ("it is cut", ["3.png"]),
        ("qwen2.5", ["7.png"]),
        ("no such thing", []),
    ]:
        seen("#filter").fill(typed)
        assert seen.cards() == left, typed
        assert seen("#count").text_content() == f"{len(left)} of {count} pictures"
        assert seen("#nothing").is_visible() == (not left)
    seen("#clear").click()
    assert len(seen.cards()) == count
    assert seen.page.evaluate("document.activeElement.id") == "filter"


@SIZES
def test_only_errors_and_only_one_model(seen: Seen, reported: Reported) -> None:
    open_in(seen, reported.report)
    seen.page.get_by_label("Only errors").click()
    assert seen.cards() == ["3.png"]
    seen.page.get_by_label("Only errors").click()
    seen.page.get_by_label("gemma3:4b").click()
    assert seen.cards() == ["7.png"]
    assert seen(".answer:visible .text").all_text_contents() == ["Ein roter Kreis."]


@SIZES
def test_the_failures_lead_to_their_cards(seen: Seen, reported: Reported) -> None:
    open_in(seen, reported.report)
    seen("#filter").fill("zebra")
    seen("#failures a").click()
    card = seen("#p3")
    assert card.is_visible()
    top = card.evaluate("element => element.getBoundingClientRect().top")
    assert 0 <= top < 900
    assert "ImageError" in card.text_content()


@SIZES
def test_a_picture_opens_larger(seen: Seen, reported: Reported) -> None:
    open_in(seen, reported.report)
    seen("#p2 button.thumb").focus()
    seen.page.keyboard.press("Enter")
    assert seen("#viewer").is_visible()
    seen.shows_large(r"\b2\.png$")
    assert seen("#caption").text_content().strip() == "2.png"
    seen.page.keyboard.press("ArrowRight")
    seen.shows_large(r"\b3\.png$")
    seen("#before").click()
    seen.shows_large(r"\b2\.png$")
    seen.page.keyboard.press("Escape")
    assert not seen("#viewer").is_visible()
    assert seen.page.evaluate("document.activeElement.closest('.card').id") == "p2"


@pytest.mark.parametrize("size", [(1600, 1200), (300, 200), (400, 2000)])
def test_boxes_lie_on_the_picture_small_and_large(seen: Seen, tmp_path: Path, size: tuple[int, int]) -> None:
    card(size).save(tmp_path / "card.png")
    mapping = {"original_size": size, "orientation": 1, "content_size": size, "sent_size": size}
    frame = {"size": size, "content": [0, 0, *size], "convention": "model pixels"}
    said: dict[str, Any] = {"pictures": [{"mapping": mapping, "frame": frame}]}
    right_below = json.dumps({"bbox_2d": [size[0] // 2, size[1] // 2, *size], "label": "light"})
    lines = [line_of(tmp_path / "card.png", text=right_below, model="a", **said)]
    lines.append(line_of(tmp_path / "card.png", text="Nothing.", model="b"))
    open_in(seen, make_report(write(tmp_path, *lines), tmp_path / "report.html", root=tmp_path).report)

    def off(box: str, picture: str) -> float:
        """By how many pixels the box is not around the picture's right lower quarter."""
        inner, outer = seen(box).bounding_box(), seen(picture).bounding_box()
        right, below = outer["x"] + outer["width"], outer["y"] + outer["height"]
        wanted = (outer["x"] + outer["width"] / 2, outer["y"] + outer["height"] / 2, right, below)
        found = (inner["x"], inner["y"], inner["x"] + inner["width"], inner["y"] + inner["height"])
        return max(float(abs(one - other)) for one, other in zip(wanted, found, strict=True))

    assert off(".thumb .boxes rect", ".thumb img") <= 3  # lines have a breadth
    assert not seen(".thumb .boxes text").is_visible()
    seen("button.thumb").click()
    seen.shows_large(r"card\.png$", whole=False)
    assert off("#stage .boxes rect", "#large") <= 3
    assert seen("#stage .boxes text").is_visible()
    seen("#stage").click(position={"x": 3, "y": 3})
    assert not seen("#viewer").is_visible()
    # With its answer the filter hides them.
    seen.page.get_by_label("a", exact=True).click()
    assert not seen(".thumb .boxes rect").is_visible()


@SIZES
def test_a_picture_that_went_away_since_opens_as_its_thumbnail(seen: Seen, reported: Reported) -> None:
    open_in(seen, reported.report)
    reported.files[1].unlink()
    seen("#p2 button.thumb").click()
    seen.shows_large("^data:", whole=False)
    # The one thing that is complained of, and the reason for the thumbnail.
    (complaint,) = seen.complaints
    assert "ERR_FILE_NOT_FOUND" in complaint
    seen.complaints.clear()


def _ground_loaded_again(seen: Seen) -> str:
    seen.page.reload()
    return seen.ground()


@SIZES
def test_dark_and_light(seen: Seen, reported: Reported) -> None:
    open_in(seen, reported.report)
    assert seen.ground() == LIGHT
    seen.page.emulate_media(color_scheme="dark")
    assert seen.ground() == DARK
    seen("#theme").click()
    assert seen.ground() == LIGHT
    # Chromium keeps what a page stores a moment later, and what is loaded again before that does not find it.
    assert LIGHT in (_ground_loaded_again(seen) for _ in range(50))
    seen("#theme").click()
    assert seen.ground() == DARK
    seen.page.emulate_media(color_scheme="light")
    # What was chosen again is what the system says: from now on, it decides.
    assert seen.ground() == LIGHT
    seen.page.emulate_media(media="print", color_scheme="dark")
    assert not seen("#filter").is_visible()
    assert seen.ground() == "rgb(255, 255, 255)"


@SIZES
def test_a_long_text_is_folded(seen: Seen, reported: Reported) -> None:
    open_in(seen, reported.report)
    text = seen("#p6 .text")
    folded = text.evaluate("element => element.clientHeight < element.scrollHeight")
    seen("#p6 .more").click()
    assert folded
    assert text.evaluate("element => element.clientHeight === element.scrollHeight")
    assert seen("#p6 .more").get_attribute("aria-expanded") == "true"


@SIZES
def test_it_fits_on_a_phone(seen: Seen, reported: Reported) -> None:
    seen.page.set_viewport_size({"width": 360, "height": 740})
    open_in(seen, reported.report)
    assert seen.page.evaluate("document.documentElement.scrollWidth") == 360
    assert len(seen.cards()) == len(reported.files)


def test_the_index_finds_a_picture_on_any_page(seen: Seen, tmp_path: Path) -> None:
    reported = Reported(tmp_path, 25, many=20)
    open_in(seen, reported.report)
    assert seen("#pages a").count() == 3
    assert seen("#failures a").get_attribute("href") == "report_pages/0001.html#p3"
    seen.page.get_by_label("Only errors").click()
    assert seen("#found a").all_text_contents() == ["3.png"]
    seen.page.get_by_label("Only errors").click()
    assert not seen("#found").is_visible()
    seen("#filter").fill("circle number-23.")
    assert seen("#count").text_content() == "1 of 25 pictures"
    seen("#found a").click()
    assert seen.page.url.endswith("/report_pages/0003.html#p23")
    assert seen(".card:target .path").text_content().strip() == "23.png"
    seen("#p23 button.thumb").click()
    seen.shows_large(r"\.png$")
    seen("#close").click()
    seen("header >> text=← Previous").click()
    assert len(seen.cards()) == 10
    seen("h1 a").click()
    seen("#filter").fill("nothing of the kind")
    assert seen("#nothing").is_visible()


def test_a_strangers_text_is_text(seen: Seen, tmp_path: Path) -> None:
    attack = "</script><script>document.title='taken'</script><img src=x onerror=\"document.title='taken'\">"
    (file,) = copies(tmp_path, 1, draw_scene("red circle"))
    error = {"type": attack, "message": attack}
    line = line_of(file, text=attack, fields={attack: attack}, error=error, model=attack, finish_reason=attack)
    results = write(tmp_path, line)
    for many in (2000, 1):
        made = make_report(results, tmp_path / "report.html", root=tmp_path, title=attack, many=many)
        open_in(seen, made.report)
        seen("#filter").fill("onerror")
        assert seen.page.title() == attack
        assert seen("#found a, .card:visible").count() == 1


def test_pictures_near_a_threshold_come_first(seen: Seen, tmp_path: Path) -> None:
    """Labels with probabilities: a slider, how many are above it, and the doubtful ones to the front."""
    shares = (0.95, 0.45, 0.1, 0.8)
    files = copies(tmp_path, len(shares), draw_scene("red circle"))
    lines = [
        line_of(file, text="yes", choice={"label": "yes", "probabilities": {"yes": share, "no": 1 - share}})
        for file, share in zip(files, shares, strict=True)
    ]
    open_in(seen, make_report(write(tmp_path, *lines), tmp_path / "report.html", root=tmp_path).report)
    assert seen("#share option").all_text_contents() == ["yes", "no"]
    assert seen("#above").text_content() == "2 at or above, 2 below"
    seen("#order").select_option("near")
    assert seen.cards() == ["2.png", "4.png", "3.png", "1.png"]
    seen("#threshold").fill("0.9")
    assert seen("#above").text_content() == "1 at or above, 3 below"
    assert seen.cards() == ["1.png", "4.png", "2.png", "3.png"]
    seen("#order").select_option("most")
    seen("#share").select_option("no")
    assert seen.cards() == ["3.png", "2.png", "4.png", "1.png"]
    seen("#order").select_option("name")
    assert seen.cards() == ["1.png", "2.png", "3.png", "4.png"]


def test_without_probabilities_there_is_no_slider(seen: Seen, tmp_path: Path) -> None:
    (file,) = copies(tmp_path, 1, draw_scene("red circle"))
    open_in(seen, make_report(write(tmp_path, line_of(file)), tmp_path / "report.html", root=tmp_path).report)
    assert not seen("#shares").is_visible()


def test_of_pages_that_were_read_only_what_needs_a_look(seen: Seen, tmp_path: Path) -> None:
    file = tmp_path / "a.pdf"
    file.write_bytes(born_digital(*TEXTS[:2]))
    numbers = {"verdict": "numbers differ", "layer": "48,900", "answer": "49,800"}
    wrong = TEXTS[1].replace("48,900", "49,800")
    right: dict[str, Any] = {"page": 1, "text": TEXTS[0], "verdict": "agrees", "findings": []}
    lines = [right, {"page": 2, "text": wrong, "verdict": "numbers differ", "findings": [numbers]}]
    results = write(tmp_path, *(line_of(file, pages=2, document="a.pdf", source="model", **line) for line in lines))
    open_in(seen, make_report(results, tmp_path / "report.html", root=tmp_path).report)
    assert seen(".card:visible").count() == 2
    seen("label:has(#only-looks)").click()
    assert seen(".card:visible").count() == 1
    assert seen(".card:visible mark").inner_text() == "49,800"
    box = seen(".card:visible .thumb img").bounding_box()
    assert box["width"] > 400  # its print can be read
    seen("#filter").fill("no such words")
    seen("#clear").click()
    assert seen(".card:visible").count() == 2
