"""Which files are taken of folders and globs, in which order, and what is left out and why."""

from __future__ import annotations

import inspect
import os
import sys
from pathlib import Path
from typing import Any

import pytest

from ollama_vision.errors import MissingExtraError
from ollama_vision.pictures.formats.kinds import PICTURE_SUFFIXES, VIDEO_SUFFIXES
from tests.support.listed_files import fill, find, names, said

# One list for the code and for the tests that it is the right one: test_format_lists.py.
FORMATS = sorted(suffix.removeprefix(".") for suffix in PICTURE_SUFFIXES)
VIDEOS = sorted(suffix.removeprefix(".") for suffix in VIDEO_SUFFIXES)


class TestFolders:
    def test_every_format_by_its_suffix_in_any_case(self, folder: Path) -> None:
        fill(folder, *(f"a.{suffix}" for suffix in FORMATS), "B.JPG", "C.Heic")
        fill(folder, *(f"v.{suffix}" for suffix in VIDEOS), "notes.txt", "noSuffix")
        found = find(folder)
        assert set(names(found)) == {f"photos/a.{suffix}" for suffix in FORMATS} | {"photos/B.JPG", "photos/C.Heic"}
        assert found.left_out == {"video (only with videos=True)": len(VIDEOS), "no picture by its name": 2}
        assert len(find(folder, videos=True).files) == len(FORMATS) + 2 + len(VIDEOS)

    def test_suffixes_of_what_is_left_out_are_named(self, folder: Path) -> None:
        fill(folder, "a.png", "1.MP2", "2.mp2", "1.xmp", "README")
        found = find(folder)
        assert found.left_out == {"no picture by its name": 4}
        assert found.suffixes == {".mp2": 2, ".xmp": 1, "": 1}
        assert found.reasons() == {"no picture by its name (.mp2 2, none 1, .xmp 1)": 4}
        fill(folder, *(f"{number}.s{number}" for number in range(20)))
        assert "1, 13 others 13" in next(iter(find(folder).reasons()))
        (folder / "a.png").unlink()
        assert "2 no picture by its name (none 1, .xmp 1)" in said("photos/*[!0-9]")

    def test_by_name_with_numbers_by_value(self, folder: Path) -> None:
        fill(folder, "10.png", "9.png", "a10/1.png", "A9/2.png", "b.png", "A9/10.png", "A9/3.png", "009.png")
        assert [name.removeprefix("photos/") for name in names(find(folder))] == [
            "009.png", "9.png", "10.png", "A9/2.png", "A9/3.png", "A9/10.png", "a10/1.png", "b.png",
        ]  # fmt: skip

    def test_size_date_and_root_are_those_of_the_file(self, folder: Path) -> None:
        fill(folder, "deep/a.png")
        os.utime(folder / "deep/a.png", ns=(1, 1_700_000_000_123_456_789))
        (file,) = find(str(folder)).files
        assert (file.size, file.modified_ns, file.root) == (1, 1_700_000_000_123_456_789, folder)
        assert file.path.relative_to(file.root).as_posix() == "deep/a.png"

    def test_what_nobody_means_is_left_out_and_counted(self, folder: Path) -> None:
        fill(folder, "a.png", ".b.png", "._a.png", ".git/c.png", "@eaDir/a.png", "x/@eaDir/b.png", "Thumbs.db")
        fill(folder, "desktop.ini", "__MACOSX/._a.png")
        (folder / "empty.png").write_bytes(b"")
        found = find(folder)
        # An empty one is sent, and is an error then: its name must not get lost.
        assert names(found) == ["photos/a.png", "photos/empty.png"]
        assert found.left_out == {
            "hidden": 2,
            "hidden folder": 1,
            "folder made by the system": 3,
            "made by the system": 2,
        }

    def test_a_hidden_folder_that_is_named_is_meant(self, folder: Path) -> None:
        fill(folder, ".secret/a.png")
        assert names(find(folder / ".secret")) == ["photos/.secret/a.png"]

    def test_not_recursive(self, folder: Path) -> None:
        fill(folder, "a.png", "deep/b.png")
        found = find(folder, recursive=False)
        assert (names(found), found.left_out) == (["photos/a.png"], {"folder (recursive=False)": 1})

    def test_without_a_picture_it_is_an_error_that_says_what_is_there(self, folder: Path) -> None:
        fill(folder, "a.txt", "b.txt", ".c.png")
        text = said([folder])
        assert "photos is a folder without a picture (left out: " in text
        assert "2 no picture by its name" in text
        assert "1 hidden" in text
        assert "videos=True" in text

    def test_one_without_a_picture_among_others(self, folder: Path) -> None:
        fill(folder, "a/1.png", "b/2.txt")
        assert "photos/b is a folder without a picture" in said([folder / "a", folder / "b"])

    def test_a_tree_deeper_than_python_s_stack(self, folder: Path) -> None:
        fill(folder, "d/" * 200 + "a.png")
        limit = sys.getrecursionlimit()
        sys.setrecursionlimit(len(inspect.stack()) + 100)
        try:
            found = find(folder)
        finally:
            sys.setrecursionlimit(limit)
        assert len(names(found)[0].split("/")) == 202


class TestOnce:
    def test_each_file_once_in_the_order_of_the_arguments(self, folder: Path) -> None:
        fill(folder, "a.png", "b.png", "c/d.png")
        found = find(["photos/c", "photos/b.png", folder, "photos/c/d.png", folder.resolve(), "photos/*.png"])
        assert names(found) == ["photos/c/d.png", "photos/b.png", "photos/a.png"]

    def test_links_do_not_lead_in_circles(self, folder: Path) -> None:
        fill(folder, "a/1.png", "b/2.png")
        for name, target in (("a/up", ".."), ("a/b", "../b"), ("b/a", "../a"), ("self", "."), ("a/me", "me")):
            (folder / name).symlink_to(target)
        found = find(folder)
        assert sorted(file.path.name for file in found.files) == ["1.png", "2.png"]
        assert sorted(file.path.name for file in find("photos/**/*.png").files) == ["1.png", "2.png"]

    def test_a_link_to_a_file_is_that_file(self, folder: Path) -> None:
        fill(folder, "a.png", "elsewhere/b.png")
        (folder / "b.png").symlink_to("elsewhere/b.png")
        found = find(folder)
        assert names(found) == ["photos/a.png", "photos/b.png"]

    def test_a_link_that_leads_nowhere_was_wanted_where_it_may_be_a_picture_or_a_folder(self, folder: Path) -> None:
        fill(folder, "a.png")
        for name in ("gone.png", "album", "notes.txt", ".hidden", "out.png"):
            (folder / name).symlink_to("nowhere")
        found = find(folder, exclude=["out.png"])
        assert names(found) == ["photos/a.png"]
        why = "link that leads nowhere: No such file or directory"
        assert found.unread == (("photos/album", why), ("photos/gone.png", why))
        assert set(found.unread) < set(found.left_out_paths)
        assert found.left_out["link that leads nowhere"] == 2
        assert dict(find(folder, include=["a*"]).unread) == {"photos/album": why}

    def test_a_file_that_was_removed_meanwhile_is_not_missed(self, folder: Path, monkeypatch: Any) -> None:
        fill(folder, "a.png", "b.png")
        scandir = os.scandir

        def removed(path: Any) -> Any:
            entries = scandir(path)
            (folder / "b.png").unlink()
            return entries

        monkeypatch.setattr(os, "scandir", removed)
        found = find(folder)
        assert (names(found), found.unread) == (["photos/a.png"], ())

    def test_two_names_of_the_same_bytes_are_two_files(self, folder: Path) -> None:
        fill(folder, "a.png")
        os.link(folder / "a.png", folder / "b.png")
        assert len(find(folder).files) == 2


class TestNamed:
    def test_a_file_is_taken_whatever_its_name(self, folder: Path) -> None:
        fill(folder, "a.dat", ".hidden", "b.mp4")
        (folder / "empty").write_bytes(b"")
        paths = ["photos/a.dat", "photos/.hidden", "photos/b.mp4", "photos/empty"]
        found = find(paths)
        assert names(found) == paths
        assert {file.root for file in found.files} == {folder}

    def test_what_is_not_there(self, folder: Path) -> None:
        text = said("photos/a.png")
        assert "photos/a.png does not exist. A relative path starts at the working directory, which is" in text
        assert "does not exist" in said([folder / "no" / "folder"])

    def test_nothing_at_all(self) -> None:
        assert "no path to read" in said([])

    def test_a_pipe(self, folder: Path) -> None:
        os.mkfifo(folder / "pipe.png")
        fill(folder, "a.png")
        assert "is a pipe or a device" in said(folder / "pipe.png")
        assert find(folder).left_out == {"pipe or device": 1}

    def test_the_home_folder(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        fill(folder, "a.png")
        monkeypatch.setenv("HOME", str(folder.resolve()))
        assert [file.path for file in find("~/a.png").files] == [folder.resolve() / "a.png"]


class TestFaults:
    def test_a_folder_that_cannot_be_read(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        fill(folder, "a.png", "locked/b.png")
        scandir = os.scandir

        def locked(path: Any) -> Any:
            if os.fspath(path).endswith("locked"):
                raise PermissionError(13, "Permission denied", path)
            return scandir(path)

        monkeypatch.setattr(os, "scandir", locked)
        text = said(folder)
        assert "photos/locked is a folder that cannot be read: Permission denied" in text
        assert "exclude=['locked']" in text
        found = find(folder, on_error="keep")
        assert (names(found), found.left_out) == (["photos/a.png"], {"folder that cannot be read": 1})
        assert found.unread == (("photos/locked", "folder that cannot be read: Permission denied"),)
        (folder / "a.png").unlink()
        assert "; photos/locked: folder that cannot be read: Permission denied)" in said(folder, on_error="keep")
        fill(folder, "a.png")
        assert len(find(folder, exclude=["locked"]).files) == 1
        assert "cannot be read" in said(folder / "locked", on_error="keep")

    @pytest.mark.parametrize(
        ("package", "extra", "files", "globs"),
        [
            ("pillow_heif", "heif", ["a.heic", "b.HEIC", "c.heif"], "'*.heic', '*.heif'"),
            ("pypdfium2", "pdf", ["a.pdf", "b.pdf", "c.pdf"], "'*.pdf'"),
            ("av", "video", ["a.mp4", "b.mp4", "c.mkv"], "'*.mkv', '*.mp4'"),
        ],
    )
    def test_a_missing_extra(
        self, folder: Path, monkeypatch: pytest.MonkeyPatch, package: str, extra: str, files: list[str], globs: str
    ) -> None:
        fill(folder, "x.png", *files)
        monkeypatch.setitem(sys.modules, package, None)
        with pytest.raises(MissingExtraError) as caught:
            find(folder, videos=True)
        assert caught.value.extra == extra
        text = str(caught.value)
        assert f"3 of the 4 files ({globs}) need the package {package.replace('_', '-')}" in text
        assert f"ollama-vision[{extra}]" in text
        assert f"exclude=[{globs}]" in text
        exclude = [glob.strip("' ") for glob in globs.split(",")]
        assert names(find(folder, videos=True, exclude=exclude)) == ["photos/x.png"]

    def test_no_file_is_opened(self, folder: Path) -> None:
        fill(folder, "a.png")
        (folder / "a.png").chmod(0)
        opened: list[Any] = []
        watching = True

        def note(event: str, arguments: tuple[Any, ...]) -> None:
            if watching and event == "open":
                opened.append(arguments[0])

        sys.addaudithook(note)
        find(folder)
        watching = False
        assert [path for path in opened if str(path).endswith("a.png")] == []
        assert opened == []
