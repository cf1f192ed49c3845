"""What lies below a root is read, and nothing else: links, `..`, files exchanged between the look and the opening."""

from __future__ import annotations

import os
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ollama_vision.errors import ImageError
from ollama_vision.mcp import roots as roots_module
from ollama_vision.mcp.roots import Roots

pytestmark = pytest.mark.skipif(os.name == "nt", reason="links and pipes of POSIX")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A root with pictures, beside it what is none of the agent's business."""
    root = tmp_path / "root"
    (root / "in").mkdir(parents=True)
    (root / "a.png").write_bytes(b"a")
    (root / "in" / "b.png").write_bytes(b"b")
    (tmp_path / "beside").mkdir()
    (tmp_path / "beside" / "secret.png").write_bytes(b"secret")
    return root


def read(roots: Roots, path: str | Path) -> bytes:
    descriptor = roots.open(str(path))
    with os.fdopen(descriptor, "rb") as file:
        return file.read()


@pytest.mark.parametrize("named", ["in/b.png", "./in/../in/b.png", "{root}/in/b.png", "file://{root}/in/b.png"])
def test_what_is_below_a_root_is_found_and_read(folder: Path, named: str) -> None:
    roots = Roots.of([folder])
    found = roots.find(named.format(root=folder))
    assert found == folder / "in" / "b.png"
    assert read(roots, found) == b"b"


def test_a_root_may_be_named_by_a_link(folder: Path, tmp_path: Path) -> None:
    link = tmp_path / "link"
    link.symlink_to(folder)
    assert Roots.of([link]).find(str(link / "a.png")) == folder / "a.png"


def test_links_within_the_roots_are_followed(folder: Path) -> None:
    (folder / "inner").symlink_to("in")
    (folder / "other.png").symlink_to(folder / "inner" / "b.png")
    roots = Roots.of([folder])
    assert read(roots, roots.find("other.png")) == b"b"
    assert read(roots, folder / "other.png") == b"b"


@pytest.mark.parametrize(
    "named",
    [
        "../beside/secret.png",
        "{root}/../beside/secret.png",
        "{beside}/secret.png",
        "{beside}/not there.png",
        "file://{beside}/secret.png",
        "file://{root}/%2e%2e/beside/secret.png",
        "{root}-more/c.png",
        "file.png",
        "out/secret.png",
        "/",
        "/etc",
    ],
)
def test_what_is_elsewhere_is_refused_alike_whether_it_is_there_or_not(folder: Path, named: str) -> None:
    beside = folder.parent / "beside"
    (folder.parent / "root-more").mkdir()
    (folder.parent / "root-more" / "c.png").write_bytes(b"c")
    (folder / "file.png").symlink_to(beside / "secret.png")
    (folder / "out").symlink_to(beside)
    roots = Roots.of([folder])
    said = named.format(root=folder, beside=beside)
    with pytest.raises(ImageError) as refused:
        roots.find(said)
    assert str(refused.value) == (
        f"{said} is not below the folders that may be read. Only what is below {folder} may be read; find_pictures "
        "lists the pictures there."
    )
    if not said.startswith("file:"):
        with pytest.raises(ImageError, match="not below the folders"):
            roots.open(os.path.join(folder, said))  # noqa: PTH118
        assert not roots.allows(os.path.join(folder, said))  # noqa: PTH118


@pytest.mark.parametrize(
    ("named", "words"),
    [
        ("", "The path is empty"),
        ("a\0.png", "no zero byte"),
        ("c.png", "c.png does not exist"),
        ("a.png/b", "does not exist"),
        (f"{'x' * 5000}.png", "does not exist"),
        ("file://other-machine/a.png", "file of another machine"),
    ],
)
def test_what_is_nothing_is_said_to_be_nothing(folder: Path, named: str, words: str) -> None:
    with pytest.raises(ImageError, match=words):
        Roots.of([folder]).find(named)


def test_one_of_several_roots_has_to_be_meant(folder: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    (other / "a.png").write_bytes(b"other")
    (other / "only.png").write_bytes(b"only")
    roots = Roots.of([folder, other, folder])
    assert roots.folders == (folder, other)
    assert roots.find("only.png") == other / "only.png"
    with pytest.raises(ImageError, match=f"more than one. Name one by its whole path: {folder}/a.png, {other}/a.png"):
        roots.find("a.png")


@pytest.mark.parametrize("opens_from_folders", [True, False])
@pytest.mark.parametrize("exchanged", ["file", "folder"])
def test_what_was_exchanged_since_its_place_was_found_is_not_followed(
    folder: Path, exchanged: str, opens_from_folders: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A link is put in its way right after its real path was looked up, which has no link in it."""
    monkeypatch.setattr(roots_module, "_HAS_OPENAT", opens_from_folders)
    beside = folder.parent / "beside"
    (beside / "b.png").write_bytes(b"secret")
    victim = folder / "in" / "b.png"
    real = os.path.realpath

    def exchange(path: str | Path) -> str:
        found = real(path)
        monkeypatch.setattr(os.path, "realpath", real)
        if exchanged == "file":
            victim.unlink()
            victim.symlink_to(beside / "b.png")
        else:
            (folder / "in").rename(folder / "was")
            (folder / "in").symlink_to(beside)
        return found

    monkeypatch.setattr(os.path, "realpath", exchange)
    with pytest.raises(ImageError, match=r"b\.png was exchanged while it was opened"):
        Roots((folder,)).open(str(victim))


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(
    parts=st.lists(
        st.sampled_from(["..", ".", "in", "out", "a.png", "b.png", "file.png", "secret.png", "", "beside", "root"]),
        max_size=8,
    ),
    absolute=st.booleans(),
)
def test_no_path_leads_to_what_is_elsewhere(tangled: Path, parts: list[str], absolute: bool) -> None:
    """Whatever is put together of names, links and `..`: what can be opened is what lies below the root."""
    roots, path = Roots.of([tangled]), "/".join(parts)
    named = f"{tangled}/{path}" if absolute else path
    try:
        found = roots.find(named)
        told = read(roots, found)
    except (ImageError, OSError):
        return
    assert told in (b"a", b"b")
    assert Path(os.path.realpath(f"{tangled}/{path}")).is_relative_to(tangled)


@pytest.fixture
def tangled(folder: Path) -> Path:
    """A root with links out of it, and back into it."""
    beside = folder.parent / "beside"
    (folder / "file.png").symlink_to(beside / "secret.png")
    (folder / "out").symlink_to(beside)
    (beside / "in").symlink_to(folder / "in")
    return folder


EXCHANGE = """
import os, sys
os.chdir(sys.argv[1])
while True:
    for name, link in (("a.png", "link.png"), ("in", "link")):
        os.rename(name, "aside")
        os.rename(link, name)
        os.rename(name, link)
        os.rename("aside", name)
"""


def test_a_race_against_links_is_not_lost(folder: Path) -> None:
    """Another process exchanges a file and a folder for links, as fast as it can. Without O_NOFOLLOW, a thousand
    openings were enough to read what lies elsewhere."""
    beside = folder.parent / "beside"
    (beside / "b.png").write_bytes(b"secret")
    (folder / "link.png").symlink_to(beside / "secret.png")
    (folder / "link").symlink_to(beside)
    roots, told = Roots((folder,)), Counter[bytes]()
    with subprocess.Popen([sys.executable, "-c", EXCHANGE, str(folder)]) as exchanging:
        try:
            while told[b"refused"] < 100 or told.total() < 10_000:
                for path in ("a.png", "in/b.png"):
                    try:
                        told[read(roots, folder / path)] += 1
                    except (ImageError, OSError):
                        told[b"refused"] += 1
        finally:
            exchanging.kill()
    assert set(told) == {b"a", b"b", b"refused"}


def test_pipes_and_folders_are_no_files_and_nothing_waits_for_a_pipe(folder: Path) -> None:
    os.mkfifo(folder / "pipe.png")
    roots = Roots.of([folder])
    for name, words in (("pipe.png", "is a pipe or a device"), ("in", "is a folder")):
        with pytest.raises(ImageError, match=words):
            roots.open(str(folder / name))
    with pytest.raises(ImageError, match=r"exchanged|is a file"):
        roots.open(str(folder / "a.png"), folder=True)


def test_a_folder_that_cannot_be_listed_can_be_passed_through(folder: Path) -> None:
    (folder / "in").chmod(0o100)
    try:
        assert read(Roots.of([folder]), folder / "in" / "b.png") == b"b"
    finally:
        (folder / "in").chmod(0o700)


def test_no_descriptor_is_left_open(folder: Path) -> None:
    before = len(os.listdir("/dev/fd"))  # noqa: PTH208
    roots = Roots.of([folder])
    assert read(roots, folder / "in" / "b.png") == b"b"
    for path in ("in", "../beside/secret.png", "not there", "in/b.png/c"):
        with pytest.raises((ImageError, OSError)):
            roots.open(str(folder / path))
    assert len(os.listdir("/dev/fd")) == before  # noqa: PTH208


def test_a_root_is_a_folder_and_there_is_one(folder: Path) -> None:
    with pytest.raises(ImageError, match="is no folder"):
        Roots.of([folder / "a.png"])
    with pytest.raises(ImageError, match="There is no root"):
        Roots.of([])
