"""`describe` knows a picture by its bytes: touched, moved, renamed or copied, it keeps its answer, unasked."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from ollama_embedded import EmbeddedOllama, ScriptedEngine, draw_scene
from tests.support.command_line import CommandLine
from tests.support.describe_cli import draw_folder, lines, paths, wrong_lines


def test_half_a_folder_renamed_keeps_the_right_answers(describe: CommandLine, folder: Path) -> None:
    scenes = draw_folder(folder / "pics", 6)
    with EmbeddedOllama() as server:
        assert describe("pics", "--host", server.url).code == 0
        assert wrong_lines(lines(), scenes) == []
        asked = len(server.requests)
        # In a circle, so that every name that is left stands for other bytes than before.
        names = sorted(scenes)[::2]
        held = {name: (Path(name).read_bytes(), scenes[name]) for name in names}
        for name, other in zip(names, [*names[1:], "pics/new.png"], strict=True):
            Path(other).write_bytes(held[name][0])
            scenes[other] = held[name][1]
        Path(names[0]).unlink()
        del scenes[names[0]]
        outcome = describe("pics", "--host", server.url, "--prune")
        assert outcome.code == 0
        assert "3 pictures known by their bytes" in " ".join(outcome.err.split())
        asked_since = [request for request in server.requests[asked:] if request.path.startswith("/api/generate")]
    assert asked_since == []
    assert wrong_lines(lines(), scenes) == []


def test_a_touch_is_no_change(describe: CommandLine, photos: list[str], scripted: EmbeddedOllama) -> None:
    describe("photos", "--host", scripted.url)
    before = lines()
    os.utime(photos[2], ns=(0, 0))
    outcome = describe("photos", "--host", scripted.url)
    assert (outcome.code, len(scripted.asked), sorted(paths())) == (0, 3, photos)
    assert "1 picture known by its bytes" in " ".join(outcome.err.split())
    assert "has changed" not in outcome.err
    (line,) = [line for line in lines() if line["path"] == photos[2]]
    (old,) = [line for line in before if line["path"] == photos[2]]
    assert line == {**old, "modified": "1970-01-01T00:00:00.000000+00:00"}


def test_other_paths_to_the_same_folder_and_a_moved_one(
    describe: CommandLine, photos: list[str], scripted: EmbeddedOllama
) -> None:
    describe("photos", "--host", scripted.url)
    assert describe(Path("photos").absolute(), "--host", scripted.url).code == 0
    Path("photos").rename("moved")
    outcome = describe("moved", "--host", scripted.url)
    assert len(scripted.asked) == 3
    assert len(lines()) == 9
    assert "6 lines of pictures that are not there any more: --prune takes them out." in " ".join(outcome.err.split())
    outcome = describe("moved", "--host", scripted.url, "--prune")
    assert "6 lines of pictures that are not there any more taken out." in " ".join(outcome.err.split())
    assert sorted(paths()) == ["moved/0.png", "moved/1.png", "moved/2.png"]
    assert "not there" not in describe("moved", "--host", scripted.url).err


def whole_disk(photos: list[str]) -> None:
    Path("disk/pictures").mkdir(parents=True)
    for photo in photos:
        Path(photo).rename(Path("disk/pictures") / Path(photo).name)
    draw_scene("red circle", size=(40, 40)).save("photos/other.png")


def leave_an_empty_folder() -> None:
    shutil.rmtree("disk/pictures")
    Path("disk/pictures").mkdir()


def leave_a_link_that_leads_to_nothing() -> None:
    shutil.rmtree("disk/pictures")
    Path("disk/pictures").symlink_to("/nowhere")


AWAY: dict[str, Callable[[], None]] = {
    "mount point of the folder": lambda: shutil.rmtree("disk/pictures"),
    "mount point of the pictures": leave_an_empty_folder,
    "link": leave_a_link_that_leads_to_nothing,
}


@pytest.mark.parametrize("how", AWAY)
def test_a_disk_that_is_not_connected_is_not_pruned(
    describe: CommandLine, photos: list[str], scripted: EmbeddedOllama, how: str
) -> None:
    whole_disk(photos)
    assert describe("disk", "photos", "--host", scripted.url).code == 0
    before = Path("results.jsonl").read_bytes()
    AWAY[how]()
    for more in (["--dry-run"], []):
        outcome = describe("photos", "--host", scripted.url, "--prune", *more)
        assert outcome.code == 2
        assert "--prune would take 3 answers out of results.jsonl" in outcome.err
        assert "Is the disk connected? Nothing was changed." in outcome.err
        assert Path("results.jsonl").read_bytes() == before
    assert describe("photos", "--host", scripted.url).code == 0
    assert len(scripted.asked) == 4


def test_a_missing_mount_point_beside_nothing_else_is_not_pruned(
    describe: CommandLine, photos: list[str], scripted: EmbeddedOllama
) -> None:
    whole_disk(photos)
    Path("media").mkdir()
    Path("disk").rename("media/disk")
    assert describe("media/disk", "photos", "--host", scripted.url).code == 0
    shutil.rmtree("media/disk")
    outcome = describe("photos", "--host", scripted.url, "--prune")
    assert outcome.code == 2
    assert f"{Path('media').absolute()} any more" in outcome.err


def test_deleted_pictures_and_folders_are_pruned(
    describe: CommandLine, photos: list[str], scripted: EmbeddedOllama
) -> None:
    whole_disk(photos)
    describe("disk", "photos", "--host", scripted.url)
    Path("disk/pictures/1.png").unlink()
    outcome = describe("disk", "photos", "--host", scripted.url, "--prune")
    assert (outcome.code, len(lines())) == (0, 3)
    shutil.rmtree("disk")  # beside `photos`, of which lines are there
    outcome = describe("photos", "--host", scripted.url, "--prune")
    assert (outcome.code, paths()) == (0, ["photos/other.png"])


def test_what_was_moved_to_another_disk_is_pruned(
    describe: CommandLine, photos: list[str], scripted: EmbeddedOllama
) -> None:
    whole_disk(photos)
    describe("disk", "--host", scripted.url)
    shutil.move("disk/pictures", "elsewhere")
    outcome = describe("elsewhere", "--host", scripted.url, "--prune")
    assert (outcome.code, len(scripted.asked)) == (0, 3)
    assert sorted(paths()) == ["elsewhere/0.png", "elsewhere/1.png", "elsewhere/2.png"]


def test_another_request_is_asked_whatever_the_bytes(
    describe: CommandLine, photos: list[str], scripted: EmbeddedOllama
) -> None:
    describe("photos", "--host", scripted.url)
    Path("photos").rename("moved")
    describe("moved", "--host", scripted.url, "--detail", "low", "--append")
    assert len(scripted.asked) == 6


def test_pages_of_a_document_keep_their_answers(describe: CommandLine, folder: Path, scripted: EmbeddedOllama) -> None:
    pages = [draw_scene("red circle") for _ in range(3)]
    pages[0].save("a.pdf", save_all=True, append_images=pages[1:])
    describe("a.pdf", "--host", scripted.url, "--limit", 2)
    Path("a.pdf").rename("b.pdf")
    assert describe("b.pdf", "--host", scripted.url, "--prune").code == 0
    assert len(scripted.asked) == 3
    assert sorted((line["path"], line["page"]) for line in lines()) == [("b.pdf", 1), ("b.pdf", 2), ("b.pdf", 3)]


def test_equal_bytes_in_one_run_are_asked_once(
    describe: CommandLine, photos: list[str], scripted: EmbeddedOllama
) -> None:
    for number in range(3):
        shutil.copy(photos[0], f"photos/copy{number}.png")
    dry = describe("photos", "--host", scripted.url, "--dry-run")
    assert "3 files with the same bytes as another" in dry.out
    assert "3 questions about 3 files" in dry.out
    outcome = describe("photos", "--host", scripted.url)
    assert (outcome.code, len(scripted.asked)) == (0, 3)
    assert "3 copies of 1 picture were not asked again." in " ".join(outcome.err.split())
    assert sorted(paths()) == sorted([*photos, *(f"photos/copy{number}.png" for number in range(3))])
    copies = [line for line in lines() if "same_as" in line]
    assert [line["same_as"] for line in copies] == [photos[0]] * 3
    assert [(line["seconds"], line["waited"]) for line in copies] == [(0.0, 0.0)] * 3
    assert all(line["text"] and not line["usage"] and line["path"] != photos[0] for line in copies)
    assert "6 done before" in describe("photos", "--host", scripted.url).err
    assert len(scripted.asked) == 3


def test_what_failed_names_each_copy(describe: CommandLine, photos: list[str], scripted: EmbeddedOllama) -> None:
    Path(photos[0]).write_bytes(Path(photos[0]).read_bytes()[:-30])
    shutil.copy(photos[0], "photos/copy.png")
    assert describe("photos", "--host", scripted.url).code == 1
    failed = {line["path"]: line["error"]["message"] for line in lines() if line["error"]}
    assert set(failed) == {photos[0], "photos/copy.png"}
    assert all(message.startswith(path) for path, message in failed.items())
    assert len(lines()) == 4


def test_only_what_may_be_known_is_read(
    describe: CommandLine, photos: list[str], scripted: EmbeddedOllama, monkeypatch: pytest.MonkeyPatch
) -> None:
    describe("photos", "--host", scripted.url)
    read: list[str] = []

    def see(path: Path) -> str:
        read.append(str(path))
        return ""

    monkeypatch.setattr("ollama_vision.batch.results.known_by_bytes.hash_of", see)
    draw_scene("red circle").save("photos/new.png")
    assert describe("photos", "--host", scripted.url).code == 0
    assert read == []
    os.utime(photos[1], ns=(0, 0))
    assert describe("photos", "--host", scripted.url).code == 0
    assert set(read) == {photos[1]}


def test_a_run_killed_before_its_copies_does_not_ask_again(describe: CommandLine, photos: list[str]) -> None:
    shutil.copy(photos[0], "photos/copy.png")
    with EmbeddedOllama(engine=ScriptedEngine("A colour.")) as server:
        describe("photos", "--host", server.url)
        kept = [line for line in Path("results.jsonl").read_bytes().splitlines(True) if b"same_as" not in line]
        Path("results.jsonl").write_bytes(b"".join(kept))
        describe("photos", "--host", server.url)
        assert len(server.asked) == 3
    assert len(lines()) == 4


def same_as() -> dict[str, str | None]:
    return {line["path"]: line.get("same_as") for line in lines()}


def test_the_limit_does_not_have_copies_asked(
    describe: CommandLine, photos: list[str], scripted: EmbeddedOllama
) -> None:
    """They count as pictures, and what stands behind the limit is not read."""
    shutil.copy(photos[0], "photos/0b.png")
    shutil.copy(photos[1], "photos/9.png")
    dry = describe("photos", "--host", scripted.url, "--limit", 3, "--dry-run")
    assert "2 questions about 2 files" in dry.out
    assert describe("photos", "--host", scripted.url, "--limit", 3).code == 0
    assert same_as() == {photos[0]: None, "photos/0b.png": photos[0], photos[1]: None}
    assert len(scripted.asked) == 2
    assert describe("photos", "--host", scripted.url).code == 0
    assert (len(scripted.asked), same_as()["photos/9.png"]) == (3, photos[1])


def test_pages_of_a_copy_follow_whichever_comes_first(
    describe: CommandLine, folder: Path, scripted: EmbeddedOllama
) -> None:
    pages = [draw_scene("red circle") for _ in range(3)]
    pages[0].save("a.pdf", save_all=True, append_images=pages[1:])
    shutil.copy("a.pdf", "b.pdf")
    outcome = describe("a.pdf", "b.pdf", "--host", scripted.url, "--limit", 4)
    assert (outcome.code, len(scripted.asked)) == (0, 3)
    assert sorted((line["path"], line["page"], line.get("same_as")) for line in lines()) == [
        *(("a.pdf", page, None) for page in (1, 2, 3)),
        *(("b.pdf", page, "a.pdf") for page in (1, 2, 3)),
    ]
    assert "3 copies of 3 pictures were not asked again." in " ".join(outcome.err.split())


def test_a_copy_that_comes_later_names_the_picture(
    describe: CommandLine, photos: list[str], scripted: EmbeddedOllama
) -> None:
    describe("photos", "--host", scripted.url)
    shutil.copy(photos[0], "photos/later.png")
    assert describe("photos", "--host", scripted.url).code == 0
    shutil.copy("photos/later.png", "photos/much later.png")
    os.utime("photos/later.png", ns=(0, 0))
    assert describe("photos", "--host", scripted.url).code == 0
    assert len(scripted.asked) == 3
    told = {line["path"]: line for line in lines()}
    assert told["photos/later.png"]["same_as"] == told["photos/much later.png"]["same_as"] == photos[0]
    assert (told["photos/later.png"]["usage"], told["photos/later.png"]["seconds"]) == ({}, 0.0)
    assert "same_as" not in told[photos[0]]


def test_a_copy_in_another_folder_names_the_picture_that_is_still_there(
    describe: CommandLine, photos: list[str], scripted: EmbeddedOllama
) -> None:
    """Each folder is asked about in a run of its own, as what comes into one that is watched."""
    describe("photos", "--host", scripted.url)
    Path("mailed").mkdir()
    shutil.copy(photos[0], "mailed/copy.png")
    Path(photos[1]).rename("mailed/moved.png")
    assert describe("mailed", "--host", scripted.url).code == 0
    told = {line["path"]: line for line in lines()}
    assert told["mailed/copy.png"]["same_as"] == photos[0]
    assert (told["mailed/copy.png"]["usage"], told["mailed/copy.png"]["seconds"]) == ({}, 0.0)
    assert "same_as" not in told["mailed/moved.png"]
    assert told["mailed/moved.png"]["usage"]
    assert len(scripted.asked) == 3


def test_in_a_renamed_folder_copies_name_the_picture_by_its_new_name(
    describe: CommandLine, photos: list[str], scripted: EmbeddedOllama
) -> None:
    shutil.copy(photos[0], "photos/copy.png")
    describe("photos", "--host", scripted.url)
    Path("photos").rename("moved")
    assert describe("moved", "--host", scripted.url, "--prune").code == 0
    assert same_as() == {
        "moved/0.png": None,
        "moved/1.png": None,
        "moved/2.png": None,
        "moved/copy.png": "moved/0.png",
    }
    told = {line["path"]: line for line in lines()}
    assert told["moved/0.png"]["usage"]
    assert not told["moved/copy.png"]["usage"]
    assert len(scripted.asked) == 3
