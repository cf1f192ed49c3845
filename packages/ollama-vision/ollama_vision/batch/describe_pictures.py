"""`describe` from Python: one question to many pictures, as `ollama-vision describe` asks it; a checkpointed batch."""

from __future__ import annotations

import logging
from collections.abc import Generator, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager, closing, nullcontext
from copy import deepcopy
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args

from ollama_vision import protocol
from ollama_vision.errors import ImageError
from ollama_vision.model import VisionModel
from ollama_vision.pictures import ImageOptions

from .arguments import (
    DEFAULT_NEAR_BITS,
    OnError,
    Pages,
    globs_of,
    require_count,
    require_near_bits,
    require_seconds,
    require_word,
)
from .asking.balancer import WAIT, OnHostFault, OnWait
from .asking.question import PictureQuestion
from .choices import question_of
from .finding.listing import Found
from .finding.pages import PageReader
from .finding.paths import Paths, find_pictures
from .model_run import Lines, ModelRun, RunOptions, run_spec
from .prompting.picture_prompts import (
    PicturePrompts,
    refuse_own_answers,
    words_and_placeholders,
)
from .prompting.template import PromptTemplate
from .results.checkpoint import Checkpoint, Start, open_checkpoint
from .results.file import Nowhere
from .results.ledger import Ledger
from .results.sidecar_names import SidecarFormat, SidecarName
from .results.sidecars import sidecars_among

if TYPE_CHECKING:
    from pydantic import BaseModel

    from ollama_vision.model import Calibration

logger = logging.getLogger(__name__)


def describe(
    paths: Paths,
    model: str,
    prompt: str | PromptTemplate = "Describe the image.",
    *,
    system: str | None = None,
    host: str | Sequence[str] | None = None,
    schema: type[BaseModel] | Mapping[str, Any] | None = None,
    choose: Sequence[str] = (),
    calibration: Calibration | str | Path | None = None,
    confidence: bool = False,
    out: str | Path | None = None,
    start: Start = "go on",
    retry_errors: bool = False,
    prune: bool = False,
    sidecars: bool | str | Path = False,
    sidecar_name: SidecarName = "name",
    sidecar_format: SidecarFormat = "txt",
    overwrite: bool = False,
    pages: Pages = "each",
    include: Iterable[str] = (),
    exclude: Iterable[str] = (),
    recursive: bool = True,
    videos: bool = False,
    on_error: OnError = "raise",
    image_options: ImageOptions | Mapping[str, Any] | None = None,
    think: bool = False,
    options: Mapping[str, Any] | None = None,
    jobs: int = 4,
    wait: float = WAIT,
    limit: int | None = None,
    near_duplicates: bool = False,
    near_bits: int | None = None,
    sight_check: bool = True,
    on_host_fault: OnHostFault | None = None,
    on_wait: OnWait | None = None,
    **settings: Any,
) -> Generator[dict[str, Any], None, None]:
    """Ask about each picture, and give a line for each as its answer comes: what results.jsonl holds of it.

    With `out`, each line is written there before it is given, and a picture that has its line there already is not
    asked about again; the command and this go on with each other's files. What is refused is refused by the call:
    the first question is asked when the first line is taken. An error that is one picture's own stands in its line,
    under `error`. Closing the iterator, or dropping it, ends the requests on the servers and lets go of `out`.

    Args:
        paths: a file, a folder, a glob, or a list of them.
        prompt: what is asked about each picture. A string is sent as it stands; a `PromptTemplate` has placeholders,
            such as `{exif.date|unknown}`, for what each picture says of itself, and each line says under `prompt` what
            was asked.
        system: a system prompt, in place of the model's own.
        host: one server or several, of which the least busy is asked next; `OLLAMA_HOST`, or this machine, if left
            out.
        schema: a pydantic class that each answer must be of, or a JSON Schema of an object that it must fit; the
            object is the line's `fields`.
        choose: labels, of which one is the answer: the line's `text` is the most probable, and `choice` says how
            probable each is.
        calibration: a file of `ollama-vision compare --calibrate`, for this model and these labels.
        confidence: tell how sure the model is of each field of `schema` that is one of some values, under
            `confidence`: one question more for each of them.
        out: the file that keeps the lines, append-only JSON Lines; without it nothing is kept. Only one process
            writes it at a time.
        start: what becomes of lines of another request in `out`: with "go on" they are an error, with "append" they
            stay, with "restart" the file is put aside.
        retry_errors: ask again about pictures that failed.
        prune: take lines of pictures that are gone out of the file.
        sidecars: write each answer into a file of its own as well: beside its picture, or below a folder.
        sidecar_name: "name" for `photo.jpg.txt`, "stem" for `photo.txt`.
        sidecar_format: "txt" for the answer; "caption" for one line, the keywords of `schema` if there are any;
            "xmp" for XMP with `title`, `description` and `keywords` of `schema`, or the answer as the description,
            merged into the sidecar that is there. What it was, `undo_sidecars` brings back. One that cannot be
            merged with stays as it is, and is logged. Another format than "txt" alone writes beside the pictures.
        overwrite: of "xmp": put a title and a description in the place of those that are there.
        pages: "each" for a question about each page or frame of a file, "together" for one about all of them.
        include: as in `find_pictures`.
        exclude: as there.
        recursive: as there.
        videos: as there.
        on_error: as there; what cannot be read is logged with "keep".
        image_options: how pictures are prepared, and which pages and frames are taken: `ImageOptions`, or a
            dictionary of its fields.
        think: whether the model thinks.
        options: Ollama's options, such as `{"seed": 7}`. The temperature is 0 unless it is one of them.
        jobs: requests at once, over all hosts.
        wait: seconds that a host which answered and is gone, restarted say, is waited for.
        limit: ask about so many pictures at the most, of all that are found.
        near_duplicates: ask about pictures that look alike once, by a difference hash and by their colours: rescaled,
            brightened or coded anew. Each other one gets a line with the answer, whose `same_as` is the path of the one
            that was asked about; files with the same bytes are asked about once in any case. Not for documents of which
            a few letters matter.
        near_bits: the same, where so many of a hash's 64 bits may differ, up to 16; 4 unless it is given.
        sight_check: have each host prove that the model sees, before its first picture, after every 500 answers, after
            equal ones about unlike pictures, after it was away and at the end. A host that does not is left alone;
            what it answered since it last saw is asked again of others, or gets another line, with a BlindModelError.
            The last line of a picture counts.
        on_host_fault: gets the address of a host that is left alone for a while, and why; on another thread.
        on_wait: gets that of one that is waited for, why, and for how many seconds more at the most.
        settings: of VisionModel, such as `headers` and `request_timeout`.

    Raises:
        ImageError: there is no picture, or something is not there.
        PromptError: pictures do not say what the prompt's placeholders stand for.
        MissingExtraError: pictures of a kind need a package that is not installed.
        TypeError, ValueError: an argument that is none, or not so.
        RequestMismatchError: `out` has lines of another request.
        ResultsInUseError: another process writes `out`.
        DamagedResultsError: `out` is not what this wrote.
        PicturesAwayError: `prune` would drop answers about a disk that is not connected.
        SidecarError: an answer's sidecar cannot be written.
        OSError: `out` cannot be read, or written: a full disk, say.
        RunStoppedError: a fault that is no picture's, such as a server that is not there or a model that does not
            see. It is raised while lines are taken.
    """
    if not (prompt if isinstance(prompt, str) else prompt.text).strip():
        raise ValueError('prompt is empty: ask something, such as "What is this?"')
    if system is not None and not system.strip():
        raise ValueError("system is empty: leave it out, and the model's own system prompt stands")
    _require_words(
        start=start, sidecar_name=sidecar_name, sidecar_format=sidecar_format, pages=pages, on_error=on_error
    )
    require_count("jobs", jobs)
    require_seconds("wait", wait)
    if limit is not None:
        require_count("limit", limit)
    if near_duplicates and near_bits is None:
        near_bits = DEFAULT_NEAR_BITS
    if near_bits is not None:
        require_near_bits(near_bits)
    if overwrite and sidecar_format != "xmp":
        raise ValueError('overwrite is for sidecar_format="xmp": text files of others are never written over')
    where = sidecars or sidecar_format != "txt"
    if out is None:
        _refuse_without_out(start=start != "go on", retry_errors=retry_errors, prune=prune, sidecars=bool(where))
    include = globs_of("include", include)
    answer_class = _class_of(schema)
    given = {
        "temperature": 0.0,
        **settings,
        "image_options": ImageOptions() if image_options is None else image_options,
    }
    hosts = [VisionModel(model, address, **given) for address in _addresses(host)]
    shown_as = hosts[0].image_options
    words, placeholders = words_and_placeholders(prompt)
    asked = PictureQuestion(
        words,
        answer_class,
        {"think": think, "options": dict(options or {})},
        placeholders=placeholders,
        system=system,
    )
    question = question_of(model, asked, choose, calibration, confidence=confidence)
    model_run = ModelRun.of(hosts, question, pages=pages)
    found = find_pictures(
        paths, include=include, exclude=exclude, recursive=recursive, videos=videos, on_error=on_error
    )
    if not found.files:
        left_out = ", ".join(f"{count:,} {reason}" for reason, count in found.reasons().items())
        raise ImageError(f"There are no pictures to ask about. Left out: {left_out}.")
    for folder, why in found.unread:
        logger.warning("%s is left out: %s", folder, why)
    if isinstance(prompt, PromptTemplate) and prompt.placeholders:
        if where and sidecar_format == "txt":
            refuse_own_answers(prompt, found.files, None if where is True else Path(where))
        model_run = model_run.with_prompts(PicturePrompts.of(prompt, found.files, limit=limit))
    reader = PageReader(shown_as, together=pages == "together", videos=videos or bool(include))
    run_options = RunOptions(
        jobs=jobs,
        wait=wait,
        limit=limit,
        on_host_fault=on_host_fault,
        on_wait=on_wait,
        sight_check=sight_check,
        on_sight=lambda report: logger.warning("%s", report),
        near_bits=near_bits,
    )
    checkpoint: AbstractContextManager[Checkpoint] = nullcontext(Checkpoint(Ledger(), Nowhere()))
    if out is not None:
        spec = run_spec(
            [model_run],
            found.files,
            reader,
            start,
            retry_errors=retry_errors,
            prune=prune,
            near_duplicates=near_bits is not None,
        )
        companion = None
        if where:
            companion = sidecars_among(
                found.files,
                None if where is True else Path(where),
                sidecar_name,
                sidecar_format,
                results=Path(out),
                schema=answer_class,
                overwrite=overwrite,
                on_left=lambda path, why: logger.warning("%s %s; it stays as it is", path, why),
            )
        checkpoint = open_checkpoint(Path(out), spec, companion)
    lines = _written(checkpoint, model_run, found, reader, run_options)
    next(lines)
    return lines


def _written(
    checkpoint: AbstractContextManager[Checkpoint],
    model_run: ModelRun,
    found: Found,
    reader: PageReader,
    run_options: RunOptions,
) -> Generator[dict[str, Any], None, None]:
    """Nothing first, once the checkpoint is open: a generator runs nothing before its first item, and `describe` takes
    that one, so that its call raises what is wrong and holds the lock. Then the lines."""
    with checkpoint as there:
        for note in there.notes:
            logger.info(note)
        lines = Lines(model_run, found.files, reader, there.ledger, run_options, there.sight, earlier=there.earlier)
        with closing(iter(lines)) as records:
            yield {}
            for record, _ in records:
                there.add(record)
                yield deepcopy(record)  # the caller's own: what is changed in it changes no copy's line


_WORDS = {
    "start": Start,
    "sidecar_name": SidecarName,
    "sidecar_format": SidecarFormat,
    "pages": Pages,
    "on_error": OnError,
}


def _require_words(**given: str) -> None:
    for name, word in given.items():
        require_word(name, word, get_args(_WORDS[name]))


def _refuse_without_out(**given: bool) -> None:
    """Lines that nothing keeps cannot be gone on with, nor looked up."""
    if wrong := [name for name, is_given in given.items() if is_given]:
        raise ValueError(f"without out= nothing is kept: leave out {' and '.join(wrong)}, or name a file: out=.")


def _addresses(host: str | Sequence[str] | None) -> Sequence[str | None]:
    if host is None or isinstance(host, str):
        return [host]
    if not host:
        raise ValueError("host is an empty list: name a server, or leave it out.")
    return list(dict.fromkeys(host))


def _class_of(schema: type[BaseModel] | Mapping[str, Any] | None) -> type[BaseModel] | None:
    if isinstance(schema, Mapping):
        return protocol.class_for_schema(schema)
    if schema is None or (isinstance(schema, type) and hasattr(schema, "model_json_schema")):
        return schema
    raise TypeError(f"schema is {schema!r}; it must be a pydantic class or a JSON Schema (a dict)")
