"""The report draws the boxes that answers name on the pictures, and says why where it does not."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from ollama_embedded import EmbeddedOllama, ScriptedEngine
from ollama_vision.report import write_report
from tests.support import shown_models as models
from tests.support.command_line import CommandLine
from tests.support.picture_corpus import GREEN, card, turned
from tests.support.report_pages import line_of, write
from tests.support.seeing_models import seeing

RECT = re.compile(r'<rect x="([\d.]+)" y="([\d.]+)" width="([\d.]+)" height="([\d.]+)" stroke="(#\w+)"')


def described(describe: CommandLine, answer: Any, *words: str, show: dict[str, Any], name: str = "m") -> Path:
    """Asks about what is in `pictures`, and gives the report."""
    with EmbeddedOllama(engine=ScriptedEngine(answer, model=name, **show)) as server:
        host = ("--host", server.url, "--model", name)
        outcome = describe("pictures", *host, "--prompt", "Where?", "--report", "report.html", *words)
    assert outcome.code == 0, outcome.err
    return Path("report.html")


def shares(report: str) -> list[tuple[float, ...]]:
    """Each box as shares of the thumbnail's sides: left, top, right, bottom."""
    found: list[tuple[float, ...]] = []
    for svg in re.findall(r"<svg .*?</svg>", report):
        width, height = map(int, re.search(r'viewBox="0 0 (\d+) (\d+)"', svg).groups())  # type: ignore[union-attr]
        for left, top, across, down in (map(float, rect[:4]) for rect in RECT.findall(svg)):
            found.append((left / width, top / height, (left + across) / width, (top + down) / height))
    return found


@pytest.fixture
def pictures(folder: Path) -> Path:
    (folder / "pictures").mkdir()
    return folder / "pictures"


@pytest.mark.parametrize(("name", "of"), [("QWEN25_VL", None), ("QWEN3_VL", 1000)])
def test_boxes_are_drawn_where_the_thing_is(describe: CommandLine, pictures: Path, name: str, of: int | None) -> None:
    card((300, 200)).save(pictures / "small.png")
    card((400, 2000)).save(pictures / "tall.png")
    card((3000, 2000)).save(pictures / "wide.jpg")
    (pictures / "turned.jpg").write_bytes(turned("JPEG", 6, (1600, 1200), quality=95))
    show = getattr(models, name)
    report = described(describe, seeing(GREEN, show, of, label="green <b>"), show=show).read_text(encoding="utf-8")
    found = shares(report)
    assert len(found) == 4
    for box in found:
        assert box == pytest.approx((0.5, 0, 1, 0.5), abs=0.012)
    assert report.count("<title>green &lt;b&gt;</title>") == 4


def test_pages_of_a_document_have_their_own(describe: CommandLine, pictures: Path) -> None:
    pytest.importorskip("pypdfium2")
    card((400, 300)).save(pictures / "scan.pdf", "PDF", save_all=True, append_images=[card((300, 400))])
    report = described(describe, seeing(GREEN, models.QWEN25_VL), show=models.QWEN25_VL)
    found = shares(report.read_text(encoding="utf-8"))
    assert len(found) == 2
    for box in found:
        assert box == pytest.approx((0.5, 0, 1, 0.5), abs=0.012)


def test_a_family_that_is_not_certain_has_none_until_it_is_named(
    describe: CommandLine, vision: CommandLine, pictures: Path
) -> None:
    card((400, 300)).save(pictures / "a.png")
    report = described(describe, json.dumps({"box_2d": [0, 500, 500, 1000]}), show=models.GEMMA4)
    page = report.read_text(encoding="utf-8")
    assert shares(page) == []
    assert "Boxes are not drawn: Gemma 4 counts from 0 to 1000" in page
    assert "--box-convention: &#x27;model pixels&#x27;" in page
    outcome = vision("report", "results.jsonl", "report.html", "--box-convention", "0-1000 yx")
    assert outcome.code == 0
    named = report.read_text(encoding="utf-8")
    # Of the frame, 432x288 with bars of 24 at the sides.
    assert shares(named) == [pytest.approx((0.5, 0, 1, 0.5), abs=0.07)]
    write_report(Path("results.jsonl"), report, box_convention="0-1000 yx")
    assert report.read_text(encoding="utf-8") == named
    outcome = vision("report", "results.jsonl", "report.html", "--box-convention", "0-100")
    assert (outcome.code, "'0-1000 yx'" in outcome.err) == (2, True)


def test_a_model_that_is_not_known_needs_the_name_too(
    describe: CommandLine, vision: CommandLine, pictures: Path
) -> None:
    card((400, 300)).save(pictures / "a.png")
    report = described(describe, json.dumps({"bbox": [200, 0, 400, 150]}), show={})
    assert "How this model counts boxes is not known" in report.read_text(encoding="utf-8")
    vision("report", "results.jsonl", "report.html", "--box-convention", "pixels")
    assert shares(report.read_text(encoding="utf-8")) == [pytest.approx((0.5, 0, 1, 0.5), abs=0.01)]


def test_what_is_nowhere_is_counted_and_the_rest_drawn(describe: CommandLine, pictures: Path) -> None:
    card((896, 896)).save(pictures / "a.png")
    answer = json.dumps([{"bbox_2d": [448, 0, 896, 448]}, {"bbox_2d": [2000, 0, 2100, 448]}])
    page = described(describe, answer, show=models.QWEN25_VL).read_text(encoding="utf-8")
    assert shares(page) == [pytest.approx((0.5, 0, 1, 0.5), abs=0.01)]
    assert "1 of 2 boxes are nowhere in the picture." in page


def test_each_model_s_boxes_go_with_its_answers(describe: CommandLine, pictures: Path) -> None:
    card((300, 200)).save(pictures / "a.png")
    described(describe, seeing(GREEN, models.QWEN25_VL), show=models.QWEN25_VL, name="one")
    report = described(describe, seeing(GREEN, models.QWEN3_VL, 1000), "--append", show=models.QWEN3_VL, name="two")
    groups = re.findall(r'<g data-asking="(\d)"><rect', report.read_text(encoding="utf-8"))
    assert groups == ["0", "1"]


def test_lines_tell_what_was_sent_where_the_answer_names_boxes(describe: CommandLine, pictures: Path) -> None:
    card((300, 200)).save(pictures / "a.png")
    described(describe, "A card.", show=models.QWEN25_VL, name="one")
    described(describe, seeing(GREEN, models.QWEN25_VL), "--append", show=models.QWEN25_VL, name="two")
    first, second = map(json.loads, Path("results.jsonl").read_text(encoding="utf-8").splitlines())
    assert "pictures" not in first
    assert [sorted(entry) for entry in second["pictures"]] == [["frame", "mapping", "size"]]
    assert second["pictures"][0]["frame"]["size"] == [1120, 756]


@pytest.mark.parametrize(
    "said",
    [
        {}, {"pictures": []}, {"pictures": [{"mapping": {}}]}, {"pictures": [3]},
        {"pictures": [{"frame": {"size": [1, 1]}, "mapping": 3}]},
    ],
)  # fmt: skip
def test_lines_without_it_or_with_nonsense_have_no_boxes(folder: Path, said: dict[str, Any]) -> None:
    card((300, 200)).save(folder / "a.png")
    results = write(folder, line_of(folder / "a.png", "a.png", text='[{"bbox_2d": [0, 0, 100, 100]}]', **said))
    page = write_report(results, folder / "report.html").read_text(encoding="utf-8")
    assert "<svg" not in page
