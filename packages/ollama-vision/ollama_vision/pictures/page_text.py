"""What is known of a document's page beside its pixels, as values."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class PageText:
    """What stands on a page beside its pixels."""

    layer: str | None = None
    """Its text, with the page's line ends; `None` where it has none, as a scan has, or none that can be used."""
    undrawn: tuple[str, ...] = ()
    """What of it is missing in the picture, or is there in other signs: "its picture Im1 (...) cannot be decoded"."""


NO_TEXT = PageText()


@dataclass(frozen=True)
class PageFacts(PageText):
    """The same with what its pixels show."""

    has_ink: bool = True
    """Whether anything is to be seen on it but paper: noise, dust, shading and a scanner's edges are no ink."""
