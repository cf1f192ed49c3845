"""`--sidecar`: answers as text files, and no file of anyone else written over."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from ollama_embedded import EmbeddedOllama, ScriptedEngine, draw_scene
from tests.support.command_line import CommandLine
from tests.support.describe_cli import lines


def what_was_asked(request: Any) -> str:
    return str(request.prompt)


class TestSidecars:
    def test_beside_each_picture(self, describe: CommandLine, photos: list[str], scripted: EmbeddedOllama) -> None:
        draw_scene("red circle").save("photos/scan.pdf", save_all=True, append_images=[draw_scene("blue star")])
        outcome = describe("photos", "--host", scripted.url, "--sidecar", "txt")
        assert "5 text files written" in outcome.err
        for name in ("0.png.txt", "scan.pdf.page-1.txt", "scan.pdf.page-2.txt"):
            assert Path("photos", name).read_bytes() == b"A plain colour.\n"
        assert len(list(Path("photos").iterdir())) == 9
        assert "5 no picture by its name (.txt 5)" in describe("photos", "--host", scripted.url, "--sidecar", "txt").err

    def test_in_a_folder_like_theirs(self, describe: CommandLine, folder: Path, scripted: EmbeddedOllama) -> None:
        for path in ("a/in/1.png", "b/1.png"):
            Path(path).parent.mkdir(parents=True)
            draw_scene("red circle").save(path)
        describe("a", "--host", scripted.url, "--sidecar-dir", "texts", "--out", "one.jsonl")
        assert [str(file) for file in Path("texts").rglob("*.txt")] == ["texts/in/1.png.txt"]
        describe("a", "b/1.png", "--host", scripted.url, "--sidecar-dir", "all")
        assert sorted(str(file) for file in Path("all").rglob("*.txt")) == ["all/a/in/1.png.txt", "all/b/1.png.txt"]

    def test_by_the_stem(self, describe: CommandLine, photos: list[str], scripted: EmbeddedOllama) -> None:
        draw_scene("red circle").save("photos/scan.pdf", save_all=True, append_images=[draw_scene("blue star")])
        common = ("photos", "--host", scripted.url, "--sidecar-name", "stem")
        assert "5 text files written" in describe(*common, "--sidecar", "txt").err
        assert describe(*common, "--sidecar-dir", "texts").code == 0
        names = ["0.txt", "1.txt", "2.txt", "scan.page-1.txt", "scan.page-2.txt"]
        assert sorted(file.name for file in Path("photos").glob("*.txt")) == names
        assert sorted(str(file.relative_to("texts")) for file in Path("texts").rglob("*.txt")) == names

    @pytest.mark.parametrize("other", ["0.webp", "0.PNG", "0.pdf"])
    def test_two_of_one_stem_are_refused_before_anything_is_asked(
        self, describe: CommandLine, photos: list[str], scripted: EmbeddedOllama, other: str
    ) -> None:
        draw_scene("red circle").save(Path("photos", other))
        for more in (["--dry-run"], []):
            outcome = describe("photos", "--host", scripted.url, "--sidecar-name", "stem", *more)
            assert outcome.code == 2
            assert "would have the same text file photos/0.txt" in outcome.err
        assert scripted.asked == []
        assert describe("photos", "--host", scripted.url, "--sidecar-name", "stem", "--exclude", other).code == 0

    def test_files_of_others_stay(self, describe: CommandLine, photos: list[str], scripted: EmbeddedOllama) -> None:
        Path("photos/1.png.txt").write_text("my notes")
        outcome = describe("photos", "--host", scripted.url, "--sidecar", "txt")
        assert outcome.code == 0
        assert Path("photos/1.png.txt").read_text() == "my notes"
        assert "stay as they are: photos/1.png.txt" in outcome.err
        assert "2 text files written" in outcome.err

    @pytest.mark.parametrize("how", ["--restart", "--append"])
    def test_ours_are_renewed_unless_edited(self, describe: CommandLine, photos: list[str], how: str) -> None:
        with EmbeddedOllama(engine=ScriptedEngine(what_was_asked)) as server:
            common = ["photos", "--host", server.url, "--sidecar", "txt"]
            describe(*common, "--prompt", "First.")
            Path("photos/1.png.txt").write_text("First, mended.")
            describe(*common, "--prompt", "Second.", how)
        texts = [Path(f"photos/{number}.png.txt").read_text() for number in range(3)]
        assert texts == ["Second.\n", "First, mended.", "Second.\n"]

    def test_what_is_missing_is_written_later(
        self, describe: CommandLine, photos: list[str], scripted: EmbeddedOllama
    ) -> None:
        describe("photos", "--host", scripted.url)
        Path("photos/0.png.txt").write_text("A pl")
        assert describe("photos", "--host", scripted.url, "--sidecar", "txt").code == 0
        assert {file.read_text() for file in Path("photos").glob("*.txt")} == {"A plain colour.\n"}
        assert len(scripted.asked) == 3

    def test_a_folder_that_cannot_be_written_stops_the_run(
        self, describe: CommandLine, photos: list[str], scripted: EmbeddedOllama
    ) -> None:
        Path("texts").write_text("a file, no folder")
        outcome = describe("photos", "--host", scripted.url, "--sidecar-dir", "texts/in")
        assert outcome.code == 2
        assert "--sidecar-dir" in outcome.err
        assert not any(line["error"] for line in lines())
