"""Optional dependencies (extras): which of their packages are here, and the pip command for the others.

Standard library only.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from importlib.util import find_spec

DISTRIBUTION = "ollama-vision"

CLI = ("typer", "rich")
EMBEDDED = ("xllamacpp", "starlette", "uvicorn")


@dataclass(frozen=True)
class Extra:
    """What an extra is for, and the modules that it brings."""

    purpose: str
    modules: tuple[str, ...]


EXTRAS: Mapping[str, Extra] = {
    "heif": Extra("HEIC and HEIF pictures", ("pillow_heif",)),
    "pdf": Extra("pages of PDF files", ("pypdfium2",)),
    "video": Extra("frames of videos", ("av",)),
    "socks": Extra("a SOCKS proxy on the way to the server", ("socksio",)),
    "dicom": Extra("medical pictures (DICOM)", ("pydicom", "numpy")),
    "raw": Extra("cameras' raw files", ("rawpy",)),
    "read": Extra("error rates of texts", ("rapidfuzz",)),
    "mcp": Extra("tools for agents", ("mcp", "uvicorn")),
    "xmp": Extra("XMP sidecars of pictures", ("lxml",)),
    "watch": Extra("being told of what comes into a folder", ("watchfiles",)),
    "embedded": Extra("a small server with a demo model", EMBEDDED),
}
"""What can be added to the command line by those who need it."""


def is_complete(modules: Iterable[str]) -> bool:
    return all(find_spec(name) is not None for name in modules)


def install_hint(*extras: str) -> str:
    """The pip command for extras.

    With `>=1`, as the class's own package is asked for: on an index, its name still holds 0.6.1, another program.
    """
    return f'pip install "{DISTRIBUTION}[{",".join(extras)}]>=1"'


def lacks_embedded(who: str) -> str:
    """Why `who` cannot start a server here, and how to get what it needs; empty when all of it is there."""
    if is_complete(EMBEDDED):
        return ""
    return f"{who} needs the extra embedded ({EXTRAS['embedded'].purpose}). Get it with: {install_hint('embedded')}"
