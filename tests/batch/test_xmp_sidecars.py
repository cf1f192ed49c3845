"""XMP sidecars of a run, and undoing: what is there is read from the disk, byte for byte."""

from __future__ import annotations

import os
import sqlite3
from pathlib import Path
from typing import Any

import pytest

from ollama_vision.batch.results import undo as undoing
from ollama_vision.batch.results import xmp_sidecars
from ollama_vision.batch.results.descriptive import Descriptive, caption_of
from ollama_vision.batch.results.ledger import Line
from ollama_vision.batch.results.sidecar_names import SidecarFormat, SidecarNames
from ollama_vision.batch.results.sidecars import Sidecars
from ollama_vision.batch.results.undo import UndoFile, undo, undo_path
from ollama_vision.batch.results.xmp_sidecars import XmpSidecars
from ollama_vision.errors import SidecarError
from tests.support.xmp_files import DARKTABLE, DIGIKAM

RESULTS = Path("results.jsonl")
SIDECAR = Path("photos/a.jpg.xmp")


def line(
    text: str = "A red circle.", *, request: str = "one", error: str | None = None, **fields: Any
) -> dict[str, Any]:
    return {
        "path": "photos/a.jpg",
        "page": None,
        "model": "m",
        "request": request,
        "text": text,
        "fields": fields or None,
        "error": error and {"type": "BlindModelError", "message": error},
    }


@pytest.fixture
def sidecars(folder: Path) -> XmpSidecars:
    return XmpSidecars(SidecarNames(format="xmp"), UndoFile(RESULTS))


def test_what_was_there_comes_back(sidecars: XmpSidecars) -> None:
    SIDECAR.write_bytes(DARKTABLE)
    SIDECAR.chmod(0o640)
    sidecars.write(line())
    sidecars.write(line(request="two", keywords=["red"], title="Circle"))
    assert b"A red circle." in SIDECAR.read_bytes()
    assert b"<rdf:li>red</rdf:li>" in SIDECAR.read_bytes()
    assert undo(RESULTS).restored == 1
    assert SIDECAR.read_bytes() == DARKTABLE
    assert SIDECAR.stat().st_mode & 0o777 == 0o640
    assert not undo_path(RESULTS).exists()
    assert undo(RESULTS).restored == 0


def test_what_was_not_there_goes(sidecars: XmpSidecars) -> None:
    sidecars.write(line())
    assert SIDECAR.exists()
    assert undo(RESULTS).restored == 1
    assert [*Path("photos").iterdir()] == []


@pytest.mark.parametrize("there", [DARKTABLE, None], ids=["merged", "new"])
@pytest.mark.parametrize("now", [DIGIKAM, b"", None], ids=["edited", "emptied", "removed"])
def test_what_was_changed_since_is_left_and_named(
    sidecars: XmpSidecars, there: bytes | None, now: bytes | None
) -> None:
    if there is not None:
        SIDECAR.write_bytes(there)
    sidecars.write(line())
    SIDECAR.unlink() if now is None else SIDECAR.write_bytes(now)
    undone = undo(RESULTS)
    assert (SIDECAR.read_bytes() if SIDECAR.exists() else None) == now
    if there is now is None:
        assert undone.left == []
    else:
        ((path, why),) = undone.left
        assert path == SIDECAR.absolute()
        assert why == ("is gone" if now is None else "was changed since")


def test_what_was_edited_between_two_runs_comes_back_as_edited(sidecars: XmpSidecars) -> None:
    sidecars.write(line())
    SIDECAR.write_bytes(DIGIKAM)
    sidecars.write(line("Another.", request="two"))
    undo(RESULTS)
    assert SIDECAR.read_bytes() == DIGIKAM


@pytest.mark.parametrize("there", [DARKTABLE, None], ids=["merged", "new"])
def test_the_last_line_of_a_picture_counts(sidecars: XmpSidecars, there: bytes | None) -> None:
    """An answer that was taken back, of a model that did not see, gives way to the next; an error to what was there."""
    if there is not None:
        SIDECAR.write_bytes(there)
    sidecars.write(line(title="A dog", keywords=["dog", "Sea"]))
    sidecars.write(line(title="A cat", keywords=["cat"]))
    assert b"dog" not in SIDECAR.read_bytes()
    assert b"A cat" in SIDECAR.read_bytes()
    assert (b"<rdf:li>Sea</rdf:li>" in SIDECAR.read_bytes()) is (there is not None)
    sidecars.write(line(error="It does not see."))
    assert (SIDECAR.read_bytes() if SIDECAR.exists() else None) == there
    sidecars.write(line(title="A cat", keywords=["cat"]))
    assert undo(RESULTS).left == []
    assert (SIDECAR.read_bytes() if SIDECAR.exists() else None) == there


def test_one_that_was_taken_back_is_not_written_again(sidecars: XmpSidecars, monkeypatch: pytest.MonkeyPatch) -> None:
    SIDECAR.write_bytes(DARKTABLE)
    told = [line("A dog."), line("A cat."), line("A cow.")]
    for record in told[:2]:
        sidecars.write(record)

    def caught_up(*records: dict[str, Any]) -> list[bytes]:
        made: list[bytes] = []

        def put(path: Path, data: bytes | None) -> None:
            made.append(data or b"")
            undoing.put(path, data)

        with monkeypatch.context() as patched:
            patched.setattr(xmp_sidecars, "put", put)
            sidecars.catch_up(Line(number, record, 0, True) for number, record in enumerate(records))
        return made

    assert caught_up(*told[:2]) == []
    (made,) = caught_up(*told)  # killed before the third was written
    assert b"A cow." in made
    assert b"A cat." not in made


@pytest.mark.parametrize("format", ["txt", "caption"])
def test_the_last_line_of_a_picture_counts_for_text_too(folder: Path, format: SidecarFormat) -> None:
    texts, file = Sidecars(SidecarNames(format=format)), Path(f"photos/a.jpg.{format}")
    texts.write(line("A dog."))
    texts.write(line("A cat."))
    assert file.read_text() == "A cat.\n"
    assert (texts.written, texts.left_alone) == (1, [])
    texts.write(line(error="It does not see."))
    assert not file.exists()
    file.write_text("mine")
    texts.write(line(error="It does not see."))
    assert file.read_text() == "mine"


def test_the_same_answer_writes_nothing(sidecars: XmpSidecars, monkeypatch: pytest.MonkeyPatch) -> None:
    sidecars.write(line())
    monkeypatch.setattr(xmp_sidecars, "put", None)
    sidecars.write(line())
    assert sidecars.written == 1


def test_it_is_written_down_before_the_sidecar_changes(sidecars: XmpSidecars, monkeypatch: pytest.MonkeyPatch) -> None:
    """Killed just before the sidecar is replaced, and killed just before the undo log forgets: nothing is lost."""
    SIDECAR.write_bytes(DARKTABLE)

    def killed(path: Path, data: bytes | None) -> None:
        ((first,),) = sqlite3.connect(undo_path(RESULTS)).execute("SELECT first FROM sidecars").fetchall()
        assert first == DARKTABLE == path.read_bytes()
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(xmp_sidecars, "put", killed)
        with pytest.raises(KeyboardInterrupt):
            sidecars.write(line())
    assert undo(RESULTS).left == []
    assert SIDECAR.read_bytes() == DARKTABLE
    sidecars.write(line())

    def not_forgotten(self: UndoFile, paths: list[Path]) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(undoing.UndoFile, "forget", not_forgotten)
        with pytest.raises(KeyboardInterrupt):
            undo(RESULTS)
    assert SIDECAR.read_bytes() == DARKTABLE
    assert undo(RESULTS).left == []
    assert not undo_path(RESULTS).exists()


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs named pipes")
@pytest.mark.timeout(60)
def test_what_is_no_plain_file_stays(sidecars: XmpSidecars) -> None:
    Path("elsewhere.xmp").write_bytes(DARKTABLE)
    SIDECAR.symlink_to(Path("elsewhere.xmp").absolute())
    sidecars.write(line())
    assert SIDECAR.is_symlink()
    assert Path("elsewhere.xmp").read_bytes() == DARKTABLE
    assert "is a link to" in sidecars.left[SIDECAR]
    for make in (os.mkfifo, os.mkdir):
        SIDECAR.unlink()
        make(SIDECAR)
        sidecars.write(line())
        assert "a folder, a pipe or a device" in sidecars.left[SIDECAR]
    assert not undo_path(RESULTS).exists()


def test_one_that_cannot_be_merged_with_stays(sidecars: XmpSidecars) -> None:
    heard = []
    sidecars.on_left = lambda path, why: heard.append(path)
    SIDECAR.write_bytes(DARKTABLE[:-30])
    sidecars.write(line())
    sidecars.write(line(request="two"))
    assert SIDECAR.read_bytes() == DARKTABLE[:-30]
    assert "not well-formed" in sidecars.left[SIDECAR]
    assert heard == [SIDECAR]


def test_one_that_may_not_be_written_or_is_too_large_stays(
    sidecars: XmpSidecars, monkeypatch: pytest.MonkeyPatch
) -> None:
    SIDECAR.write_bytes(DARKTABLE)
    with monkeypatch.context() as patched:
        patched.setattr(os, "access", lambda path, mode: False)  # root may write everything
        sidecars.write(line())
    assert sidecars.left == {SIDECAR: "is write-protected"}
    monkeypatch.setattr(undoing, "_LARGEST", len(DARKTABLE) - 1)
    sidecars.write(line())
    assert "has more than" in sidecars.left[SIDECAR]
    assert SIDECAR.read_bytes() == DARKTABLE


def test_a_log_that_is_none_stops_before_anything_changes(sidecars: XmpSidecars) -> None:
    SIDECAR.write_bytes(DARKTABLE)
    undo_path(RESULTS).write_text("my notes, which are longer than the header of a database is, by far" * 20)
    with pytest.raises(SidecarError, match="cannot be used"):
        sidecars.write(line())
    assert SIDECAR.read_bytes() == DARKTABLE


@pytest.mark.parametrize(
    ("record", "told"),
    [
        (line(" Two\nlines. "), Descriptive(description="Two\nlines.")),
        (line(title=" ", description=None, keywords=None), Descriptive()),
        (line(keywords="red, circle;Red\n sea"), Descriptive(keywords=("red", "circle", "sea"))),
        (line(keywords=["a  b", "", None, 7, "A B"]), Descriptive(keywords=("a b", "7"))),
        (line(title="T", other="x"), Descriptive(title="T")),
        (line(keywords=["e\u0301", "\u00e9"]), Descriptive(keywords=("e\u0301",))),
    ],
)
def test_what_an_answer_says(record: dict[str, Any], told: Descriptive) -> None:
    assert Descriptive.of(record) == told


@pytest.mark.parametrize(
    ("record", "caption"),
    [
        (line(" Two\n\nlines.\t"), "Two lines."),
        (line(keywords=["red", "circle", "Red"], description="No."), "red, circle"),
        (line(keywords=[], description="A\ncircle."), "A circle."),
        (line('{"keywords": []}', keywords=[]), ""),
        (line('{"colour":\n "red"}', colour="red"), '{"colour": "red"}'),
    ],
)
def test_a_caption_is_one_line(record: dict[str, Any], caption: str) -> None:
    assert caption_of(record) == caption
