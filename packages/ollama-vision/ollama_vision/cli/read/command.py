"""`ollama-vision read`: the command's body, from paths to an exit code."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace

from pydantic import SecretStr

from ollama_vision import words
from ollama_vision.batch import (
    Checkpoint,
    Found,
    ModelRun,
    PageReader,
    RunSpec,
    find_pictures,
    only_model,
    open_checkpoint,
    run_spec,
    words_and_placeholders,
)
from ollama_vision.documents import CONTEXT, DocumentFiles, ReadSettings
from ollama_vision.errors import OllamaMultiModalError
from ollama_vision.model import VisionModel
from ollama_vision.pictures import ImageOptions

from ..common.default_model import NoModel
from ..common.prompts import own_words, read_template
from ..common.running import Stopped, run_on_screen
from ..common.screen import Screen
from ..common.servers import Servers, patience, servers_for
from ..common.shell_words import in_shell_words
from ..describe import summary
from .job import ReadJob
from .run import ReadRun

SECOND = "second.jsonl"
"""What a second model read, beside pages.jsonl."""
NOT_NEEDED = "no model"
"""Stands for the model where all pages are taken from their text, and none is there."""


def read(job: ReadJob) -> int:
    """Read every page that is not done yet, and give the exit code."""
    return run_on_screen(lambda screen: _read(job, screen), "read")


def _read(job: ReadJob, screen: Screen) -> int:
    screen.wait("Looking for documents")
    settings = settings_of(job)
    settings.check()
    readers = settings.program_readers()
    # Figures that an earlier run cut out are no documents.
    exclude = (*job.exclude, "*.figures")
    found = find_pictures(job.paths, include=job.include, exclude=exclude, on_error="keep")
    if not found.files:
        left_out = summary.left_out(found.reasons())
        raise Stopped(f"There are no documents in {words.names(job.paths)}. {left_out}")
    if job.prompt is not None:
        template = read_template(job.prompt, "--prompt")
        prompts = own_words(template, found.files, None, screen)
        settings = replace(settings, prompt=words_and_placeholders(template)[0], prompts=prompts)
    with servers_for(job.access, screen, requests_at_once=job.jobs, timeout=job.timeout) as servers:
        if job.wait:
            servers.wait_for_one(job.wait, screen)
        run = _run_of(job, settings, _model(job, servers, screen), servers)
        second = None
        if settings.second_model is not None:
            second = _run_of(job, settings, settings.second_model, servers, is_second=True)
        job.folder.mkdir(parents=True, exist_ok=True)
        reader = settings.reader()
        only = settings.pages
        files = DocumentFiles.among(job.out, found.files, job.folder, lambda page: only is None or page in only)
        with ExitStack() as stack:
            second_start = None
            if second is not None:
                spec = _spec(job, second, found, reader)
                second_start = stack.enter_context(open_checkpoint(job.folder / SECOND, spec))
            start = stack.enter_context(_checkpoint(job, run, found, reader, files))
            reading = ReadRun(job, settings, run, second, found, start, second_start, files, readers, screen)
            return reading.run()


@contextmanager
def _checkpoint(
    job: ReadJob, run: ModelRun, found: Found, reader: PageReader, files: DocumentFiles
) -> Iterator[Checkpoint]:
    with open_checkpoint(job.out, _spec(job, run, found, reader), files) as start:
        try:
            yield start
        finally:
            files.finish()


def _spec(job: ReadJob, run: ModelRun, found: Found, reader: PageReader) -> RunSpec:
    spec = run_spec([run], found.files, reader, job.start, retry_errors=job.retry_errors, prune=job.prune)
    # A password may open what was locked; that costs no question.
    return replace(spec, retry_unopened=job.password is not None)


def settings_of(job: ReadJob) -> ReadSettings:
    options = ImageOptions(password=None if job.password is None else SecretStr(job.password))
    options = options.with_detail(job.detail)
    if job.max_pixels is not None:
        options = options.model_copy(update={"max_pixels": job.max_pixels})
    return ReadSettings(
        job.layer,
        job.second,
        job.prompt,
        job.figures,
        job.pages,
        options,
        job.options,
        job.options_unchecked,
        job.think,
        convention=job.convention,
        system=job.system,
    )


def _model(job: ReadJob, servers: Servers, screen: Screen) -> str:
    """The one that was named, or was asked so far, or the only one there that sees."""
    if job.model is not None:
        return job.model
    before = None if job.access.demo or job.start == "restart" or not job.out.exists() else only_model(job.out)
    if before is not None and before != NOT_NEEDED:
        return before
    try:
        return servers.model_that_sees(screen)
    except (NoModel, OllamaMultiModalError):
        if job.layer == "prefer":
            return NOT_NEEDED  # as long as every page has its own text; else the first that has none says what is wrong
        raise


def _run_of(job: ReadJob, settings: ReadSettings, model: str, servers: Servers, *, is_second: bool = False) -> ModelRun:
    """One model, asked in one way; raises Stopped for an option that the client does not send."""
    try:
        hosts: Sequence[VisionModel] = [
            VisionModel(
                model,
                temperature=0.0,
                context_window=CONTEXT,
                image_options=settings.image_options,
                **patience(job.timeout),
                **each,
            )
            for each in servers.settings
        ]
        return settings.second_run(hosts) if is_second else settings.model_run(hosts)
    except (TypeError, ValueError) as error:
        raise Stopped(in_shell_words(str(error), "read")) from error
