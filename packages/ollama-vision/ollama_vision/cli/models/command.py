"""`ollama-vision models`: the models on the server, those that see first."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from shutil import get_terminal_size
from typing import Any

from ollama_vision import words
from ollama_vision.errors import OllamaMultiModalError
from ollama_vision.server import OllamaServer

from ..common.access import Access
from ..common.default_model import GOOD_FIRST_MODEL
from ..common.exits import DONE, FAILED
from ..common.screen import Screen, one_line, silence_output, telling
from ..common.servers import NoServer, servers_for
from ..common.shell_words import in_shell_words

ABILITIES = ("vision", "thinking", "tools")
HEADINGS = ("NAME", *(ability.upper() for ability in ABILITIES), "ON DISK", "CONTEXT", "IN MEMORY")
GAP = "  "
FLUSH_RIGHT = {"ON DISK", "CONTEXT"}


@dataclass(frozen=True)
class Row:
    """One model; `None` is what the server does not tell."""

    name: str
    abilities: frozenset[str] | None
    size: int
    context_length: int | None
    loaded: Mapping[str, Any] | None
    """Its entry among the running models."""

    def can(self, ability: str) -> bool | None:
        return None if self.abilities is None else ability in self.abilities


def models(access: Access, *, as_json: bool) -> int:
    """List the models, and give the exit code."""
    with Screen() as screen, telling(screen):
        try:
            with servers_for(access, screen) as servers:
                server = OllamaServer(**servers.settings[0])
                screen.wait(f"Asking {server.base_url}")
                rows = in_order(rows_of(server, screen))
            screen.pause()
            if as_json:
                whole = {"server": server.base_url, "models": [as_object(row) for row in rows]}
                sys.stdout.write(json.dumps(whole, indent=2, ensure_ascii=False) + "\n")
            elif rows:
                width = get_terminal_size().columns if sys.stdout.isatty() else None
                sys.stdout.write("".join(f"{line}\n" for line in table(rows, width)))
            else:
                screen.note(f"{server.base_url} has no model yet. Get one: ollama-vision pull {GOOD_FIRST_MODEL}")
            sys.stdout.flush()
        except (OllamaMultiModalError, NoServer) as error:
            screen.complain(in_shell_words(str(error)))
            return FAILED
        except BrokenPipeError:
            silence_output()
            return FAILED
    return DONE


def rows_of(server: OllamaServer, screen: Screen) -> list[Row]:
    running = {entry.name: entry.details for entry in server.running()}
    return [
        Row(
            entry.name,
            entry.capabilities,
            entry.size,
            _count((entry.details.get("details") or {}).get("context_length")) or _shown(server, entry.name, screen),
            running.get(entry.name),
        )
        for entry in server.models()
    ]


def _shown(server: OllamaServer, name: str, screen: Screen) -> int | None:
    """The longest context as /api/show has it: older servers do not list it."""
    try:
        info = server.show(name).get("model_info") or {}
    except OllamaMultiModalError as error:
        # One damaged model must not hide the others.
        screen.note(in_shell_words(str(error)))
        return None
    return _count(info.get(f"{info.get('general.architecture')}.context_length"))


def _count(value: Any) -> int | None:
    return value if isinstance(value, int) else None


def in_order(rows: Iterable[Row]) -> list[Row]:
    """Those that see, those of which it is not told, the others; each by name."""
    return sorted(rows, key=lambda row: ({True: 0, None: 1, False: 2}[row.can("vision")], row.name))


def as_object(row: Row) -> dict[str, Any]:
    loaded = row.loaded
    return {
        "name": row.name,
        **{ability: row.can(ability) for ability in ABILITIES},
        "size": row.size,
        "context_length": row.context_length,
        "loaded": loaded and {name: loaded.get(name) for name in ("size", "size_vram", "context_length", "expires_at")},
    }


def table(rows: Sequence[Row], width: int | None = None) -> list[str]:
    """Aligned lines; where a terminal is too narrow for them, a long name has a line of its own."""
    cells = [HEADINGS, *(_cells(row) for row in rows)]
    name_width, *widths = (max(map(len, column)) for column in zip(*cells, strict=True))
    room = None if width is None else width - sum(len(GAP) + each for each in widths)
    if room is not None and name_width > room:
        name_width = max(room, len(HEADINGS[0]))
    lines = []
    for name, *facts in cells:
        if len(name) > name_width:
            lines.append(name)
            name = ""
        columns = zip(HEADINGS[1:], facts, widths, strict=True)
        aligned = (fact.rjust(each) if heading in FLUSH_RIGHT else fact.ljust(each) for heading, fact, each in columns)
        lines.append(GAP.join((name.ljust(name_width), *aligned)).rstrip())
    return lines


def _cells(row: Row) -> tuple[str, ...]:
    can = ({True: "yes", False: "-", None: "?"}[row.can(ability)] for ability in ABILITIES)
    context = f"{row.context_length:,}" if row.context_length else "?"
    return (one_line(row.name), *can, words.size(row.size), context, _in_memory(row.loaded))


def _in_memory(loaded: Mapping[str, Any] | None) -> str:
    if loaded is None:
        return "-"
    size, on_gpu = _count(loaded.get("size")) or 0, _count(loaded.get("size_vram")) or 0
    if not size:
        return "yes"
    place = "GPU" if on_gpu >= size else "CPU" if not on_gpu else f"{words.percent(on_gpu, size)} % GPU"
    return f"{words.size(size)}, {place}"
