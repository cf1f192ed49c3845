"""Parsing of the arguments of `mcp`: folders, the address to listen on, whom to ask."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ollama_vision.extras import EXTRAS, install_hint, is_complete

from ..common.access import Access, UsageError, model_of_environment, read_access, read_option


@dataclass(frozen=True)
class Serving:
    """All that one `mcp` says."""

    roots: tuple[Path, ...]
    model: str | None
    access: Access
    http: tuple[str, int] | None
    """`None` for standard input and output."""
    sight_check: bool | None
    options: Mapping[str, Any]
    options_unchecked: Mapping[str, Any]
    think: bool | None
    timeout: float | None


def read_serving(
    *,
    roots: Sequence[Path],
    model: str | None,
    demo: bool,
    host: str | None,
    headers: Iterable[str],
    cacert: Path | None,
    http: str | None,
    sight_check: bool | None,
    options: Iterable[str],
    options_unchecked: Iterable[str],
    think: bool | None,
    timeout: float | None,
) -> Serving:
    """Check everything that can be checked without a server; raises `UsageError`."""
    extra = EXTRAS["mcp"]
    if not is_complete(extra.modules):
        raise UsageError(f"mcp needs the extra mcp ({extra.purpose}). Get it with: {install_hint('mcp')}")
    for root in roots:
        if not root.expanduser().is_dir():
            raise UsageError(f"--root {root}: there is no such folder. It names one that agents may read.")
    return Serving(
        roots=tuple(root.expanduser() for root in roots),
        model=model or model_of_environment(demo=demo),
        access=read_access(demo=demo, hosts=() if host is None else (host,), headers=headers, cacert=cacert),
        http=None if http is None else read_http(http),
        sight_check=sight_check,
        options=dict(read_option(text) for text in options),
        options_unchecked=dict(read_option(text) for text in options_unchecked),
        think=think,
        timeout=timeout,
    )


def read_http(text: str) -> tuple[str, int]:
    """`127.0.0.1:8000`, `[::1]:8000`, `localhost:0`."""
    found = re.fullmatch(r"(\[[0-9A-Fa-f:]+\]|[^:\[\]]+):([0-9]{1,5})", text.strip(), re.ASCII)
    if found is None or int(found[2]) > 65535:
        raise UsageError(f"--http takes an address of this machine and a port, such as 127.0.0.1:8000, not {text!r}.")
    return found[1].strip("[]"), int(found[2])
