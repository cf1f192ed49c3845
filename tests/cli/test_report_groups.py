"""The report shows which pictures were asked about once: with each of them whose answer it has, and who has its own."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tests.support.report_pages import cards, draw, line_of, read, report_of, words


def lines(folder: Path) -> list[dict[str, Any]]:
    """b looks like c, which was asked about, d has its bytes, and e is alone; what f has the answer to is not there."""
    for name in "bcdef":
        draw(folder / f"{name}.png")
    sha = {"c": "1" * 64, "d": "1" * 64}
    spent: dict[str, Any] = {"usage": {"prompt_tokens": 3, "completion_tokens": 2, "total_tokens": 5}, "seconds": 2.0}
    free: dict[str, Any] = {"usage": {}, "seconds": 0.0}
    more: dict[str, dict[str, Any]] = {
        "b": {**free, "same_as": "c.png", "differing_bits": 3},
        "c": spent,
        "d": {**free, "same_as": "c.png"},
        "e": spent,
        "f": {**free, "same_as": "gone.png", "differing_bits": 1},
    }
    return [line_of(folder / f"{name}.png", sha256=sha.get(name, name * 64), **more[name]) for name in "bcdef"]


def test_each_card_names_its_group(tmp_path: Path) -> None:
    page = report_of(tmp_path, *lines(tmp_path))
    said = {path: [words(one) for one in card.all("p", class_="group")] for path, card in cards(page).items()}
    assert said == {
        "b.png": ["Not asked. The answer is that to c.png, which looks like it: 3 of 64 bits differ."],
        "c.png": [],
        "d.png": ["Not asked. The answer is that to c.png, which has the same bytes."],
        "e.png": [],
        "f.png": ["Not asked. The answer is that to gone.png, which looks like it: 1 of 64 bits differs."],
    }
    assert words(cards(page)["c.png"].one("summary")) == "2 copies have this answer"
    assert [words(each) for each in cards(page)["c.png"].one("details").all("li")] == [
        "b.png (3 of 64 bits differ)",
        "d.png (same bytes)",
    ]
    links = {path: [one["href"] for one in card.all("a")] for path, card in cards(page).items()}
    assert links == {"b.png": ["#p2"], "c.png": ["#p1", "#p3"], "d.png": ["#p2"], "e.png": [], "f.png": []}


def test_cards_of_several_pages_lead_to_each_other(tmp_path: Path) -> None:
    report_of(tmp_path, *lines(tmp_path), many=1, page=2)
    pages = [read(tmp_path / "report_pages" / f"000{number}.html") for number in (1, 2, 3)]
    links = {path: [one["href"] for one in card.all("a")] for page in pages for path, card in cards(page).items()}
    assert links["c.png"] == ["0001.html#p1", "0002.html#p3"]
    assert links["d.png"] == ["0001.html#p2"]
    assert pages[1].one("article", id="p3").one("h3").text == "d.png"


def test_the_head_counts_answers_that_were_given(tmp_path: Path) -> None:
    """A copy that stands before the picture that was asked about takes neither its tokens nor its time."""
    page = report_of(tmp_path, *lines(tmp_path))
    numbers = words(page.one("dl", class_="numbers"))
    assert "Pictures42 answers, which 2 near copies have too, under 5 names" in numbers
    assert "Tokens10" in numbers
    assert "2.0 s an answer" in numbers


def test_a_picture_that_changed_since_is_not_said_to_be_the_same(tmp_path: Path) -> None:
    """As latest.jpg, which a camera puts in the place of the one before: what was copied from it keeps its answer."""
    told = lines(tmp_path)
    told[1].update(sha256="2" * 64, text="Another picture.")
    page = report_of(tmp_path, *told)
    said = {path: [words(one) for one in card.all("p", class_="group")] for path, card in cards(page).items()}
    assert said["b.png"] == [
        "Not asked. The answer is an earlier one to c.png, which looked like it then: 3 of 64 bits differed."
    ]
    assert said["d.png"] == ["Not asked. The answer is an earlier one to c.png, which had the same bytes then."]
    assert cards(page)["c.png"].all("details", class_="group") == []
    assert said["f.png"] == ["Not asked. The answer is that to gone.png, which looks like it: 1 of 64 bits differs."], (
        "of what has no line it cannot be told"
    )


def test_a_long_group_is_cut(tmp_path: Path) -> None:
    told = [line_of(draw(tmp_path / "a.png"))]
    told += [line_of(draw(tmp_path / f"b{number}.png"), same_as="a.png", differing_bits=0) for number in range(30)]
    names = [words(one) for one in cards(report_of(tmp_path, *told))["a.png"].one("details").all("li")]
    assert names[0] == "b0.png (0 of 64 bits differ)"
    assert (len(names), names[-1]) == (13, "and 18 more")
