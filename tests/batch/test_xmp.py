"""XMP sidecars: what is merged in, and that all else stays; what comes out is read by exiftool and by ElementTree."""

from __future__ import annotations

import subprocess
from pathlib import Path
from xml.etree import ElementTree

import pytest

from ollama_vision.batch.results.descriptive import Descriptive
from ollama_vision.batch.results.undo import UnreadableSidecarError
from ollama_vision.batch.results.xmp import merge
from tests.support.xmp_files import DARKTABLE, DIGIKAM, OTHERS, PACKET, by_exiftool, needs_exiftool, sheet

TOLD = Descriptive("A red circle", 'Red on white, "round" & <plain>.\nZwei Zeilen: é 🎈', ("red", "circle", "sea"))
BAG = "<dc:subject><rdf:Bag><rdf:li>one</rdf:li></rdf:Bag></dc:subject>"
DC, RDF = "{http://purl.org/dc/elements/1.1/}", "{http://www.w3.org/1999/02/22-rdf-syntax-ns#}"
LANG = "{http://www.w3.org/XML/1998/namespace}lang"
BOMB = b'<!DOCTYPE x [<!ENTITY a "' + b"a" * 1000 + b'"><!ENTITY b "' + b"&a;" * 1000 + b'">]>'


def items(data: bytes, name: str) -> list[tuple[str | None, str | None]]:
    """Language and text of each item, wherever the property is."""
    found = ElementTree.fromstring(data).findall(f".//{DC}{name}")
    assert len(found) <= 1
    return [(item.get(LANG), item.text) for each in found for item in each.iter(f"{RDF}li")]


def values(data: bytes, name: str) -> list[str | None]:
    return [text for _, text in items(data, name)]


def remains(data: bytes) -> list[tuple[str, str, tuple[tuple[str, str], ...]]]:
    """Every element, but those of Dublin Core: name, text, attributes."""
    root = ElementTree.fromstring(data)
    for parent in root.iter():
        for child in [each for each in parent if each.tag.startswith(DC)]:
            parent.remove(child)
    return [(each.tag, (each.text or "").strip(), tuple(each.attrib.items())) for each in root.iter()]


@needs_exiftool
def test_a_new_one_is_what_exiftool_reads(tmp_path: Path) -> None:
    file = tmp_path / "photo.jpg.xmp"
    file.write_bytes(merge(None, TOLD).data)
    assert by_exiftool(file) == {
        "XMP-x:XMPToolkit": "ollama-vision",
        "XMP-dc:Title": TOLD.title,
        "XMP-dc:Description": TOLD.description,
        "XMP-dc:Subject": ["red", "circle", "sea"],
    }
    checked = subprocess.run(
        ["exiftool", "-validate", "-warning", "-error", "-a", file], capture_output=True, text=True
    )
    assert "Warning" not in checked.stdout


def test_a_new_one_is_a_packet_and_merging_it_again_changes_nothing() -> None:
    made = merge(None, TOLD).data
    assert made.startswith(PACKET[0].encode())
    assert made.endswith(PACKET[1].encode() + b"\n")
    assert items(made, "title") == [("x-default", TOLD.title)]
    assert merge(made, TOLD, overwrite=True).data == made


@pytest.mark.parametrize("program", OTHERS)
def test_what_programs_keep_stays(program: str) -> None:
    merged = merge(OTHERS[program], TOLD).data
    assert merged != OTHERS[program]
    assert remains(merged) == remains(OTHERS[program])
    there = values(OTHERS[program], "subject")
    assert values(merged, "subject")[: len(there)] == there
    assert {"red", "circle"} < set(values(merged, "subject"))


@needs_exiftool
@pytest.mark.parametrize("program", OTHERS)
def test_what_programs_keep_exiftool_finds_too(program: str, tmp_path: Path) -> None:
    before, after = tmp_path / "before.xmp", tmp_path / "after.xmp"
    before.write_bytes(OTHERS[program])
    after.write_bytes(merge(OTHERS[program], TOLD).data)
    found = by_exiftool(after)
    mine = {name: found.pop(name) for name in ("XMP-dc:Subject", "XMP-dc:Description", "XMP-dc:Title")}
    assert mine["XMP-dc:Description"] == TOLD.description
    kept = by_exiftool(before)
    for name in mine:
        kept.pop(name, None)
    found.pop("XMP-dc:Title-de-DE", None), kept.pop("XMP-dc:Title-de-DE", None)
    assert found == kept
    assert len(kept) > 3


def test_keywords_are_united_in_their_order() -> None:
    assert values(merge(DARKTABLE, TOLD).data, "subject") == ["holiday", "Sea", "red", "circle"]
    assert merge(DARKTABLE, Descriptive(keywords=("SEA", "holiday"))).data is DARKTABLE


def test_a_title_that_is_there_is_kept_unless_it_is_overwritten() -> None:
    assert items(merge(DIGIKAM, TOLD).data, "title") == [("x-default", "At the sea"), ("de-DE", "Am Meer")]
    written = merge(DIGIKAM, TOLD, overwrite=True).data
    assert items(written, "title") == [("x-default", TOLD.title), ("de-DE", "Am Meer")]


@pytest.mark.parametrize(
    ("there", "kept", "overwritten"),
    [
        ("<dc:title>plain</dc:title>", [(None, None)], [("x-default", "New")]),
        ('<dc:title xml:lang="de">nur</dc:title>', None, [("x-default", "New"), ("de", "nur")]),
        (
            '<dc:title><rdf:Alt><rdf:li xml:lang="de">nur</rdf:li></rdf:Alt></dc:title>',
            [("de", "nur")],
            [("x-default", "New"), ("de", "nur")],
        ),
        (
            '<dc:title><rdf:Alt><!-- a --><rdf:li xml:lang="X-Default">a<!-- b --></rdf:li></rdf:Alt></dc:title>',
            [("X-Default", "a")],
            [("x-default", "New")],
        ),
        # What is there without a word in it is not there.
        ('<dc:title><rdf:Alt><rdf:li xml:lang="x-default"/></rdf:Alt></dc:title>', [("x-default", "New")], None),
        ("<dc:title><rdf:Alt/></dc:title>", [("x-default", "New")], None),
        ("<dc:title> </dc:title>", [("x-default", "New")], None),
        ("<dc:title/>", [("x-default", "New")], None),
    ],
)
def test_forms_of_a_title(
    there: str,
    kept: list[tuple[str | None, str | None]] | None,
    overwritten: list[tuple[str | None, str | None]] | None,
) -> None:
    data, told = sheet(there), Descriptive("New")
    if kept is None or kept == [(None, None)]:
        assert merge(data, told).data is data
    else:
        assert items(merge(data, told).data, "title") == kept
    assert items(merge(data, told, overwrite=True).data, "title") == (overwritten or kept)


def test_properties_that_are_attributes() -> None:
    data = sheet("", attributes='dc:title="Old" dc:subject="one" dc:description=""')
    merged = merge(data, TOLD).data
    assert b'dc:title="Old"' in merged
    assert values(merged, "subject") == ["one", "red", "circle", "sea"]
    assert items(merged, "description") == [("x-default", TOLD.description)]
    assert b"dc:subject=" not in merged
    written = merge(data, TOLD, overwrite=True).data
    assert items(written, "title") == [("x-default", TOLD.title)]
    assert b"dc:title=" not in written


@pytest.mark.parametrize(
    "there",
    [
        BAG,
        BAG.replace("Bag", "Seq"),
        "<dc:subject>one</dc:subject>",
        BAG.replace("<rdf:li>one", '<rdf:li rdf:parseType="Resource"><rdf:value>one</rdf:value>'),
    ],
)
def test_forms_of_keywords(there: str) -> None:
    data = sheet(there)
    assert merge(data, Descriptive(keywords=("one",))).data is data
    merged = merge(data, Descriptive(keywords=("one", "two"))).data
    assert b"one" in merged
    assert values(merged, "subject")[-1] == "two"
    assert len(values(merged, "subject")) == 2


def test_several_descriptions_and_another_prefix() -> None:
    """What stands in the second is found there, and is not written into the first a second time."""
    more = (
        f'  <rdf:Description rdf:about="" xmlns:core="http://purl.org/dc/elements/1.1/">'
        f"{BAG.replace('dc:', 'core:')}</rdf:Description>\n"
    )
    data = sheet("", more=more).replace(b"purl.org/dc/elements/1.1/", b"example.org/mine/", 1)
    merged = merge(data, TOLD).data
    assert values(merged, "subject") == ["one", "red", "circle", "sea"]
    assert items(merged, "title") == [("x-default", TOLD.title)]
    assert b'xmlns:dc="http://example.org/mine/"' in merged


@pytest.mark.parametrize(
    "data",
    [
        f'<rdf:RDF xmlns:rdf="{RDF[1:-1]}"/>'.encode(),
        f'<x xmlns:rdf="{RDF[1:-1]}"><rdf:RDF><!-- c --></rdf:RDF></x>'.encode(),
        sheet("").replace(b">\n\n  </rdf:Description>", b"/>"),
    ],
    ids=["root", "empty", "attributes"],
)
def test_one_without_properties(data: bytes) -> None:
    merged = merge(data, TOLD).data
    assert values(merged, "subject") == list(TOLD.keywords)
    assert (b"<!-- c -->" in merged) is (b"<!-- c -->" in data)


def test_comments_instructions_and_what_is_around_stay() -> None:
    data = (
        b"\xef\xbb\xbf"
        + PACKET[0].encode()
        + b"<!-- above -->\n"
        + sheet("<!-- in -->\n<?mine and?>")
        + b"<!-- below -->\n"
    )
    merged = merge(data, TOLD).data
    assert merged.startswith(b"\xef\xbb\xbf" + PACKET[0].encode() + b"<!-- above -->\n<x:xmpmeta")
    assert b"<!-- in -->" in merged
    assert b"<?mine and?>" in merged
    assert merged.endswith(b"</x:xmpmeta>\n<!-- below -->\n")
    latin = sheet("<dc:source>é</dc:source>").decode().encode("latin-1")
    merged = merge(b'<?xml version="1.0" encoding="ISO-8859-1"?>\n' + latin, TOLD).data
    assert merged.startswith(b'<?xml version="1.0" encoding="ISO-8859-1"?>\n')
    assert ElementTree.fromstring(merged).findtext(f".//{DC}source") == "é"
    assert items(merged, "description") == [("x-default", TOLD.description)]


def test_one_in_utf_16() -> None:
    data = DARKTABLE.replace(b"UTF-8", b"UTF-16").decode().encode("utf-16")
    merged = merge(data, TOLD).data
    assert merged[:2] in (b"\xff\xfe", b"\xfe\xff")
    assert values(merged, "subject") == ["holiday", "Sea", "red", "circle"]
    assert remains(merged) == remains(data)


def test_characters_that_xml_cannot_hold_are_replaced_and_counted() -> None:
    made = merge(None, Descriptive("a\x00b\ud800", keywords=("c\x1b", "d\te")))
    assert made.replaced == 3
    assert values(made.data, "title") == ["a\ufffdb\ufffd"]
    assert values(made.data, "subject") == ["c\ufffd", "d\te"]


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"", "not well-formed"),
        (b"my notes", "not well-formed"),
        (DARKTABLE[:-20], "not well-formed"),
        (DARKTABLE.replace(b"Sea", b"S\xe9a"), "not well-formed"),
        (b"<svg/>", "no rdf:RDF"),
        (BOMB + sheet("<dc:source>&b;</dc:source>"), "has a DTD|amplification"),
        (b'<!DOCTYPE x SYSTEM "file:///etc/hostname">' + sheet(""), "has a DTD"),
        (
            b'<!DOCTYPE x [<!ENTITY f SYSTEM "file:///etc/hostname">]>' + sheet("<dc:source>&f;</dc:source>"),
            "has a DTD",
        ),
        (b"<a>" * 100_000, "not well-formed"),
    ],
    ids=["empty", "text", "cut", "latin-1", "svg", "entities", "external DTD", "external entity", "deep"],
)
def test_what_cannot_be_merged_with_is_refused(data: bytes, why: str) -> None:
    with pytest.raises(UnreadableSidecarError, match=why):
        merge(data, TOLD)


@needs_exiftool
def test_one_that_exiftool_wrote(tmp_path: Path) -> None:
    file = tmp_path / "photo.xmp"
    tags = [
        "dc:Subject=sea",
        "dc:Subject=boat",
        "dc:Title=Mine",
        "dc:Title-fr=À moi",
        "lr:HierarchicalSubject=a|b",
        "exif:GPSLatitude=48.5",
        "mwg-rs:RegionInfo={AppliedToDimensions={W=10,H=10,Unit=pixel}}",
    ]
    subprocess.run(["exiftool", "-q", *(f"-XMP-{tag}" for tag in tags), str(file)], check=True)
    before = by_exiftool(file)
    file.write_bytes(merge(file.read_bytes(), TOLD).data)
    assert by_exiftool(file) == before | {
        "XMP-dc:Subject": ["sea", "boat", "red", "circle"],
        "XMP-dc:Description": TOLD.description,
    }
    assert before["XMP-dc:Title-fr"] == "À moi"
    assert len(before) == 7
