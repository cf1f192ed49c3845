"""Parsing of the arguments of `describe`, before any file or server is looked at."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from ollama_vision.batch import DEFAULT_NEAR_BITS

from ..common.access import (
    STANDARD_OUTPUT,
    Access,
    UsageError,
    model_of_environment,
    read_access,
    read_clip,
    read_frames,
    read_labels,
    read_option,
    read_range,
    read_region,
    read_tiles,
)
from ..common.prompts import read_prompt, read_system, read_template
from .typed import DEFAULT_PROMPT

if TYPE_CHECKING:
    from pydantic import BaseModel

    from ollama_vision.batch import PromptTemplate, SidecarFormat, SidecarName, Start
    from ollama_vision.pictures import Region, Tiles

    from .typed import DescribeOptions

Pages = Literal["each", "together"]
Detail = Literal["low", "auto", "high"]


@dataclass(frozen=True)
class Job:
    """All that one `describe` says."""

    paths: tuple[str, ...]
    prompt: str
    system: str | None
    """`None`: the model's own."""
    models: tuple[str, ...]
    """None: the only one there that sees."""
    access: Access
    answer: type[BaseModel] | None
    """What each answer must be; `None` for text."""
    labels: tuple[str, ...]
    """Of which one is the answer; empty where it is not one of some labels."""
    calibration: Path | None
    confidence: bool
    """Whether to tell how sure the model is of fields."""
    options: Mapping[str, Any]
    options_unchecked: Mapping[str, Any]
    think: bool
    out: Path | None
    """`None` for standard output."""
    start: Start
    """What to do when there are lines of another request."""
    retry_errors: bool
    prune: bool
    """Whether lines of pictures that are gone are taken out."""
    pages: Pages
    frames: int | str | None
    clip: tuple[float, float | None] | None
    """From and to, in seconds, of videos."""
    timeline: Path | None
    detail: Detail
    max_pixels: int | None
    """`None`: as `detail` says."""
    range: tuple[int, int] | None
    region: Region | None
    tiles: Tiles | None
    include: tuple[str, ...]
    exclude: tuple[str, ...]
    videos: bool
    sidecars: bool
    sidecar_folder: Path | None
    """`None`: beside each picture."""
    sidecar_name: SidecarName
    sidecar_format: SidecarFormat
    overwrite: bool
    """Whether a title and a description that are in a sidecar give way."""
    undo: bool
    """Whether nothing is asked, and sidecars are made what they were."""
    report: Path | None
    jobs: int
    timeout: float | None
    """Seconds of silence; `None`: as long as the client waits by itself."""
    wait: float | None
    """Seconds for a server that is gone; `None`: as long as the client waits by itself, and not at the start."""
    limit: int | None
    near_bits: int | None
    """How many bits of the hashes of pictures that look alike differ; `None`: each is asked about."""
    sight_check: bool
    """Whether each host has to show that it sees."""
    dry_run: bool
    list_left_out: bool

    @property
    def template(self) -> PromptTemplate:
        """The prompt with its placeholders."""
        return read_template(self.prompt, "--prompt")

    def resume_hint(self) -> str:
        """What to type when the run ended early."""
        if self.out is None:
            return "What was printed is not asked for again with --out and a file."
        without = " without --restart" if self.start == "restart" else ""
        return f"The same command{without} goes on with the rest."


def read_job(typed: DescribeOptions) -> Job:
    """Check everything that can be checked without a picture; raises `UsageError`."""
    if typed.append and typed.restart:
        raise UsageError("--append keeps the lines that are there, --restart puts them aside: give one of them.")
    if typed.detail is not None and typed.max_pixels is not None:
        raise UsageError("--detail stands for a number of pixels: give it or --max-pixels, not both.")
    if typed.report is not None and typed.report.suffix.lower() not in (".html", ".htm"):
        # A slip of the hand must not put a report in a picture's place.
        raise UsageError(f"--report {typed.report}: name a file that ends in .html.")
    if typed.timeline is not None and typed.timeline.suffix.lower() not in (".md", ".markdown"):
        raise UsageError(f"--timeline {typed.timeline}: name a file that ends in .md.")
    file = None if typed.out == STANDARD_OUTPUT else Path(typed.out)
    wants_sidecars = typed.sidecar is not None or typed.sidecar_dir is not None or typed.sidecar_name is not None
    sidecar_format: SidecarFormat = "txt" if typed.sidecar is None else typed.sidecar.value
    if sidecar_format != "xmp":
        for option, is_given in (("--overwrite", typed.overwrite), ("--undo", typed.undo)):
            if is_given:
                raise UsageError(f"{option} is for XMP sidecars: give --sidecar xmp as well.")
    if typed.undo and typed.dry_run:
        raise UsageError("--undo asks nothing, so that --dry-run has nothing to tell: leave out one of them.")
    if file is None:
        refuse_with_standard_output(
            {
                "--append": typed.append,
                "--restart": typed.restart,
                "--retry-errors": typed.retry_errors,
                "--prune": typed.prune,
                "--report": typed.report is not None,
                "--timeline": typed.timeline is not None,
                "--sidecar": wants_sidecars,
            }
        )
    elif file.is_dir() or not file.absolute().parent.is_dir():
        what = "it is a folder" if file.is_dir() else f"there is no folder {file.parent}"
        raise UsageError(f"--out {typed.out}: {what}. Name a file, such as results.jsonl.")
    elif file.exists() and not file.is_file():
        raise UsageError(f"--out {typed.out}: it is a pipe or a device, and keeps nothing. --out - prints the lines.")
    prompt = read_prompt(typed.prompt, typed.prompt_file, DEFAULT_PROMPT)
    read_template(prompt, "--prompt" if typed.prompt_file is None else f"--prompt-file {typed.prompt_file}")
    return Job(
        paths=tuple(typed.path),
        prompt=prompt,
        system=read_system(typed.system),
        models=tuple(dict.fromkeys(typed.model or ())) or tuple(filter(None, [model_of_environment(demo=typed.demo)])),
        access=read_access(demo=typed.demo, hosts=typed.host or (), headers=typed.header or (), cacert=typed.cacert),
        answer=None if typed.schema is None else read_answer(typed.schema),
        labels=read_labels(typed.choose),
        calibration=typed.calibration,
        confidence=typed.confidence,
        options=dict(read_option(text) for text in typed.option or ()),
        options_unchecked=dict(read_option(text) for text in typed.option_unchecked or ()),
        think=bool(typed.think),
        out=file,
        start="append" if typed.append else "restart" if typed.restart else "go on",
        retry_errors=typed.retry_errors,
        prune=typed.prune,
        pages="together" if typed.together else typed.pages.value,
        frames=None if typed.frames is None else read_frames(typed.frames),
        clip=read_clip(typed.from_, typed.to),
        timeline=typed.timeline,
        detail="auto" if typed.detail is None else typed.detail.value,
        max_pixels=typed.max_pixels,
        range=None if typed.range is None else read_range(typed.range),
        region=None if typed.region is None else read_region(typed.region),
        tiles=None if typed.tiles is None else read_tiles(typed.tiles),
        include=tuple(typed.include or ()),
        exclude=tuple(typed.exclude or ()),
        videos=typed.videos,
        sidecars=wants_sidecars,
        sidecar_folder=typed.sidecar_dir,
        sidecar_name="name" if typed.sidecar_name is None else typed.sidecar_name.value,
        sidecar_format=sidecar_format,
        overwrite=typed.overwrite,
        undo=typed.undo,
        report=typed.report,
        jobs=typed.jobs,
        timeout=typed.timeout,
        wait=typed.wait,
        limit=typed.limit,
        near_bits=DEFAULT_NEAR_BITS if typed.near_duplicates and typed.near_bits is None else typed.near_bits,
        sight_check=typed.sight_check,
        dry_run=typed.dry_run,
        list_left_out=typed.list_left_out,
    )


def refuse_with_standard_output(given: Mapping[str, bool]) -> None:
    """Lines that are printed cannot be gone on with, nor looked up."""
    wrong = [name for name, is_given in given.items() if is_given]
    if wrong:
        raise UsageError(f"--out - keeps nothing: leave out {' and '.join(wrong)}, or name a file.")


def read_answer(text: str) -> type[BaseModel]:
    # It takes 120 ms to import what holds answers to a schema.
    from .answer_schema import read_answer_schema

    return read_answer_schema(text)
