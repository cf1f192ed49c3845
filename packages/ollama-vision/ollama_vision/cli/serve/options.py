"""`ollama-vision serve`: its options and its help."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ..common.options import usage_errors

HELP = """\
It runs until Ctrl-C. Without --model it serves the demo model, which knows coloured shapes and nothing else of this
world; any GGUF model with its projector can take its place. The first line says where it listens.

With --blind the model gets something else than the pictures that are sent, so that you can see what your programs
make of it: black, grey, noise, dropped (none), marker (words in their place), stale (those of the request before),
first or last (of several), bgr (red and blue exchanged), turned, mirrored, flipped (upside down), part (the upper
half), tiny (one pixel), or small (16x16 pixels: poor sight).

\b
Examples:
  ollama-vision serve
  ollama-vision serve --port 11434 --num-parallel 4
  ollama-vision serve --blind black
  ollama-vision serve --model gemma-3-4b-it-Q4_K_M.gguf --mmproj mmproj-gemma-3-4b-it.gguf

The exit code is 0 when it was told to stop, 2 when it cannot start, 130 after Ctrl-C.
"""

OWN_NAMES = frozenset({"model", "host"})
"""A file and an address to listen on, and so not what the top of `ollama-vision.toml` says to the other commands."""


def serve(
    model: Annotated[Path | None, typer.Option(metavar="GGUF", help="The text model, a file.")] = None,
    mmproj: Annotated[Path | None, typer.Option(metavar="GGUF", help="Its projector, which makes it see.")] = None,
    host: Annotated[
        str, typer.Option(metavar="ADDRESS", help="The address to listen on; others see it with 0.0.0.0.")
    ] = "127.0.0.1",
    port: Annotated[int, typer.Option(metavar="N", help="The port. Without it: any free one.", show_default=False)] = 0,
    num_parallel: Annotated[
        int, typer.Option(metavar="N", help="Answers at the same time; each has its share of the memory.")
    ] = 1,
    blind: Annotated[
        str | None, typer.Option(metavar="FAULT", help="What the model gets in place of the pictures: see above.")
    ] = None,
) -> None:
    from ollama_vision.extras import lacks_embedded

    from ..common.access import UsageError

    with usage_errors():
        if lacking := lacks_embedded("serve"):
            raise UsageError(lacking)
        if mmproj is not None and model is None:
            raise UsageError("--mmproj is the projector of a model: give --model as well.")
        if not 0 <= port <= 65535:
            raise UsageError(f"--port {port}: ports are 1 to 65535; without --port it is any free one.")
        if num_parallel < 1:
            raise UsageError(f"--num-parallel {num_parallel}: at least 1.")

    from .command import serve as listen

    raise typer.Exit(listen(model=model, mmproj=mmproj, host=host, port=port, num_parallel=num_parallel, blind=blind))
