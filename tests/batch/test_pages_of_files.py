"""The engine's finding and reading: pictures, pages and frames as values, without a node of LlamaIndex."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest
from PIL import Image

from llama_index.multi_modal_llms.ollama import ImageOptions, PictureReader
from ollama_vision.batch import Page, PageReader, find_pictures, open_page
from ollama_vision.errors import ImageError


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    there = Path("photos")
    (there / "drafts").mkdir(parents=True)
    Image.new("RGB", (64, 48), "red").save(there / "a.png")
    Image.new("RGB", (64, 48), "red").save(there / "drafts" / "b.png")
    (there / "notes.txt").write_text("words")
    return there


def pages(folder: Path, name: str, reader: PageReader) -> list[Page]:
    (file,) = find_pictures(folder / name).files
    return list(reader.pages_of(file))


def test_it_finds_what_the_reader_finds(folder: Path) -> None:
    for settings in ({}, {"exclude": ["drafts"]}, {"include": ["*.txt"]}, {"recursive": False}):
        assert find_pictures("photos", **settings) == PictureReader(**settings).find("photos")
    assert find_pictures("photos").reasons() == {"no picture by its name (.txt 1)": 1}
    with pytest.raises(ImageError, match="Name files, folders or globs"):
        find_pictures([])


def test_a_picture_is_its_file(folder: Path) -> None:
    (page,) = pages(folder, "a.png", PageReader(digest=True))
    data = (folder / "a.png").read_bytes()
    assert (page.page, page.pages, page.size, page.picture, page.error) == (None, 1, (64, 48), None, None)
    assert page.sha256 == page.version == hashlib.sha256(data).hexdigest()
    (sent,) = open_page(page, 0, ImageOptions()).pictures()
    assert sent.read() == data


def test_a_version_is_another_when_the_file_is(folder: Path) -> None:
    (page,) = pages(folder, "a.png", PageReader())
    assert page.version == f"{page.file.size} {page.file.modified_ns}"


def test_a_page_that_cannot_be_drawn_is_one_that_raises(folder: Path) -> None:
    drawn = [Image.new("RGB", size, colour) for size, colour in (((80, 60), "red"), ((4000, 4000), "lime"))]
    last = Image.new("RGB", (80, 60), "blue")
    drawn[0].save(folder / "c.pdf", save_all=True, append_images=[drawn[1], last])
    options = ImageOptions(max_pixels=None, max_source_pixels=1_000_000)
    first, second, third = pages(folder, "c.pdf", PageReader(options))
    assert [each.page for each in (first, second, third)] == [1, 2, 3]
    assert {each.pages for each in (first, second, third)} == {3}
    assert (first.error, third.error, second.picture) == (None, None, None)
    assert open_page(third, 0, options).pictures() == [third.picture]
    with pytest.raises(ImageError, match="megapixels") as again:
        open_page(second, 0, options).pictures()
    assert str(again.value) == str(second.error)


def test_together_is_one_page_that_is_the_whole_file(folder: Path) -> None:
    both = [Image.new("L", (64, 48), grey) for grey in (10, 200)]
    both[0].save(folder / "c.tiff", save_all=True, append_images=both[1:])
    (page,) = pages(folder, "c.tiff", PageReader(together=True))
    assert (page.page, page.pages, page.size) == (None, 2, (64, 48))
    assert [each.page for each in open_page(page, 0, ImageOptions()).pictures()] == [1, 2]


def test_a_file_that_is_gone(folder: Path) -> None:
    (file,) = find_pictures(folder / "a.png").files
    file.path.unlink()
    (page,) = PageReader().pages_of(file)
    assert "does not exist" in str(page.error)
    assert str(PageReader().check_headers(file)) == str(page.error)
    with pytest.raises(ImageError, match="does not exist"):
        open_page(page, 0, ImageOptions())


def test_a_page_keeps_its_tiles_and_a_page_that_fails_costs_none_before_it(folder: Path) -> None:
    pages_of_pdf = [Image.new("RGB", (300, 200), colour) for colour in ("red", "lime", "blue")]
    pages_of_pdf[0].save(folder / "c.pdf", save_all=True, append_images=pages_of_pdf[1:])
    reader = PageReader(ImageOptions(tiles=(2, 1)))
    found = pages(folder, "c.pdf", reader)
    assert [page.page for page in found] == [1, 2, 3]
    for page in found:
        assert [one.tile and one.tile.column for one in page.pictures] == [None, 1, 2]
        assert page.picture is page.pictures[0]
        assert open_page(page, 0, ImageOptions(tiles=(2, 1))).pictures() == [*page.pictures]
    outside = PageReader(ImageOptions(region=(0, 0, 9000, 10)))
    assert ["reaches outside" in str(page.error) for page in pages(folder, "c.pdf", outside)] == [True] * 3
