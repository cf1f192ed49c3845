"""Pictures that look alike are asked about once, by `describe` from Python; each has its own line."""

from __future__ import annotations

import asyncio
import hashlib
import json
import re
import shutil
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

import ollama_vision
from ollama_embedded import EmbeddedOllama, Reply, Request, ScriptedEngine, draw_scene
from ollama_vision import PromptTemplate
from ollama_vision.batch.copying import answers_kept, near_pictures, search
from ollama_vision.pictures import Likeness, PictureSource, likeness_of
from tests.support.alike import NEAR, draw_view
from tests.support.describe_cli import lines as lines_of

SAME = NEAR["half as large"]
Told = list[dict[str, Any]]


def describe(server: EmbeddedOllama, paths: Any = "views", **more: Any) -> Told:
    given = {"near_duplicates": True, "jobs": 1, "sight_check": False, **more}
    return list(ollama_vision.describe(paths, server.model, host=server.url, **given))


def whose(told: Told) -> dict[str, str | None]:
    """By path: whose answer it has; `None` of what was asked about."""
    return {line["path"]: line.get("same_as") for line in told}


@pytest.fixture
def views(folder: Path) -> Path:
    """b.jpg is a.png once more, and c.png is another."""
    Path("views").mkdir()
    draw_view(1).save("views/a.png")
    SAME(draw_view(1)).save("views/b.jpg")
    draw_view(2).save("views/c.png")
    return Path("views")


@pytest.fixture
def says() -> Iterator[Callable[..., EmbeddedOllama]]:
    started: list[EmbeddedOllama] = []

    def start(*replies: Any) -> EmbeddedOllama:
        started.append(EmbeddedOllama(engine=ScriptedEngine(replies)).start())
        return started[-1]

    yield start
    for server in started:
        server.close()


def looks_of(monkeypatch: pytest.MonkeyPatch, hashes: dict[str, int]) -> None:
    """Pictures with these hashes, and all of one colour."""

    def look(source: PictureSource) -> Likeness | None:
        return Likeness(hashes[Path(source.source).stem], bytes(768)) if Path(source.source).stem in hashes else None

    monkeypatch.setattr(search, "likeness_of", look)
    monkeypatch.setattr(near_pictures, "likeness_of", look)


def draw_some(names: Sequence[str]) -> None:
    Path("views").mkdir(exist_ok=True)
    for number, name in enumerate(names):
        Image.new("RGB", (40, 40), (number, 0, 0)).save(f"views/{name}.png")


def test_two_near_copies_and_an_unlike_picture_are_two_questions(folder: Path) -> None:
    Path("views").mkdir()
    red = draw_scene("red circle", size=(640, 480))
    red.save("views/1.png")
    red.resize((320, 240)).save("views/2.jpg", quality=60)
    draw_scene("blue square", size=(640, 480)).save("views/3.png")
    with EmbeddedOllama() as server:
        told = describe(server, prompt="What colour is the shape?", out="results.jsonl")
        assert len(server.asked) == 2
    assert whose(told) == {"views/1.png": None, "views/2.jpg": "views/1.png", "views/3.png": None}
    said = {line["path"]: line["text"].lower() for line in told}
    assert "red" in said["views/1.png"]
    assert said["views/2.jpg"] == said["views/1.png"]
    assert "blue" in said["views/3.png"]
    assert told == lines_of()


def test_without_the_flag_each_is_asked(views: Path, scripted: EmbeddedOllama) -> None:
    told = describe(scripted, near_duplicates=False)
    assert len(scripted.asked) == 3
    assert not any("dhash" in line or "same_as" in line for line in told)


def test_a_copy_has_a_line_of_its_own(views: Path, scripted: EmbeddedOllama) -> None:
    told = {line["path"]: line for line in describe(scripted)}
    asked, copy = told["views/a.png"], told["views/b.jpg"]
    assert copy["sha256"] == hashlib.sha256(Path("views/b.jpg").read_bytes()).hexdigest()
    assert copy["size"] == Path("views/b.jpg").stat().st_size
    assert (copy["usage"], copy["seconds"], copy["waited"]) == ({}, 0.0, 0.0)
    assert copy["text"] == asked["text"]
    assert copy["request"] == asked["request"]
    differing = int(asked["dhash"], 16) ^ int(copy["dhash"], 16)
    assert copy["differing_bits"] == differing.bit_count() <= 4
    assert "differing_bits" not in asked


def test_a_chain_is_not_followed(folder: Path, scripted: EmbeddedOllama, monkeypatch: pytest.MonkeyPatch) -> None:
    """b is near a, and c near b but not a: c is asked about. d is near both a and c, and nearer to c."""
    draw_some("abcd")
    looks_of(monkeypatch, {"a": 0b0, "b": 0b1111, "c": 0b11111111, "d": 0b1111110})
    told = describe(scripted, near_bits=6)
    assert whose(told) == {
        "views/a.png": None,
        "views/b.png": "views/a.png",
        "views/c.png": None,
        "views/d.png": "views/c.png",
    }


def test_a_run_that_goes_on_decides_as_one_that_was_not_broken_off(
    folder: Path, scripted: EmbeddedOllama, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever of it was done: c is nearer to d, which comes behind it, than to a, before it."""
    draw_some("abcd")
    looks_of(monkeypatch, {"a": 0b0, "b": 1 << 40, "c": 0b111111, "d": 0b111111111})
    whole = whose(describe(scripted, out="results.jsonl", near_bits=6))
    assert whole["views/c.png"] == "views/a.png"
    assert whole["views/d.png"] is None
    written = Path("results.jsonl").read_bytes().splitlines(keepends=True)
    asked = len(scripted.asked)
    for left in range(len(written)):
        kept = written[:left] + written[left + 1 :]
        Path("results.jsonl").write_bytes(b"".join(kept))
        describe(scripted, out="results.jsonl", near_bits=6)
        assert whose(lines_of()) == whole
    assert len(scripted.asked) == asked + sum(each is None for each in whole.values())


def test_a_new_picture_is_known_by_an_answer_of_an_earlier_run(views: Path, scripted: EmbeddedOllama) -> None:
    describe(scripted, out="results.jsonl")
    SAME(draw_view(2)).save("views/0.png")  # stands before the one that it looks like
    (told,) = describe(scripted, out="results.jsonl")
    assert (told["path"], told["same_as"], len(scripted.asked)) == ("views/0.png", "views/c.png", 2)
    Path("more").mkdir()
    SAME(draw_view(1)).save("more/a.png")
    (told,) = describe(scripted, "more", out="results.jsonl")
    assert (told["path"], told["same_as"], len(scripted.asked)) == ("more/a.png", "views/a.png", 2)


def test_an_answer_of_a_run_without_the_flag_is_looked_at_again(views: Path, scripted: EmbeddedOllama) -> None:
    describe(scripted, ["views/a.png", "views/c.png"], near_duplicates=False, out="results.jsonl")
    before = lines_of()
    (told,) = describe(scripted, out="results.jsonl")
    assert (told["path"], told["same_as"], len(scripted.asked)) == ("views/b.jpg", "views/a.png", 2)
    hashes = [line["dhash"] for line in lines_of()]
    assert [{**line, "dhash": dhash} for line, dhash in zip([*before, told], hashes, strict=True)] == lines_of()
    assert all(re.fullmatch("[0-9a-f]{16}", dhash) for dhash in hashes)


def test_even_pictures_and_those_that_are_away_are_not_given_a_hash(folder: Path, scripted: EmbeddedOllama) -> None:
    """The one is not looked at again, the other when it is back."""
    Path("views").mkdir()
    Image.new("RGB", (60, 40), "red").save("views/red.png")
    draw_view(1).save("views/away.png")
    describe(scripted, near_duplicates=False, out="results.jsonl")
    Path("views/away.png").rename("away.png")
    draw_view(2).save("views/new.png")
    describe(scripted, out="results.jsonl")
    told = {line["path"]: line for line in lines_of()}
    assert told["views/red.png"]["dhash"] is None
    assert "dhash" not in told["views/away.png"]
    Path("away.png").rename("views/away.png")
    SAME(draw_view(1)).save("views/b.png")
    assert whose(describe(scripted, out="results.jsonl")) == {"views/b.png": "views/away.png"}


def test_nothing_is_looked_at_on_the_event_loop(
    views: Path, scripted: EmbeddedOllama, monkeypatch: pytest.MonkeyPatch
) -> None:
    loops: list[bool] = []

    def seen(source: PictureSource) -> Likeness | None:
        loops.append(asyncio._get_running_loop() is not None)
        return likeness_of(source)

    monkeypatch.setattr(search, "likeness_of", seen)
    describe(scripted)
    assert loops == [False] * 3


def test_what_changed_since_is_like_nothing(views: Path, scripted: EmbeddedOllama) -> None:
    """The answer is not about what the file shows now."""
    describe(scripted, "views/a.png", out="results.jsonl")
    draw_view(3).save("views/a.png")
    assert whose(describe(scripted, "views/b.jpg", out="results.jsonl")) == {"views/b.jpg": None}


@pytest.mark.parametrize("jobs", [1, 4])
def test_when_one_fails_another_is_asked(views: Path, jobs: int) -> None:
    """Which one hangs on when the failure is known; the others have its answer."""
    shutil.copy("views/b.jpg", "views/d.jpg")
    draw_view(1).save("views/e.bmp")
    first = Path("views/a.png").read_bytes()

    def fails_first(request: Request) -> Reply:
        return Reply("" if first in request.pictures else "A view.")

    with EmbeddedOllama(engine=ScriptedEngine(fails_first)) as server:
        told = describe(server, jobs=jobs)
    assert (len(told), len(server.asked)) == (5, 3)
    (failed,) = [line for line in told if line["error"]]
    assert (failed["path"], failed["error"]["type"]) == ("views/a.png", "EmptyResponseError")
    asked = {path for path, same_as in whose(told).items() if same_as is None}
    assert asked > {"views/a.png", "views/c.png"}
    (other,) = asked - {"views/a.png", "views/c.png"}
    assert {each for each in whose(told).values() if each is not None} == {other}
    assert all(line["text"] == "A view." for line in told if line is not failed)


def test_a_failure_that_comes_after_its_copies_loses_none(views: Path) -> None:
    first, answered = Path("views/a.png").read_bytes(), asyncio.Event()

    async def fails_last(request: Request) -> Reply:
        if first in request.pictures:
            await answered.wait()
            return Reply("")
        answered.set()
        return Reply("A view.")

    with EmbeddedOllama(engine=ScriptedEngine(fails_last), num_parallel=2) as server:
        told = describe(server, jobs=4)
    assert [line["path"] for line in told] == ["views/c.png", "views/a.png", "views/b.jpg"]
    assert [line["text"] for line in told] == ["A view.", "", "A view."]


def test_answers_that_are_more_than_memory_is_for_are_kept_on_disk(
    folder: Path, says: Callable[..., EmbeddedOllama], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(answers_kept, "_IN_MEMORY", 1000)
    names = [f"{kind}{number}" for kind in "ab" for number in range(5)]
    draw_some(names)
    looks_of(monkeypatch, {name: 0xFF << 8 * int(name[1]) for name in names})
    told = describe(says(*(f"Says {number}." for number in range(5))), out="results.jsonl", near_bits=0)
    assert [line["text"] for line in told] == [f"Says {number}." for number in range(5)] * 2
    assert sorted(file.name for file in Path().iterdir() if file.is_file()) == [
        "results.jsonl",
        "results.jsonl.requests.json",
    ]


def test_when_that_fails_too_each_is_asked(views: Path, says: Callable[..., EmbeddedOllama]) -> None:
    Path("views/c.png").unlink()
    shutil.copy("views/b.jpg", "views/d.jpg")
    draw_view(1).save("views/e.bmp")
    server = says(*[Reply("")] * 4)
    told = describe(server)
    assert (len(told), len(server.asked)) == (4, 4)
    assert [line["error"]["type"] for line in told] == ["EmptyResponseError"] * 4
    assert all(each is None for each in whose(told).values())


def test_what_is_damaged_has_its_own_error(views: Path, scripted: EmbeddedOllama) -> None:
    Path("views/a.png").write_bytes(Path("views/a.png").read_bytes()[:-4000])
    told = {line["path"]: line for line in describe(scripted)}
    assert told["views/a.png"]["error"]["type"] == "ImageError"
    assert (told["views/b.jpg"].get("same_as"), told["views/b.jpg"]["error"]) == (None, None)


def test_what_is_asked_in_other_words_is_another_question(views: Path, scripted: EmbeddedOllama) -> None:
    """Near copies and equal files alike; of an earlier run what was asked then counts."""
    Path("other").mkdir()
    SAME(draw_view(1)).save("other/a.bmp")
    shutil.copy("views/a.png", "other/same.png")
    by_folder = PromptTemplate("What is to be seen, in {path.parent}?")
    told = describe(scripted, ["views", "other"], prompt=by_folder, out="results.jsonl")
    assert whose(told) == {
        "views/a.png": None,
        "views/b.jpg": "views/a.png",
        "views/c.png": None,
        "other/a.bmp": None,
        "other/same.png": "other/a.bmp",
    }
    assert {line["path"]: line["prompt"].split()[-1] for line in told}["other/same.png"] == "other?"
    SAME(draw_view(2)).save("other/c.bmp")
    SAME(draw_view(2)).save("views/d.bmp")
    told = describe(scripted, ["views", "other"], prompt=by_folder, out="results.jsonl")
    assert whose(told) == {"other/c.bmp": None, "views/d.bmp": "views/c.png"}
    assert len(scripted.asked) == 4


def test_pages_and_plain_pictures_are_each_asked(folder: Path, scripted: EmbeddedOllama) -> None:
    Path("views").mkdir()
    pages = [draw_view(1), draw_view(1)]
    pages[0].save("views/a.tiff", save_all=True, append_images=pages[1:])
    for name in ("red", "blue"):
        Image.new("RGB", (300, 200), name).save(f"views/{name}.png")
    told = describe(scripted)
    assert len(scripted.asked) == len(told) == 4
    assert not any("same_as" in line for line in told)
    assert {line["path"]: line.get("dhash", "not looked at") for line in told} == {
        "views/a.tiff": "not looked at",
        "views/red.png": None,
        "views/blue.png": None,
    }


def test_equal_files_go_along_with_the_one_that_is_like_another(views: Path, scripted: EmbeddedOllama) -> None:
    shutil.copy("views/b.jpg", "views/d.jpg")
    told = {line["path"]: line for line in describe(scripted)}
    assert told["views/d.jpg"]["same_as"] == "views/a.png"
    assert told["views/d.jpg"]["differing_bits"] == told["views/b.jpg"]["differing_bits"]
    assert len(scripted.asked) == 2


def test_the_limit_counts_copies(views: Path, scripted: EmbeddedOllama) -> None:
    told = describe(scripted, limit=2)
    assert whose(told) == {"views/a.png": None, "views/b.jpg": "views/a.png"}
    assert len(scripted.asked) == 1


def test_each_copy_has_its_sidecar(views: Path, scripted: EmbeddedOllama) -> None:
    describe(scripted, out="results.jsonl", sidecars=True)
    for name in ("a.png", "b.jpg", "c.png"):
        assert Path(f"views/{name}.txt").read_text().strip() == "A plain colour."


def test_fields_and_choices_go_along(views: Path, says: Callable[..., EmbeddedOllama]) -> None:
    schema = {"type": "object", "properties": {"sky": {"type": "boolean"}}, "required": ["sky"]}
    server = says(*[json.dumps({"sky": True})] * 2)
    told = {line["path"]: line for line in describe(server, schema=schema)}
    assert told["views/b.jpg"]["fields"] == {"sky": True}
    assert len(server.asked) == 2


@pytest.mark.parametrize("bits", [-1, 17, 1.5, True, "4"])
def test_other_numbers_of_bits_are_refused(views: Path, scripted: EmbeddedOllama, bits: Any) -> None:
    with pytest.raises((TypeError, ValueError), match=r"near_bits is .* from 0 to 16"):
        describe(scripted, near_bits=bits)
    assert not scripted.asked


def test_bits_are_counted(folder: Path, scripted: EmbeddedOllama, monkeypatch: pytest.MonkeyPatch) -> None:
    draw_some("ab")
    looks_of(monkeypatch, {"a": 0, "b": (1 << 16) - 1})
    assert whose(describe(scripted, near_bits=15))["views/b.png"] is None
    assert whose(describe(scripted, near_bits=16))["views/b.png"] == "views/a.png"
    alone = describe(scripted, near_duplicates=False, near_bits=16)
    assert whose(alone)["views/b.png"] == "views/a.png", "the bits alone say that it is wanted, as --near-bits does"
