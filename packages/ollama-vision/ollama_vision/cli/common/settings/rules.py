"""Which options make others void: a setting yields to what is typed, instead of being an error beside it."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

BEATS: Mapping[str, frozenset[str]] = {
    "demo": frozenset({"host", "header", "cacert", "model"}),
    "host": frozenset({"demo"}),
    "header": frozenset({"demo"}),
    "cacert": frozenset({"demo"}),
    "choose": frozenset({"format", "schema", "draw_boxes", "confidence"}),
    "format": frozenset({"choose"}),
    "schema": frozenset({"choose"}),
    "confidence": frozenset({"choose"}),
    "draw_boxes": frozenset({"choose", "tiles"}),
    "tiles": frozenset({"draw_boxes"}),
    "detail": frozenset({"max_pixels"}),
    "max_pixels": frozenset({"detail"}),
    "append": frozenset({"restart"}),
    "restart": frozenset({"append"}),
    "prompt": frozenset({"prompt_file"}),
    "prompt_file": frozenset({"prompt"}),
    "pages": frozenset({"together"}),
    "undo": frozenset({"dry_run"}),
    "dry_run": frozenset({"undo"}),
}
"""The weaker ones of each: both together are an error, or mean something else."""

NEEDS: Mapping[str, frozenset[str]] = {
    "box_convention": frozenset({"draw_boxes", "figures"}),
    "calibration": frozenset({"choose"}),
    "confidence": frozenset({"schema"}),
    "host": frozenset({"embed"}),
    "header": frozenset({"embed"}),
    "cacert": frozenset({"embed"}),
    "timeout": frozenset({"embed"}),
}
"""What one of them must be there for, in commands that have such an option."""

PRINTED = "-"
KEEPS: frozenset[str] = frozenset(
    {"append", "restart", "retry_errors", "prune", "report", "timeline", "sidecar", "sidecar_dir", "sidecar_name"}
)
"""Void beside `--out -`, which keeps nothing."""
OF_XMP = ("overwrite", "undo")
"""Void unless XMP sidecars are written."""


def in_force(said: Mapping[str, Any], levels: Collection[Mapping[str, Any]], known: Collection[str]) -> dict[str, Any]:
    """The settings that hold.

    Args:
        said: what was typed, or is in the environment, by name: it beats every setting.
        levels: the settings, the stronger ones first.
        known: the options that the command has.
    """
    held = {name: value for name, value in said.items() if value}
    kept: dict[str, Any] = {}
    for level in levels:
        fine = {
            name: value
            for name, value in level.items()
            if name not in said and name not in kept and not _is_beaten(name, held)
        }
        kept |= fine
        held |= {name: value for name, value in fine.items() if value}
    xmp = held.get("sidecar") == "xmp"
    return {
        name: value for name, value in kept.items() if not _lacks(name, held, known) and (xmp or name not in OF_XMP)
    }


def _is_beaten(name: str, held: Mapping[str, Any]) -> bool:
    if name in KEEPS and held.get("out") == PRINTED:
        return True
    return any(name in BEATS.get(strong, frozenset()) for strong in held)


def _lacks(name: str, held: Mapping[str, Any], known: Collection[str]) -> bool:
    needed = NEEDS.get(name, frozenset()).intersection(known)
    return bool(needed) and not needed & held.keys()
