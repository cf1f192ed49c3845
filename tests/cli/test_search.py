"""`ollama-vision search`: hits as lines, as JSON and as a page, as a shell sees them."""

from __future__ import annotations

import json
from pathlib import Path

from ollama_embedded import EmbeddedOllama, ScriptedEngine
from ollama_vision import search_results
from ollama_vision.cli.search.excerpts import excerpt
from tests.support.command_line import CommandLine
from tests.support.report_pages import cards, draw, line_of, read, words, write
from tests.support.result_lines import FAILED, record


def test_from_drawn_pictures_to_the_right_one(
    folder: Path, vision: CommandLine, describe: CommandLine, demo_server: EmbeddedOllama
) -> None:
    """The demo model describes; the words find the picture on which that was drawn, and the page shows it alone."""
    for shape in ("red circle", "blue square", "green triangle"):
        draw(Path(f"{shape.partition(' ')[0]}.png"), shape)
    asked = describe(".", "--host", demo_server.url, "--prompt", "Describe the image.", "--no-sight-check")
    assert asked.code == 0, asked.err
    done = vision("search", "results.jsonl", "square blue", "--html", "hits.html")
    assert done.code == 0, done.err
    assert done.out.splitlines()[0].endswith("blue.png")
    assert "square" in done.out
    assert "1 hit; 3 answers searched. They are in hits.html." in done.err
    page = read(folder / "hits.html")
    (card,) = cards(page).values()
    assert card.one("bdi").text.endswith("blue.png")
    assert card.one("img")["src"].startswith("data:image/jpeg")
    assert "Describe the image." in words(page)


def test_json_is_what_python_gives(folder: Path, vision: CommandLine) -> None:
    file = write(folder, record("a.png"), record("b.png", text="A red circle, red as red can be."), record("c.png"))
    done = vision("search", file.name, "red circle", "--json")
    assert done.code == 0
    told = [json.loads(line) for line in done.out.splitlines()]
    assert told == search_results(file, "red circle")
    assert told[0].keys() == {*record(), "score"}
    assert len(told) == 3
    best = vision("search", file.name, "red circle", "--json", "--limit", "1")
    assert [json.loads(line) for line in best.out.splitlines()] == told[:1]
    assert "3 hits, the best 1 of them shown" in best.err


def test_by_meaning_the_header_goes_along(folder: Path, vision: CommandLine) -> None:
    vectors: dict[str, list[float]] = {"something to ride": [1, 0], "A bicycle.": [0.9, 0.1], "A cat.": [0, 1]}
    file = write(folder, record("cat.png", text="A cat."), record("bike.png", text="A bicycle."))
    command = ["search", file.name, "something to ride", "--embed", "m", "--header", "X-Key: open"]
    with EmbeddedOllama(engine=ScriptedEngine(embed=vectors, model="m")) as server:
        done = vision(*command, "--host", server.url)
        sent = [request for request in server.requests if request.path == "/api/embed"]
    assert (done.code, done.out.splitlines()[0]) == (0, "bike.png"), done.err
    assert [request.headers["x-key"] for request in sent] == ["open", "open"]


def test_without_embeddings_the_exit_code_is_two(
    folder: Path, vision: CommandLine, demo_server: EmbeddedOllama
) -> None:
    file = write(folder, record()).name
    done = vision("search", file, "red", "--embed", "shapes", "--host", demo_server.url)
    assert (done.code, done.out) == (2, "")
    assert "makes no embeddings" in done.complaint
    assert vision("search", file, "red", "--host", demo_server.url).code == 2


def test_no_hit_is_one_and_an_error_two(folder: Path, vision: CommandLine) -> None:
    file = write(folder, record(), record("b.png", **FAILED)).name
    none = vision("search", file, "bicycle", "--html", "hits.html")
    assert (none.code, none.out) == (1, "")
    assert none.err == "No hit; 1 answer searched. hits.html was not written.\n"
    assert not Path("hits.html").exists()
    assert vision("search", "away.jsonl", "red").complaint == "away.jsonl: No such file or directory."
    Path("notes.txt").write_text("red\n")
    for command in (
        ["search", "away.jsonl", "red"],
        ["search", "notes.txt", "red"],
        ["search", file, "?"],
        ["search", file, 'the "red'],
        ["search", file, "red", "--html", "a.png"],
        ["search", file, "red", "--root", "away"],
        ["search", "red"],
    ):
        done = vision(*command)
        assert (done.code, done.out) == (2, ""), command


def test_the_page_has_the_best_first_and_a_name_once(folder: Path, vision: CommandLine) -> None:
    """By name the order would be the other way round; two models' hits on one picture stand on one card."""
    far, near = draw(folder / "1.png"), draw(folder / "2.png")
    write(
        folder,
        line_of(far, text="A street, houses, people, and a red circle somewhere in it. " * 3),
        line_of(near, text="A red circle."),
        line_of(near, text="A red circle, red.", model="n", request="r2"),
        line_of(draw(folder / "3.png"), text="A blue square."),
    )
    done = vision("search", "results.jsonl", "red circle", "--html", "hits.html")
    assert done.code == 0, done.err
    page = read(folder / "hits.html")
    assert list(cards(page)) == ["2.png", "1.png"]
    assert len(cards(page)["2.png"].all("section", class_="answer")) == 2
    assert page.one("h1").text == "Search for red circle"
    assert sorted(file.name for file in folder.iterdir()) == ["1.png", "2.png", "3.png", "hits.html", "results.jsonl"]


def test_pages_of_read_are_found(folder: Path, vision: CommandLine) -> None:
    write(folder, record("a.pdf", 2, text="| Invoice | 4711 |", verdict="agrees", document="a.pdf"))
    done = vision("search", "results.jsonl", "invoice 4711")
    assert (done.code, done.out) == (0, "a.pdf, page 2\n  | Invoice | 4711 |\n")


def test_a_line_that_is_being_written_is_told(folder: Path, vision: CommandLine) -> None:
    write(folder, record(), tail=b'{"path": "b.png", "pa')
    done = vision("search", "results.jsonl", "red")
    assert done.code == 0
    assert "The last line of results.jsonl is being written, or was broken off: it is left out." in done.err


def test_controls_in_names_and_answers_do_not_reach_a_terminal(folder: Path, vision: CommandLine) -> None:
    write(folder, record("a\x1b[2J.png", text="red \x1b[2J circle\nand more"))
    assert vision("search", "results.jsonl", "red").out == "a\\x1b[2J.png\n  red \ufffd[2J circle and more\n"


def test_an_excerpt_is_around_the_word() -> None:
    text = "far " * 30 + "bicycle" + " near" * 30
    for width in (40, 80, 500):
        shown = excerpt(text, "BICYCLE", width)
        assert len(shown) <= width
        assert "bicycle" in shown
    assert excerpt("short", "word", 40) == "short"
    assert excerpt(text, "nothing", 40).startswith("far far")
    both = "a red car " + "far " * 30 + "a red bicycle" + " near" * 30
    assert "red bicycle" in excerpt(both, "red bicycle", 40)
