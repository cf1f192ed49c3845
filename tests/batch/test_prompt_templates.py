"""Placeholders in prompts: what is one and what is not, and what a picture's path, EXIF and text say in its place."""

from __future__ import annotations

import os
import pickle
from collections.abc import Mapping
from pathlib import Path

import pytest
from PIL import Image

from ollama_vision import PromptTemplate
from ollama_vision.batch import PicturePrompts, find_pictures, words_of_bytes, words_of_file, words_of_url
from ollama_vision.batch.prompting.template import PLACEHOLDERS
from ollama_vision.batch.prompting.words_of_pictures import LARGEST_SIDECAR, UnusableSidecar
from ollama_vision.errors import PromptError
from ollama_vision.pictures import PhotoFacts
from tests.support.photo_files import SAYS, exif_block, jpeg_photo

SAID: Mapping[str, str] = {"path.stem": "IMG_1", "exif.date": "2026-11-29 14:05:00", "sidecar.txt": "A {dog}."}


@pytest.mark.parametrize(
    ("text", "filled"),
    [
        ("Which colour?", "Which colour?"),
        ("{path.stem}", "IMG_1"),
        ("Taken {exif.date}, {exif.date}.", "Taken 2026-11-29 14:05:00, 2026-11-29 14:05:00."),
        ("{exif.camera|unknown}", "unknown"),
        ("{exif.camera|}", ""),
        ("{exif.camera|a | b: 'c', 1.5 mm\nor so}", "a | b: 'c', 1.5 mm\nor so"),
        ("{exif.date|unknown}", "2026-11-29 14:05:00"),
        ("{sidecar.txt}", "A {dog}."),
        ('{"name": "{path.stem}", "n": {"a": 1}}', '{"name": "IMG_1", "n": {"a": 1}}'),
        ('{"a":{path.stem}}', '{"a":IMG_1}'),
        ("{{path.stem}}", "{path.stem}"),
        ("{{exif.camera|none}} {{gps.place}}", "{exif.camera|none} {gps.place}"),
        ("{{x}} {x} {} {{}} {x|y}", "{{x}} {x} {} {{}} {x|y}"),
        ("{ path.stem} {Path.stem} {paths.stem} {exif} {path.} {place.name}", None),
        ('{path.stem: 1} {exif."date"} {path.stem, exif.date}', None),
        ("{path.stem", None),
        ("path.stem}", None),
        ("", None),
    ],
)
def test_a_placeholder_is_filled_and_everything_else_stays(text: str, filled: str | None) -> None:
    assert PromptTemplate(text).fill(SAID) == (text if filled is None else filled)


@pytest.mark.parametrize("name", PLACEHOLDERS)
def test_every_placeholder_there_is_has_a_word_or_a_default(name: str) -> None:
    template = PromptTemplate(f"a {{{name}}} b {{{name}|c}}")
    assert template.names == {name}
    assert template.fill({name: "word"}) == "a word b word"
    assert template.missing({}) == (f"{{{name}}}",)
    assert PromptTemplate(f"{{{name}|c}}").missing({}) == ()


@pytest.mark.parametrize(
    ("text", "near"),
    [
        ("{exif.lense}", "{exif.lens}"),
        ("{exif.Date}", "{exif.date}"),
        ("{exif.date }", "{exif.date}"),
        ("{exif.lenz|none}", "{exif.lens}"),
        ("{path.name}", "{path."),
        ("{gps.place}", "{gps."),
        ("{gps.lat}", "{gps.latitude}"),
        ("{sidecar.json}", "{sidecar.txt}"),
        ("{sidecar.txt.old}", "{sidecar.txt}"),
    ],
)
def test_an_unknown_name_is_refused_with_the_near_one(text: str, near: str) -> None:
    with pytest.raises(ValueError, match="is no placeholder") as raised:
        PromptTemplate(text)
    assert f"Did you mean {near}" in str(raised.value)


@pytest.mark.parametrize("text", ["{exif.date|{path.stem}}", '{exif.date|{"a": 1}}'])
def test_a_default_that_holds_braces_is_refused(text: str) -> None:
    """Where it would end cannot be told."""
    with pytest.raises(ValueError, match="a default is plain words"):
        PromptTemplate(text)


def test_a_template_is_a_value() -> None:
    template = PromptTemplate("{path.stem}")
    assert pickle.loads(pickle.dumps(template)) == template == PromptTemplate("{path.stem}")
    assert hash(template) == hash(PromptTemplate("{path.stem}"))
    with pytest.raises(TypeError, match="takes text"):
        PromptTemplate(b"{path.stem}")  # type: ignore[arg-type]


@pytest.fixture
def album(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current folder `album`, with a photograph that says all."""
    folder = tmp_path / "album"
    folder.mkdir()
    (folder / "photo.jpg").write_bytes(jpeg_photo(exif_block()))
    monkeypatch.chdir(folder)
    return folder


def test_a_photograph_says_all_of_it(album: Path) -> None:
    (album / "photo.txt").write_bytes("\ufeff  Größe:\r\n 1 m\n\n".encode())
    assert words_of_file(Path("photo.jpg"), PLACEHOLDERS) == {
        "path.stem": "photo",
        "path.parent": "album",
        "exif.date": SAYS["date"],
        "exif.camera": SAYS["camera"],
        "exif.lens": SAYS["lens"],
        "gps.latitude": SAYS["latitude"],
        "gps.longitude": SAYS["longitude"],
        "sidecar.txt": "Größe:\r\n 1 m",
    }


def test_a_path_says_how_the_file_was_named(album: Path) -> None:
    names = ("path.stem", "path.parent")
    (album / "link").symlink_to(album)
    for path, words in (
        ("../album/x.tar.gz", ("x.tar", "album")),
        ("link/photo.jpg", ("photo", "link")),
        (".hidden", (".hidden", "album")),
        ("link/../photo.jpg", ("photo", "album")),
    ):
        assert tuple(words_of_file(Path(path), names).values()) == words
    assert words_of_file(Path("/photo.jpg"), names) == {"path.stem": "photo"}
    assert words_of_file(Path(os.fsdecode(b"gr\xfcn.jpg")), names)["path.stem"] == "gr\ufffdn"


def test_the_text_beside_a_picture_is_that_of_its_name_else_of_its_stem(album: Path) -> None:
    def text() -> str | None:
        return words_of_file(album / "photo.jpg", ["sidecar.txt"]).get("sidecar.txt")

    assert text() is None
    (album / "photo.txt").write_text("By its stem.")
    assert text() == "By its stem."
    (album / "photo.jpg.txt").write_text("By its name.\n")
    assert text() == "By its name."
    (album / "photo.jpg.txt").write_text("\ufeff \n")
    assert text() == "By its stem."
    (album / "photo.txt").unlink()
    assert text() is None
    (album / "photo.jpg.txt").unlink()
    (album / "photo.txt").mkdir()
    assert text() is None
    os.mkfifo(album / "photo.jpg.txt")  # which would keep a reader waiting
    assert text() is None


def test_a_link_beside_the_picture_is_read_as_any_file_that_was_named(album: Path, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").write_text("Elsewhere.")
    (album / "photo.txt").symlink_to(tmp_path / "elsewhere")
    assert words_of_file(Path("photo.jpg"), ["sidecar.txt"]) == {"sidecar.txt": "Elsewhere."}
    (tmp_path / "elsewhere").unlink()
    assert words_of_file(Path("photo.jpg"), ["sidecar.txt"]) == {}


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"gr\xfcn", "photo.txt is not UTF-8 (at byte 3)"),
        ("grün".encode("utf-16"), "photo.txt is not UTF-8 (at byte 1)"),
        (b"x" * (LARGEST_SIDECAR + 1), f"photo.txt is larger than {LARGEST_SIDECAR:,} bytes"),
    ],
    ids=["latin-1", "utf-16", "large"],
)
def test_a_text_that_cannot_be_sent_is_named(album: Path, data: bytes, why: str) -> None:
    (album / "photo.txt").write_bytes(data)
    with pytest.raises(UnusableSidecar) as raised:
        words_of_file(Path("photo.jpg"), ["sidecar.txt"])
    assert why in str(raised.value)


def test_nothing_is_read_that_nobody_asks_for(album: Path) -> None:
    (album / "photo.txt").write_bytes(b"\xff")
    assert words_of_file(Path("none.jpg"), ["path.stem"]) == {"path.stem": "none"}
    assert words_of_file(Path("photo.jpg"), ["exif.camera"]) == {"exif.camera": SAYS["camera"]}


def test_a_url_is_called_by_its_path_and_bytes_by_nothing() -> None:
    facts = PhotoFacts(camera="Canon EOS R5")
    url = "https://example.org/our%20album/photo%201.jpg?token=SECRET"
    told = words_of_url(url, PLACEHOLDERS, lambda: facts)
    assert told == {"path.stem": "photo 1", "path.parent": "our album", "exif.camera": "Canon EOS R5"}
    assert words_of_url("https://example.org", PLACEHOLDERS, PhotoFacts) == {}
    assert words_of_bytes(PLACEHOLDERS, lambda: facts) == {"exif.camera": "Canon EOS R5"}


def test_all_pictures_that_do_not_fit_are_told_at_once(album: Path) -> None:
    for number in range(5):
        Image.new("RGB", (8, 8)).save(album / f"{number}.png")
    (album / "0.txt").write_bytes(b"\xff")
    files = find_pictures(".").files
    template = PromptTemplate("{exif.date} {exif.lens} {sidecar.txt|}")
    with pytest.raises(PromptError) as raised:
        PicturePrompts.of(template, files)
    assert sorted(raised.value.unfit) == [f"{number}.png" for number in range(5)]
    assert raised.value.unfit["1.png"] == "has no {exif.date} and no {exif.lens}"
    assert "0.txt is not UTF-8" in raised.value.unfit["0.png"]
    assert "5 of 6 pictures lack" in str(raised.value)
    assert isinstance(raised.value, ValueError)
    with pytest.raises(PromptError, match="would be asked nothing"):
        PicturePrompts.of(PromptTemplate(" {exif.date|}"), files)
    assert PicturePrompts.of(template, files[-1:]).prompt_for("photo.jpg").startswith("2026-11-29 14:05:00 RF24")
