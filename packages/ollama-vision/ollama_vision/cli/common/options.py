"""Typer options that commands share, each declared once, and what a wrong command line comes to."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from enum import StrEnum
from inspect import Signature, signature
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeVar, get_type_hints

import typer

from .exits import WRONG_COMMAND_LINE
from .settings_in_use import settings_in_use

if TYPE_CHECKING:
    from .access import Access

Host = Annotated[
    str | None,
    typer.Option(
        "--host", metavar="URL", help="The server's address. Without it: OLLAMA_HOST, else http://localhost:11434."
    ),
]
Hosts = Annotated[
    list[str] | None,
    typer.Option(
        "--host",
        metavar="URL",
        help="The server's address. Given again: all are asked at once, each for the next picture when it is free. "
        "Without it: OLLAMA_HOST, else http://localhost:11434.",
    ),
]
Demo = Annotated[
    bool,
    typer.Option("--demo", help="Start a small server with the demo model, which knows coloured shapes."),
]
Header = Annotated[
    list[str] | None,
    typer.Option("--header", metavar='"NAME: VALUE"', help="A header for each request. Can be given again."),
]
CACert = Annotated[
    Path | None,
    typer.Option("--cacert", metavar="FILE", help="Certificates (PEM) to trust instead of the usual ones."),
]
Options = Annotated[
    list[str] | None,
    typer.Option(
        "--option",
        metavar="NAME=VALUE",
        help="An option of Ollama's, such as temperature=0. The value is read as JSON, else as text. "
        "Can be given again.",
    ),
]
UncheckedOptions = Annotated[
    list[str] | None,
    typer.Option(
        "--option-unchecked",
        metavar="NAME=VALUE",
        help="The same for an option that is newer than this program: its name is not checked.",
    ),
]
PromptFile = Annotated[
    str | None,
    typer.Option(
        "--prompt-file", metavar="FILE", help="A file with the prompt, in UTF-8; - for one on standard input."
    ),
]
System = Annotated[
    str | None,
    typer.Option("--system", metavar="TEXT", help="A system prompt, in place of the model's own."),
]
Think = Annotated[
    bool | None,
    typer.Option("--think/--no-think", help="Have a model that can think do so, or not.", show_default=False),
]
Timeout = Annotated[
    float | None,
    typer.Option(
        "--timeout",
        metavar="SECONDS",
        min=0.1,
        help="How long the server may be silent about a question that it was sent.",
        show_default="600",
    ),
]
MaxPixels = Annotated[int | None, typer.Option(metavar="N", min=1024, help="The same as a number: width times height.")]
Exclude = Annotated[
    list[str] | None,
    typer.Option(metavar="GLOB", help="Leave out files and folders that fit. Can be given again."),
]
Jobs = Annotated[int, typer.Option(metavar="N", min=1, max=256, help="How many requests are in flight.")]
RetryErrors = Annotated[bool, typer.Option("--retry-errors", help="Ask again about what failed.")]
Wait = Annotated[
    float | None,
    typer.Option(
        "--wait",
        metavar="SECONDS",
        min=0,
        help="How long a server that was there and goes away, to be restarted say, is waited for; 0 for not at all. "
        "When given, it is waited for at the start too.",
        show_default="120",
    ),
]
Range = Annotated[
    str | None,
    typer.Option(
        "--range",
        metavar="LOW:HIGH",
        help="Which values are shown as black and as white, such as 400:3640, for depth maps and other pictures of "
        "16 bits. Without it: what the file states, else all where they are many, else from the lowest to the highest.",
    ),
]
BoxConventionName = Annotated[
    str | None,
    typer.Option(
        "--box-convention",
        metavar="NAME",
        help="How the model counts boxes: model pixels, pixels, 0-1000, 0-1000 yx, 0-999, 0-500 or 0-1. "
        "Without it: as its family does, where that is certain.",
    ),
]

Choose = Annotated[
    list[str] | None,
    typer.Option(
        "--choose",
        metavar="LABEL,LABEL,...",
        help="The answer is one of these labels, with a probability for each. Given again: each is one label as it "
        "stands, commas and all.",
    ),
]
CalibrationFile = Annotated[
    Path | None,
    typer.Option(
        "--calibration",
        metavar="CAL.json",
        help="What `ollama-vision compare --calibrate` made for this model and these labels.",
    ),
]


Region = Annotated[
    str | None,
    typer.Option(
        "--region",
        metavar="L,T,R,B",
        help="Send this part of each picture alone, cut out before it is scaled: left, top, right, bottom, in pixels, "
        "or in fractions with a decimal point, such as 0.5,0.0,1.0,0.5.",
    ),
]


class Detail(StrEnum):
    low = "low"
    auto = "auto"
    high = "high"


DetailLevel = Annotated[
    Detail | None,
    typer.Option("--detail", help="How large pictures are sent: up to 0.4, 1 or 3.2 megapixels.", show_default="auto"),
]
Tiles = Annotated[
    str | None,
    typer.Option(
        "--tiles",
        metavar="auto|3x2",
        help="Send each picture whole and then, closer, in tiles: columns and rows, or as many as it needs.",
    ),
]


Frames = Annotated[
    str | None,
    typer.Option(
        metavar="N|scenes",
        help="How many frames of a video or an animation to send, evenly spaced; or the first frame of each scene of a "
        "video, scenes:N of N at the most. Without it: 8.",
    ),
]
From = Annotated[
    str | None,
    typer.Option("--from", metavar="TIME", help="Begin there in a video: seconds, or 1:02:03."),
]
To = Annotated[str | None, typer.Option("--to", metavar="TIME", help="End there in a video.")]


NearDuplicates = Annotated[
    bool,
    typer.Option(
        "--near-duplicates",
        help="Ask once about pictures that look alike: rescaled, brightened, coded anew. Each other one gets a line of "
        "its own with that answer and same_as. Equal files are asked about once in any case.",
    ),
]
NearBits = Annotated[
    int | None,
    typer.Option(
        "--near-bits",
        metavar="N",
        min=0,
        max=16,
        help="The same, where so many bits of their hashes differ, of 64.",
        show_default="4",
    ),
]


def complete_model(ctx: typer.Context, incomplete: str) -> list[str]:
    """The models on the server that begin so; the host may have been typed before."""
    from ..completion import model_names

    typed = ctx.params.get("host")
    host = typed if isinstance(typed, str) else next(iter(typed or ()), None)
    return [name for name in model_names(host) if name.startswith(incomplete)]


OneModel = Annotated[
    str | None,
    typer.Option(
        "--model",
        "-m",
        metavar="NAME",
        autocompletion=complete_model,
        help="The model to ask. Without it: OLLAMA_VISION_MODEL, else the only one there that sees.",
    ),
]

T = TypeVar("T")


def options_of(kind: type[T]) -> Callable[[Callable[[T], None]], Callable[..., None]]:
    """A command whose options are the fields of a dataclass: typer reads them there, and it gets one value."""

    def made(command: Callable[[T], None]) -> Callable[..., None]:
        def typed(**words: Any) -> None:
            command(kind(**words))

        hints = get_type_hints(kind, include_extras=True)
        typed.__signature__ = Signature(  # type: ignore[attr-defined]
            [each.replace(annotation=hints[name]) for name, each in signature(kind).parameters.items()]
        )
        typed.__annotations__ = hints
        return typed

    return made


@contextmanager
def usage_errors() -> Iterator[None]:
    """Turn UsageError into one line on standard error and exit code 2."""
    from .access import UsageError

    try:
        yield
    except UsageError as error:
        message = str(error)
        typer.echo(f"Error: {message}{settings_in_use().hint(message)}", err=True)
        raise typer.Exit(WRONG_COMMAND_LINE) from error


def read_one_access(host: str | None, header: list[str] | None, cacert: Path | None) -> Access:
    """What the three options above say, checked."""
    from .access import read_access

    with usage_errors():
        return read_access(demo=False, hosts=() if host is None else (host,), headers=header or (), cacert=cacert)
