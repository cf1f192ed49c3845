"""`describe` from Python: one question to many pictures, as `ollama-vision describe` asks it; a checkpointed batch."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from ollama_vision.model import VisionModel
from ollama_vision.pictures import ImageOptions

from .asking.balancer import WAIT, OnHostFault, OnWait
from .asking.question import PictureQuestion
from .finding.listing import Found
from .finding.pages import PageReader
from .finding.paths import Paths, find_pictures
from .model_run import Lines, ModelRun, RunOptions, run_spec
from .results.checkpoint import RunSpec, Start, open_checkpoint
from .results.ledger import Ledger

if TYPE_CHECKING:
    from pydantic import BaseModel


def describe(
    paths: Paths,
    model: str,
    prompt: str = "Describe the image.",
    *,
    host: str | Sequence[str] | None = None,
    schema: type[BaseModel] | None = None,
    out: str | Path | None = None,
    start: Start = "go on",
    retry_errors: bool = False,
    prune: bool = False,
    pages: Literal["each", "together"] = "each",
    include: Iterable[str] = (),
    exclude: Iterable[str] = (),
    recursive: bool = True,
    videos: bool = False,
    image_options: ImageOptions | None = None,
    think: bool = False,
    options: Mapping[str, Any] | None = None,
    jobs: int = 4,
    wait: float = WAIT,
    limit: int | None = None,
    on_host_fault: OnHostFault | None = None,
    on_wait: OnWait | None = None,
    **settings: Any,
) -> Iterator[dict[str, Any]]:
    """Ask about each picture, and give a line for each as its answer comes: what results.jsonl holds of it.

    With `out`, each line is written there before it is given, and a picture that has its line there already is not
    asked about again; the command and this go on with each other's files. Only one process writes a file at a time.
    An error that is one picture's own stands in its line. Leaving the iterator early closes the requests.

    Args:
        paths: a file, a folder, a glob, or a list of them.
        host: one server or several, of which the free one is asked next; `OLLAMA_HOST`, or this machine, if left out.
        schema: a pydantic class that each answer must be of; its object is the line's `fields`.
        out: the file that keeps the lines; without it nothing is kept.
        start: what becomes of lines of another request in `out`: with "go on" they are an error, with "append" they
            stay, with "restart" the file is put aside.
        retry_errors: ask again about pictures that failed.
        prune: take lines of pictures that are gone out of the file.
        pages: a question about each page or frame of a file, or one about all of them together.
        include: as in `find_pictures`.
        exclude: as there.
        recursive: as there.
        videos: as there.
        image_options: how pictures are prepared, and which pages and frames are taken.
        think: whether the model thinks.
        options: Ollama's options, such as `{"seed": 7}`. The temperature is 0 unless it is one of them.
        jobs: requests at once, over all hosts.
        wait: seconds that a host which answered and is gone, restarted say, is waited for.
        limit: ask about so many pictures at the most, of all that are found.
        on_host_fault: gets the address of a host that is left alone for a while, and why; on another thread.
        on_wait: gets that of one that is waited for, why, and for how many seconds more at the most.
        settings: of VisionModel, such as `headers` and `request_timeout`.

    Raises:
        ImageError: there is no picture, or something is not there.
        TypeError, ValueError: an argument that is none, or not so.
        RunStoppedError: a fault that is no picture's; raised while lines are taken, as all that follows.
        RequestMismatch: `out` has lines of another request.
        ResultsInUse: another process writes `out`.
        DamagedResults: `out` is not what this wrote.
    """
    include, options_of_pictures = tuple(include), image_options or ImageOptions()
    found = find_pictures(paths, include=include, exclude=exclude, recursive=recursive, videos=videos, on_error="keep")
    reader = PageReader(options_of_pictures, together=pages == "together", videos=videos or bool(include))
    addresses = [host] if host is None or isinstance(host, str) else list(host)
    given = {"temperature": 0.0, **settings, "image_options": options_of_pictures}
    hosts = [VisionModel(model, address, **given) for address in addresses]
    model_run = ModelRun.of(
        hosts, PictureQuestion(prompt, schema, {"think": think, "options": dict(options or {})}), pages=pages
    )
    run_options = RunOptions(jobs=jobs, wait=wait, limit=limit, on_host_fault=on_host_fault, on_wait=on_wait)
    if out is None:
        return (record for record, _ in Lines(model_run, found.files, reader, Ledger(), run_options))
    spec = run_spec([model_run], found.files, reader, start, retry_errors=retry_errors, prune=prune)
    return _written(Path(out), spec, model_run, found, reader, run_options)


def _written(
    out: Path, spec: RunSpec, model_run: ModelRun, found: Found, reader: PageReader, run_options: RunOptions
) -> Iterator[dict[str, Any]]:
    with (
        open_checkpoint(out, spec) as there,
        closing(iter(Lines(model_run, found.files, reader, there.ledger, run_options))) as records,
    ):
        for record, _ in records:
            there.results.add(record)
            yield record
