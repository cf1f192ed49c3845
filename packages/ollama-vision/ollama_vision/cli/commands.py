"""The commands, lazily loaded: a name and a summary for each, and its options once it is called."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from importlib import import_module
from typing import Any

import typer
from typer.core import TyperCommand, TyperGroup

SUMMARIES = {
    "ask": "Ask about pictures; the answer goes to standard output.",
    "describe": "Ask the same about many pictures; answers go to results.jsonl.",
    "watch": "Describe what is in a folder, and then what comes into it.",
    "read": "Read scans and PDFs to Markdown, and say which page to trust.",
    "export": "Make a table (CSV) of results.jsonl, for Excel and LibreOffice.",
    "search": "Find pictures by words in their answers, best first.",
    "report": "Make a page of results.jsonl: pictures beside their answers.",
    "compare": "Compare results with labels, and say which run is better.",
    "eyetest": "Find the smallest things and letters that a model tells.",
    "models": "List the models on the server, those that see pictures first.",
    "pull": "Get a model onto the server, and show how far it is.",
    "serve": "Serve a model as Ollama does, for trying out and for tests.",
    "mcp": "Serve tools for agents (MCP) that look at your pictures.",
    "doctor": "Check server, models and this machine, and say what to do.",
}
"""The first line of each command's help. The function is `options.py`'s of its folder, and has its name."""


class Commands(Mapping[str, Any]):
    """By name; each is made when it is looked at, which takes longer than a whole page of help."""

    def __init__(self) -> None:
        self._made: dict[str, Any] = {}

    def __getitem__(self, name: str) -> Any:
        if name not in SUMMARIES:
            raise KeyError(name)
        if name not in self._made:
            # With the first command: it opens the options that several share.
            from .common.settings.applied import SettledCommand

            options = import_module(f"{__package__}.{name}.options")
            alone = typer.Typer(rich_markup_mode=None, pretty_exceptions_enable=False, add_completion=False)
            summary = f"{SUMMARIES[name]}\n\n{options.HELP}"
            alone.command(name, help=summary, cls=SettledCommand)(getattr(options, name))
            made: Any = typer.main.get_command(alone)
            made.siblings = self
            made.own_names = getattr(options, "OWN_NAMES", made.own_names)
            made.shows_problems = getattr(options, "SHOWS_PROBLEMS", made.shows_problems)
            self._made[name] = made
        return self._made[name]

    def __iter__(self) -> Iterator[str]:
        return iter(SUMMARIES)

    def __len__(self) -> int:
        return len(SUMMARIES)


class LazyGroup(TyperGroup):
    """A group that opens of its commands only the one that is called."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(**{**settings, "commands": Commands()})

    def list_commands(self, ctx: Any) -> list[str]:
        return list(SUMMARIES)

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        """Names and summaries, from the table."""
        told = [TyperCommand(name, help=summary) for name, summary in SUMMARIES.items()]
        TyperGroup(commands=told, rich_markup_mode=None).format_commands(ctx, formatter)
