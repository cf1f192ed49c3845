"""`ollama-vision watch`: the options of `describe`, and when to look; what was typed is one value."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated

import typer

from ..describe.typed import DescribeOptions


@dataclass(frozen=True, eq=False, repr=False)
class WatchOptions(DescribeOptions):
    """What was typed, not yet looked at."""

    path: Annotated[list[str], typer.Argument(metavar="DIR", show_default=False, hidden=True)]
    # What belongs to one run over what is there cannot be said.
    limit: int | None = field(default=None, init=False)
    dry_run: bool = field(default=False, init=False)
    undo: bool = field(default=False, init=False)
    settle: Annotated[
        float,
        typer.Option(
            metavar="SECONDS",
            min=0.1,
            help="How long a file must not have changed until it is taken; one that cannot be read then may be half a "
            "file, and counts as broken after thirty times as long.",
        ),
    ] = 2.0
    poll: Annotated[
        bool,
        typer.Option(
            "--poll",
            help="Look through the folders every second or so, instead of being told of changes: for network drives "
            "and mounts in containers.",
        ),
    ] = False
