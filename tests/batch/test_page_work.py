"""What a run does with each page beside one question: not asked, asked again, in pieces; and which pages are taken."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from ollama_embedded import EmbeddedOllama, Reply, Request, ScriptedEngine
from ollama_vision import VisionModel
from ollama_vision.batch import (
    Answered,
    Ask,
    Checkpoint,
    Lines,
    ModelRun,
    Page,
    PageReader,
    PageWork,
    PictureAnswer,
    PictureQuestion,
    RunOptions,
    find_pictures,
    open_checkpoint,
    open_page,
    run_spec,
)
from ollama_vision.errors import AnswerCutError
from ollama_vision.pictures import ImageOptions, PreparedImage

QUESTION = PictureQuestion("What stands there?")


@pytest.fixture
def scans(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A TIFF of three greys, and a photograph."""
    monkeypatch.chdir(tmp_path)
    folder = Path("scans")
    folder.mkdir()
    greys = [Image.new("L", (64, 48), grey) for grey in (10, 100, 200)]
    greys[0].save(folder / "a.tiff", save_all=True, append_images=greys[1:])
    Image.new("RGB", (64, 48), "red").save(folder / "b.png")
    return folder


def lines(server: EmbeddedOllama, folder: Path, work: PageWork, **reader: Any) -> list[dict[str, Any]]:
    run = ModelRun.of([VisionModel(server.model, server.url)], QUESTION, pages="each")
    options = RunOptions(jobs=1)
    made = Lines(run, find_pictures(folder).files, PageReader(**reader), run_options=options, work=work)
    return [record for record, _ in made]


def test_a_page_that_is_known_is_not_asked_about(scans: Path, scripted: EmbeddedOllama) -> None:
    def opened(page: Page, index: int, options: ImageOptions) -> Any:
        if page.page == 2:
            return Answered(PictureAnswer("", finish_reason="known"))
        return open_page(page, index, options)

    told = lines(scripted, scans, PageWork(opened, more=lambda outcome: {"page again": outcome.item.page}))
    assert [(each["page"], each["text"], each["finish_reason"], each["host"]) for each in told] == [
        (1, "A plain colour.", "stop", scripted.url),
        (2, "", "known", ""),
        (3, "A plain colour.", "stop", scripted.url),
        (None, "A plain colour.", "stop", scripted.url),
    ]
    assert [each["page again"] for each in told] == [1, 2, 3, None]
    assert len(scripted.asked) - [request.path for request in scripted.asked].count("/api/show") == 3


def test_what_is_not_whole_yet_has_no_line_and_files_of_its_bytes_have_their_turn(
    scans: Path, scripted: EmbeddedOllama
) -> None:
    for name in ("c.png", "d.png"):
        (scans / name).write_bytes((scans / "b.png").read_bytes())
    put_off = {Path("scans/b.png"), Path("scans/c.png")}
    opened: list[str] = []

    def open_whole(page: Page, index: int, options: ImageOptions) -> Any:
        opened.append(page.file.path.name)
        return None if page.file.path in put_off else open_page(page, index, options)

    told = lines(scripted, scans, PageWork(open_whole))
    assert [Path(each["path"]).name for each in told] == ["a.tiff"] * 3 + ["d.png"]
    assert opened == ["a.tiff"] * 3 + ["b.png", "c.png", "d.png"]


async def with_more_room(ask: Ask, page: Page, pictures: Sequence[PreparedImage]) -> PictureAnswer:
    try:
        return await ask(QUESTION, pictures)
    except AnswerCutError as error:
        again = replace(QUESTION, keywords={"options": {"num_predict": 400}})
        answer = await ask(again, pictures)
        return replace(answer, more={"before": error.partial_text})


def test_a_cut_answer_is_asked_for_again(scans: Path) -> None:
    def said(request: Request) -> Reply:
        if request.options.get("num_predict") == 400:
            return Reply("All of it.")
        return Reply("All", done_reason="length")

    with EmbeddedOllama(engine=ScriptedEngine(said)) as server:
        work = PageWork(ask=with_more_room, more=lambda outcome: dict(outcome.more))
        told = lines(server, scans / "b.png", work)
    assert [(each["text"], each["before"], each["error"]) for each in told] == [("All of it.", "All", None)]


def test_what_a_page_raises_in_the_end_is_its_own(scans: Path) -> None:
    with EmbeddedOllama(engine=ScriptedEngine(Reply("All", done_reason="length"))) as server:
        (told,) = lines(server, scans / "b.png", PageWork(ask=with_more_room))
        assert (told["text"], told["error"]["type"], told["host"]) == ("All", "AnswerCutError", server.url)


def test_a_picture_of_its_own_is_page_1_where_that_is_asked(scans: Path, scripted: EmbeddedOllama) -> None:
    told = lines(scripted, scans, PageWork(), numbered=True)
    assert [(each["path"], each["page"], each["pages"]) for each in told] == [
        ("scans/a.tiff", 1, 3),
        ("scans/a.tiff", 2, 3),
        ("scans/a.tiff", 3, 3),
        ("scans/b.png", 1, 1),
    ]


def test_pages_that_are_taken_are_done_when_the_others_are_not(scans: Path, scripted: EmbeddedOllama) -> None:
    """The pages are no part of the request: the others are asked later, and these are not asked again."""
    files = find_pictures(scans).files
    run = ModelRun.of([VisionModel(scripted.model, scripted.url)], QUESTION, pages="each")
    out = Path("pages.jsonl")
    left: list[int] = []

    def go(only: frozenset[int] | None) -> list[tuple[str, int]]:
        reader = PageReader(numbered=True, only=only)
        expected: list[int] = []
        spec = run_spec([run], files, reader, "go on", retry_errors=False, prune=False)
        with open_checkpoint(out, spec) as there:
            made = Lines(run, files, reader, there.ledger, RunOptions(jobs=1, expect=expected.append))
            left.append(made.left())
            asked = []
            for record, _ in made:
                there.add(record)
                asked.append((record["path"], record["page"]))
            assert isinstance(there, Checkpoint)
        left[-1] += sum(expected)
        return asked

    assert go(frozenset({2, 3})) == [("scans/a.tiff", 2), ("scans/a.tiff", 3)]
    assert go(frozenset({2, 3})) == []
    assert go(None) == [("scans/a.tiff", 1), ("scans/b.png", 1)]
    assert go(None) == []
    assert left == [3, 1, 2, 0]  # whether a file has such a page, opening it tells
