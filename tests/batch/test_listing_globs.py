"""Globs, `include` and `exclude`: which names they mean."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from ollama_vision.batch.finding.globs import Globs
from tests.support.listed_files import fill, find, names, said


class TestGlobs:
    @pytest.mark.parametrize(
        ("glob", "wanted"),
        [
            ("photos/*.png", ["1.png", "2.PNG"]),
            ("photos/*.jpg", ["x.jpg"]),
            ("photos/?.png", ["1.png", "2.PNG"]),
            ("photos/[1]*", ["1.png"]),
            ("photos/[!1]*.png", ["2.PNG"]),
            ("photos/20*/*.jpg", ["2024/a.jpg", "2025/b.jpg"]),
            ("photos/20*", ["2024/a.jpg", "2024/deep/c.jpg", "2025/b.jpg"]),
            ("photos/**/*.jpg", ["2024/a.jpg", "2024/deep/c.jpg", "2025/b.jpg", "other/d.jpg", "x.jpg"]),
            ("photos/**/deep/*", ["2024/deep/c.jpg"]),
            ("*/other", ["other/d.jpg"]),
            ("./photos/other/*", ["other/d.jpg"]),
        ],
    )
    def test_fit_what_they_say(self, folder: Path, glob: str, wanted: list[str]) -> None:
        fill(folder, "1.png", "2.PNG", "2024/a.jpg", "2024/deep/c.jpg", "2025/b.jpg", "other/d.jpg", "x.txt", "x.jpg")
        assert [name.removeprefix("photos/") for name in names(find(glob))] == wanted

    def test_absolute(self, folder: Path) -> None:
        fill(folder, "a.png")
        (file,) = find(f"{folder.resolve()}/*.png").files
        assert (file.path, file.root) == (folder.resolve() / "a.png", folder.resolve())

    def test_leave_out_what_is_no_picture(self, folder: Path) -> None:
        fill(folder, "a.png", "a.txt", ".b.png", "b.mp4")
        found = find("photos/*")
        assert names(found) == ["photos/a.png"]
        assert found.left_out == {"no picture by its name": 1, "hidden": 1, "video (only with videos=True)": 1}
        assert names(find("photos/*.txt", include=["*.txt"])) == ["photos/a.txt"]

    def test_look_into_no_folder_that_cannot_fit(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        fill(folder, "a/1.png", "b/2.png", "a/deep/3.png")
        looked: list[str] = []
        scandir = os.scandir

        def watched(path: Any) -> Any:
            looked.append(os.fspath(path))
            return scandir(path)

        monkeypatch.setattr(os, "scandir", watched)
        assert names(find("photos/a/*.png")) == ["photos/a/1.png"]
        assert names(find("photos/[a]/*.png")) == ["photos/a/1.png"]
        assert looked == ["photos/a", "photos", "photos/a"]

    def test_a_file_of_that_very_name_comes_first(self, folder: Path) -> None:
        fill(folder, "a[1].png", "a1.png", "[b]/c.png")
        assert names(find("photos/a[1].png")) == ["photos/a[1].png"]
        assert names(find("photos/[b]")) == ["photos/[b]/c.png"]

    @pytest.mark.parametrize("glob", ["photos/*.gif", "nowhere/*.png", "photos/no*/*"])
    def test_that_fit_nothing(self, folder: Path, glob: str) -> None:
        fill(folder, "a.png")
        assert f"{glob} fits no picture" in said(glob)

    def test_without_recursion_still_go_where_they_say(self, folder: Path) -> None:
        fill(folder, "a/1.png", "a/deep/2.png")
        assert names(find("photos/*/*.png", recursive=False)) == ["photos/a/1.png"]
        assert len(names(find("photos/**/*.png", recursive=False))) == 2


class TestIncludeAndExclude:
    @pytest.mark.parametrize(
        ("exclude", "left"),
        [
            (["*.png"], ["a.jpg", "drafts/c.jpg"]),
            (["*.PNG", "drafts"], ["a.jpg"]),
            (["drafts/"], ["a.jpg", "b.png", "old/drafts.png"]),
            (["drafts/*"], ["a.jpg", "b.png", "old/drafts/e.png", "old/drafts.png"]),
            (["photos/drafts/**"], ["a.jpg", "b.png", "old/drafts/e.png", "old/drafts.png"]),
            (["old/**/e.*"], ["a.jpg", "b.png", "drafts/c.jpg", "drafts/d.png", "old/drafts.png"]),
            (["old/*.png"], ["a.jpg", "b.png", "drafts/c.jpg", "drafts/d.png", "old/drafts/e.png"]),
            (["[a-c]*"], ["drafts/d.png", "old/drafts/e.png", "old/drafts.png"]),
        ],
    )
    def test_exclude(self, folder: Path, exclude: list[str], left: list[str]) -> None:
        fill(folder, "a.jpg", "b.png", "drafts/c.jpg", "drafts/d.png", "old/drafts.png", "old/drafts/e.png")
        found = find(folder, exclude=exclude)
        assert [name.removeprefix("photos/") for name in names(found)] == left
        assert sum(count for reason, count in found.left_out.items() if "excluded" in reason) > 0

    def test_exclude_holds_for_what_is_named_too(self, folder: Path) -> None:
        fill(folder, "a.png", "b.heic")
        found = find(["photos/a.png", "photos/b.heic"], exclude=["*.heic"])
        assert (names(found), found.left_out) == (["photos/a.png"], {"excluded": 1})

    def test_include_takes_these_whatever_their_suffix_and_no_others(self, folder: Path) -> None:
        fill(folder, "a.png", "b.DAT", "deep/c.dat", ".d.dat", "v.mp4")
        found = find(folder, include=["*.dat", "*.mp4"], exclude=["deep"])
        assert names(found) == ["photos/b.DAT", "photos/v.mp4"]
        assert found.left_out == {"not included": 1, "hidden": 1, "excluded folder": 1}

    def test_letters_that_mean_something_elsewhere(self) -> None:
        globs = Globs(["a+(b).png", "[]x].png", "[^y].gif", "[z"])
        assert globs.fit("a+(b).png")
        assert globs.fit("].png")
        assert globs.fit("x.gif")
        assert globs.fit("[z")
        assert not globs.fit("y.gif")
        assert not globs.fit("aab.png")


class TestAccents:
    """macOS stores names decomposed, keyboards compose them: to people they are one name."""

    DECOMPOSED, COMPOSED = "Prive\u0301", "Priv\u00e9"

    @pytest.mark.parametrize(("stored", "typed"), [(DECOMPOSED, COMPOSED), (COMPOSED, DECOMPOSED)])
    def test_what_is_excluded_is_left_out_however_its_accents_are_stored(
        self, folder: Path, stored: str, typed: str
    ) -> None:
        fill(folder, f"{stored}/contract.png", f"x-{stored}.png", "a.png")
        assert names(find(folder, exclude=(typed, f"*{typed.upper()}.png"))) == ["photos/a.png"]
        assert len(find(folder, include=(f"*{typed}.png",)).files) == 1
        assert len(find(f"photos/*{typed}*").files) == 2
        assert len(find(f"photos/{typed}*/*.png").files) == 1
