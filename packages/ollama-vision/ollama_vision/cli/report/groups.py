"""Groups of pictures that were asked about once: whose answer each copy has, and which copies an answer has."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from .html import Html, element

_MOST = 12
"""Copies that a card names."""
Key = tuple[str, int | None]
"""Path and page."""


@dataclass(frozen=True)
class Link:
    """From a copy to the picture that was asked about."""

    asked: Key
    bits: int | None
    """How many bits of their hashes differ; `None` where their bytes are the same."""
    answer: int
    """The hash of what it says, and of its bytes where these are the same."""
    is_earlier: bool = False
    """Whether what was asked about has another line since: the picture changed, say."""

    @classmethod
    def of(cls, record: Mapping[str, Any]) -> Link | None:
        """`None` of a picture that was asked about itself."""
        same_as, bits = record.get("same_as"), record.get("differing_bits")
        if not isinstance(same_as, str):
            return None
        bits = bits if isinstance(bits, int) else None
        return cls((same_as, record["page"]), bits, _said(record, with_bytes=bits is None))

    def holds(self, asked: Mapping[str, Any]) -> bool:
        """Whether the line of what was asked about is still the one that it has the answer of."""
        return self.answer == _said(asked, with_bytes=self.bits is None)


def _said(record: Mapping[str, Any], *, with_bytes: bool) -> int:
    return hash((record["text"], record.get("sha256") if with_bytes else None))


@dataclass(frozen=True)
class Related:
    """Another picture of a group."""

    number: int
    """Of its card; 0 where it has none in this report."""
    path: str
    bits: int | None
    is_earlier: bool = False


@dataclass(frozen=True)
class Group:
    """What one card has to do with others."""

    asked: Related | None = None
    """Whose answer it has."""
    copies: tuple[Related, ...] = ()

    @property
    def is_near(self) -> bool:
        return self.asked is not None and self.asked.bits is not None


ALONE = Group()


def groups_of(pictures: Iterable[Key], links: Mapping[Key, Link]) -> dict[Key, Group]:
    """Of the pictures of a report, in the order of their cards, those that are in a group."""
    if not links:
        return {}
    meant = {*links, *(link.asked for link in links.values())}
    numbers = {key: number for number, key in enumerate(pictures, start=1) if key in meant}
    copies: dict[Key, list[Related]] = {}
    groups: dict[Key, Group] = {}
    for key in sorted(links, key=lambda key: numbers[key]):
        link = links[key]
        if not link.is_earlier:
            copies.setdefault(link.asked, []).append(Related(numbers[key], key[0], link.bits))
        groups[key] = Group(asked=Related(numbers.get(link.asked, 0), link.asked[0], link.bits, link.is_earlier))
    for key, related in copies.items():
        groups[key] = Group(groups.get(key, ALONE).asked, tuple(related))
    return groups


def shown_group(group: Group, place: Callable[[int], str]) -> list[Html]:
    """What a card says of it; `place` gives the address of a card."""
    told = []
    if (asked := group.asked) is not None:
        whose = "Not asked. The answer is " + ("an earlier one to " if asked.is_earlier else "that to ")
        told.append(element("p", whose, _name(asked, place), f", which {_why(asked)}.", class_="label group s"))
    if group.copies:
        shown = group.copies[:_MOST]
        names = (element("li", _name(one, place), f" ({_how(one)})") for one in shown)
        more = len(group.copies) - len(shown)
        count = len(group.copies)
        told.append(
            element(
                "details",
                element("summary", f"{count:,} {'copy has' if count == 1 else 'copies have'} this answer"),
                element("ul", *names, *([element("li", f"and {more:,} more")] if more else [])),
                class_="group s",
                open=count <= 3,
            )
        )
    return told


def _why(asked: Related) -> str:
    if asked.bits is None:
        return "had the same bytes then" if asked.is_earlier else "has the same bytes"
    if asked.is_earlier:
        return f"looked like it then: {asked.bits} of 64 bits differed"
    return f"looks like it: {_bits(asked.bits)}"


def _how(one: Related) -> str:
    return "same bytes" if one.bits is None else _bits(one.bits)


def _bits(count: int) -> str:
    return f"{count} of 64 bits {'differs' if count == 1 else 'differ'}"


def _name(one: Related, place: Callable[[int], str]) -> Html:
    name = element("bdi", one.path)
    return element("a", name, href=place(one.number)) if one.number else name
