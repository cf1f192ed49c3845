"""The one list of formats: everything that names formats or suffixes is made from it, and it holds together."""

from __future__ import annotations

from importlib import import_module

import pytest

from ollama_embedded.extra import ExtraMissing
from ollama_vision import extras
from ollama_vision import extras as _extras
from ollama_vision.cli.report.cards import SHOWN_BY_BROWSERS
from ollama_vision.extras import EXTRAS
from ollama_vision.pictures.formats import foreign
from ollama_vision.pictures.formats import kinds as formats
from ollama_vision.pictures.formats.kinds import PDF, PICTURES, VIDEOS, Kind
from ollama_vision.pictures.formats.odd_kinds import ODD_KINDS
from ollama_vision.pictures.formats.sniff import sniff
from tools import format_tables

READ = (*PICTURES, PDF, *VIDEOS)


def kinds_of(module: object) -> list[Kind]:
    return [value for value in vars(module).values() if isinstance(value, Kind)]


def test_the_page_of_formats_says_what_the_code_does() -> None:
    page = format_tables.PAGE.read_text(encoding="utf-8")
    assert page == format_tables.renewed(page), "make help-copies"
    assert {found["what"] for found in format_tables.REGION.finditer(page)} == {
        "pictures",
        "documents",
        "videos",
        "odd kinds",
        "refused",
    }


def test_every_format_that_is_read_has_its_odd_kinds_looked_at() -> None:
    assert list(ODD_KINDS) == list(READ)


def test_no_name_and_no_suffix_stands_twice() -> None:
    names = [kind.name for kind in {*kinds_of(formats), *kinds_of(foreign)}]
    assert len(names) == len(set(names))
    suffixes = [suffix for kind in READ for suffix in kind.suffixes]
    assert len(suffixes) == len(set(suffixes))
    assert all(suffix == suffix.lower() and suffix.startswith(".") for suffix in suffixes)


@pytest.mark.parametrize("kind", READ, ids=lambda kind: kind.name)
def test_what_is_read_has_what_it_needs_to_be_read(kind: Kind) -> None:
    assert kind.suffixes
    if kind in PICTURES:
        assert kind.media_type.startswith(("image/", "application/"))
        module, name = kind.decoder or ("", "")
        assert callable(getattr(import_module(module), name))
    if kind in VIDEOS:
        assert kind.demuxer
    assert kind.extra is None or kind.extra.name in EXTRAS


@pytest.mark.parametrize("kind", kinds_of(foreign), ids=lambda kind: kind.name)
def test_what_is_refused_has_a_way_out(kind: Kind) -> None:
    assert kind.way_out.endswith("."), kind.name


def test_the_commands_own_lists_are_this_one() -> None:
    assert {suffix for kind in PICTURES if kind.shown_by_browsers for suffix in kind.suffixes} == SHOWN_BY_BROWSERS
    assert set(EXTRAS) >= {extra.name for extra in formats.EXTRAS}
    for extra in formats.EXTRAS:
        assert EXTRAS[extra.name].modules[0] == extra.module


def test_the_pip_command_for_an_extra_is_the_same_everywhere() -> None:
    names = [(), ("heif",), ("pdf", "video"), ("embedded",)]
    assert [_extras.install_hint(*each) for each in names] == [extras.install_hint(*each) for each in names]
    assert _extras.DISTRIBUTION == extras.DISTRIBUTION
    assert str(ExtraMissing("It", "xllamacpp")) == f"It needs xllamacpp: {extras.install_hint('embedded')}"


SUFFIXES = (
    ".jpg .jpeg .jfif .mpo .jpg_large .pjpeg .png .apng .webp .gif .bmp .dib .tif .tiff .bigtiff .svs .ndpi .scn \
.lsm .stk .btf .avif .avifs .ico .heic .heif .hif .heics .pdf"
)
VIDEO_SUFFIXES = (
    ".mp4 .mov .m4v .qt .3gp .3g2 .mkv .webm .mk3d .avi .ts .m2t .mts .m2ts .tod .mpg .mpeg .vob .mod .m2v .ogv"
)
"""What cameras, phones, browsers and scanners write."""


def test_every_suffix_that_a_device_writes_is_taken() -> None:
    assert set(SUFFIXES.split()) <= formats.PICTURE_SUFFIXES
    assert set(VIDEO_SUFFIXES.split()) <= formats.VIDEO_SUFFIXES


def test_a_refusal_lists_what_is_read() -> None:
    assert all(kind.name in sniff(bytes(range(256))).way_out for kind in PICTURES)
    assert all(kind.name in formats.UNKNOWN_VIDEO_WAY_OUT for kind in VIDEOS)
