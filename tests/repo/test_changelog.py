"""CHANGELOG.md as a release's tools read it: keepachangelog is such a tool."""

from __future__ import annotations

import datetime
import re
from importlib import metadata
from pathlib import Path
from typing import Any

import keepachangelog  # type: ignore[import-untyped]

CHANGELOG = Path(__file__).resolve().parents[2] / "CHANGELOG.md"
KINDS = {"added", "changed", "deprecated", "removed", "fixed", "security"}
SECTIONS: dict[str, dict[str, Any]] = keepachangelog.to_dict(str(CHANGELOG), show_unreleased=True)


def slug(heading: str) -> str:
    """The anchor that GitHub gives a heading: brackets and dots fall out, each space is a hyphen."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


def test_the_newest_release_is_what_is_installed() -> None:
    unreleased, newest = list(SECTIONS)[:2]
    assert unreleased == "unreleased"
    assert newest == metadata.version("llama-index-multi-modal-llms-ollama")


def test_each_release_has_a_date_and_the_newest_comes_first() -> None:
    releases = [section["metadata"] for name, section in SECTIONS.items() if name != "unreleased"]
    dates = [datetime.date.fromisoformat(release["release_date"]) for release in releases]
    numbers = [release["semantic_version"] for release in releases]
    versions = [(number["major"], number["minor"], number["patch"]) for number in numbers]
    assert dates == sorted(dates, reverse=True)
    assert versions == sorted(versions, reverse=True)
    assert all(section.keys() & KINDS for name, section in SECTIONS.items() if name != "unreleased")


def test_what_changed_stands_under_one_of_the_known_kinds() -> None:
    headings = re.findall(r"^### (.+)$", CHANGELOG.read_text(encoding="utf-8"), flags=re.MULTILINE)
    assert headings
    assert {heading.lower() for heading in headings} <= KINDS


def test_each_heading_is_a_link_that_leads_somewhere() -> None:
    """Into this file, as long as no public address holds this project's tags."""
    headings = re.findall(r"^## (.+)$", CHANGELOG.read_text(encoding="utf-8"), flags=re.MULTILINE)
    assert all(heading.startswith("[") for heading in headings)
    assert [section["metadata"]["url"] for section in SECTIONS.values()] == [f"#{slug(each)}" for each in headings]
