"""XMP sidecars (RDF/XML, ISO 16684-1): title, description and keywords merged into what is there; bytes to bytes.

All else in a sidecar stays: what programs keep in namespaces of their own, comments, other languages, the packet around
it. XML is read and written by lxml, which keeps prefixes, comments and processing instructions; the standard library's
ElementTree drops some of them, and its minidom writes newlines in attributes so that they are read as blanks before
Python 3.13.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from ollama_vision.errors import MissingExtraError
from ollama_vision.extras import install_hint

from .descriptive import Descriptive, union
from .undo import UnreadableSidecarError

try:
    from lxml import etree
except ImportError as error:
    raise MissingExtraError(f"XMP sidecars need the package lxml. Get it with: {install_hint('xmp')}") from error

_RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
_DC = "http://purl.org/dc/elements/1.1/"
_XML = "http://www.w3.org/XML/1998/namespace"
_LI, _DESCRIPTION = f"{{{_RDF}}}li", f"{{{_RDF}}}Description"
_ARRAYS = tuple(f"{{{_RDF}}}{name}" for name in ("Bag", "Seq", "Alt"))
_LANG, _DEFAULT = f"{{{_XML}}}lang", "x-default"
_NEW = f"""\
<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>
<x:xmpmeta xmlns:x="adobe:ns:meta/" x:xmptk="ollama-vision">
 <rdf:RDF xmlns:rdf="{_RDF}">
  <rdf:Description rdf:about="" xmlns:dc="{_DC}"/>
 </rdf:RDF>
</x:xmpmeta>
<?xpacket end="w"?>
""".encode()
_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""Characters that XML 1.0 has no way to write, such as control characters and lone surrogates."""
_DECLARATION = re.compile(rb"<\?xml\s[^>]*\?>")


@dataclass(frozen=True)
class Merged:
    data: bytes
    replaced: int = 0
    """How many characters that XML cannot hold became U+FFFD."""


def merge(there: bytes | None, told: Descriptive, *, overwrite: bool = False) -> Merged:
    """The sidecar with these words in it; `there` itself where all of them are in it already.

    Keywords are united. A title or a description that is there is kept unless `overwrite`, and then is put in the
    place of the one of the default language.

    Raises:
        UnreadableSidecarError: `there` is malformed, has a DTD, or is not XMP.
    """
    tree = _parse(_NEW if there is None else there)
    sheet = _Sheet(_descriptions(tree))
    replaced = 0

    def clean(text: str) -> str:
        nonlocal replaced
        text, count = _NOT_XML.subn("\ufffd", text)
        replaced += count
        return text

    changed = False
    if told.title is not None:
        changed |= sheet.set_text("title", clean(told.title), overwrite=overwrite)
    if told.description is not None:
        changed |= sheet.set_text("description", clean(told.description), overwrite=overwrite)
    if told.keywords:
        changed |= sheet.add_keywords([clean(each) for each in told.keywords])
    if there is not None and not changed:
        return Merged(there)
    return Merged(_written(tree, there), replaced)


def _parse(data: bytes) -> Any:
    # Entities are never expanded and nothing is fetched; libxml2's own limits of depth and size stay.
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, strip_cdata=False)
    try:
        root = etree.fromstring(data, parser)
    except (etree.XMLSyntaxError, ValueError) as error:
        raise UnreadableSidecarError(f"is not well-formed XML: {error}") from error
    tree = root.getroottree()
    if tree.docinfo.internalDTD is not None:
        raise UnreadableSidecarError("has a DTD, which no XMP has: entities in one can stand for anything")
    return tree


def _descriptions(tree: Any) -> list[Any]:
    """The elements that hold properties; one is made where there is none."""
    root = tree.getroot()
    rdf = root if root.tag == f"{{{_RDF}}}RDF" else root.find(f"{{{_RDF}}}RDF")
    if rdf is None:
        raise UnreadableSidecarError("is XML, and not XMP: there is no rdf:RDF in it")
    found = list(_elements(rdf))
    if not found:
        made = etree.Element(_DESCRIPTION, nsmap={"dc": _DC})
        made.set(f"{{{_RDF}}}about", "")
        _append(rdf, made)
        found = [made]
    return found


@dataclass(frozen=True)
class _Sheet:
    """Properties of the picture, in one rdf:Description or several."""

    descriptions: list[Any]

    def set_text(self, name: str, text: str, *, overwrite: bool) -> bool:
        """Write a text of the default language, and say whether that changed anything."""
        place = self._find(name)
        if place is not None and self._has_text(place, name) and not overwrite:
            return False
        element = self._as_array(name, "Alt")
        default = next((item for item in element.findall(_LI) if item.get(_LANG, "").lower() == _DEFAULT), None)
        if default is not None and _text(default) == text and not len(default):
            return False
        made = etree.Element(_LI)
        made.set(_LANG, _DEFAULT)
        made.text = text
        if default is not None:
            made.tail = default.tail
            element.replace(default, made)
        else:
            # The default language is the first (ISO 16684-1, 8.2.2.4); an item without words or language goes.
            for item in element.findall(_LI):
                if not _text(item).strip() and item.get(_LANG) is None:
                    element.remove(item)
            _append(element, made)
            element.insert(0, made)
        return True

    def add_keywords(self, keywords: list[str]) -> bool:
        place = self._find("subject")
        there = [] if place is None else _values(place, "subject")
        new = union(there, keywords)
        if not new:
            return False
        element = self._as_array("subject", "Bag")
        for keyword in new:
            item = etree.Element(_LI)
            item.text = keyword
            _append(element, item)
        return True

    def _find(self, name: str) -> Any:
        """The element of a property, or the description that has it as an attribute; `None` where it is not there."""
        for each in self.descriptions:
            if (found := each.find(_dc(name))) is not None:
                return found
        return next((each for each in self.descriptions if each.get(_dc(name)) is not None), None)

    def _has_text(self, place: Any, name: str) -> bool:
        return any(value.strip() for value in _values(place, name))

    def _as_array(self, name: str, kind: str) -> Any:
        """The array of a property, made where it is not there; a value without one, which RDF allows, becomes its
        first item."""
        place = self._find(name)
        values: list[str] = []
        if place is None or place.tag != _dc(name):
            description = self.descriptions[0] if place is None else place
            if place is not None:
                values = [value for value in _values(place, name) if value.strip()]
                del description.attrib[_dc(name)]
            place = etree.Element(_dc(name), nsmap={"dc": _DC})
            _append(description, place)
        for array in _elements(place):
            if array.tag in _ARRAYS:
                return array
        if not values:
            values = [value for value in _values(place, name) if value.strip()]
        language = place.get(_LANG, _DEFAULT)
        place.clear(keep_tail=True)
        array = etree.Element(f"{{{_RDF}}}{kind}")
        _append(place, array)
        for value in values:
            item = etree.Element(_LI)
            if kind == "Alt":
                item.set(_LANG, language)
            item.text = value
            _append(array, item)
        return array


def _values(place: Any, name: str) -> list[str]:
    if place.tag != _dc(name):
        return [place.get(_dc(name))]
    for array in _elements(place):
        if array.tag in _ARRAYS:
            return [_text(item) for item in array.findall(_LI)]
    return [_text(place)]


def _text(element: Any) -> str:
    """All of it without comments: a value with qualifiers stands in an rdf:value."""
    return str(element.xpath("string()"))


def _dc(name: str) -> str:
    return f"{{{_DC}}}{name}"


def _elements(parent: Any) -> Iterator[Any]:
    """Children that are neither comments nor processing instructions."""
    return (child for child in parent if isinstance(child.tag, str))


def _append(parent: Any, child: Any) -> None:
    """As the last one, indented as its siblings are, or one blank deeper than its parent."""
    if len(parent):
        last = parent[-1]
        child.tail, last.tail = last.tail, _before(parent)
    else:
        outside = _before(parent.getparent()) if parent.getparent() is not None else "\n"
        parent.text, child.tail = f"{outside} ", outside
    parent.append(child)


def _before(parent: Any) -> str:
    """What stands before each child of this element: a newline and blanks, as a rule."""
    text = parent.text or ""
    return text if not text.strip() else ""


def _written(tree: Any, there: bytes | None) -> bytes:
    """In the encoding that it had, with its mark and declaration, and each part of the packet on a line of its own."""
    start = b"" if there is None else there
    encoding = tree.docinfo.encoding or "UTF-8"
    if encoding.upper().startswith(("UTF-16", "UTF-32", "UCS")):
        return bytes(etree.tostring(tree, encoding=encoding, xml_declaration=True))
    mark = codecs.BOM_UTF8 if start.startswith(codecs.BOM_UTF8) else b""
    declaration = _DECLARATION.match(start.removeprefix(mark))
    root = tree.getroot()
    nodes = [*reversed([*root.itersiblings(preceding=True)]), root, *root.itersiblings()]
    parts = [etree.tostring(node, encoding=encoding, xml_declaration=False, with_tail=False) for node in nodes]
    if declaration is not None:
        parts.insert(0, declaration[0])
    return mark + b"\n".join(parts) + b"\n"
