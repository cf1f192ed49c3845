"""`ollama-vision describe`: the command's body, from paths to an exit code."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from ollama_vision import words
from ollama_vision.batch import (
    Checkpoint,
    Found,
    Ledger,
    ModelRun,
    PageReader,
    PicturePrompts,
    PictureQuestion,
    Remembering,
    ResultsLock,
    RunSpec,
    StandardOutput,
    find_pictures,
    only_model,
    open_checkpoint,
    question_of,
    refuse_own_answers,
    run_spec,
    sidecars_among,
    undo_sidecars,
    words_and_placeholders,
)
from ollama_vision.model import VisionModel
from ollama_vision.pictures import ImageOptions

from ..common.exits import DONE, FAILED
from ..common.prompts import own_words
from ..common.running import Stopped, run_on_screen
from ..common.screen import Screen, named, one_line
from ..common.servers import Servers, patience, servers_for
from ..common.shell_words import in_shell_words
from . import summary
from .dry_run import dry_run
from .job import Job
from .run import Run


def describe(job: Job) -> int:
    """Ask about every picture that is not done yet, and give the exit code."""
    return run_on_screen(lambda screen: _describe(job, screen), "describe")


def _describe(job: Job, screen: Screen) -> int:
    if job.undo:
        return undo(job, screen)
    screen.wait("Looking for pictures")
    # What cannot be read is that picture's error, not the end of the run.
    found = find_pictures(job.paths, include=job.include, exclude=job.exclude, videos=job.videos, on_error="keep")
    if job.list_left_out:
        for line in summary.listed_left_out(found.left_out_paths):
            if job.dry_run:
                screen.say(f"{line}\n")
            else:
                screen.remark(line)
    if not found.files:
        raise Stopped(f"There are no pictures in {words.names(job.paths)}. {summary.left_out(found.reasons())}")
    prompts = prompts_for(job, found, screen)
    with servers_for(job.access, screen, requests_at_once=job.jobs, timeout=job.timeout) as servers:
        if job.wait and not job.dry_run:
            servers.wait_for_one(job.wait, screen)
        return describe_found(job, model_runs_of(job, servers, screen), found, screen, prompts=prompts)


def prompts_for(job: Job, found: Found, screen: Screen) -> PicturePrompts | None:
    """What each of these pictures is asked; `None` where all are asked the same.

    Raises Stopped where pictures lack something, and where the answers would become what the next run asks.
    """
    template = job.template
    try:
        if job.sidecars and job.sidecar_format == "txt":
            refuse_own_answers(template, found.files, job.sidecar_folder)
    except ValueError as error:
        raise Stopped(in_shell_words(str(error))) from error
    return own_words(template, found.files, job.limit, screen)


def model_runs_of(job: Job, servers: Servers, screen: Screen) -> list[ModelRun]:
    """Whom to ask, and how."""
    models = job.models or (model_of_the_results(job) or servers.model_that_sees(screen),)
    return [model_run_of(job, model, servers, image_options(job)) for model in models]


def describe_found(
    job: Job,
    model_runs: Sequence[ModelRun],
    found: Found,
    screen: Screen,
    *,
    among: Found | None = None,
    printed: Remembering | None = None,
    lock: ResultsLock | None = None,
    make_run: Callable[..., Run] = Run,
    prompts: PicturePrompts | None = None,
) -> int:
    """Ask about these files, and give the exit code.

    Args:
        among: all files, where those that are asked about now are not all of them.
        printed: what was printed before, and need not be asked again.
        lock: of the results, where the caller holds it.
        prompts: what each is asked, where that is known already.
    """
    prompts = prompts or prompts_for(job, found, screen)
    model_runs = [model_run.with_prompts(prompts) for model_run in model_runs]
    reader = PageReader(image_options(job), together=job.pages == "together", videos=job.videos or bool(job.include))
    sidecars = None
    if job.sidecars and job.out is not None:
        sidecars = sidecars_among(
            (among or found).files,
            job.sidecar_folder,
            job.sidecar_name,
            job.sidecar_format,
            results=job.out,
            schema=job.answer,
            models=len(model_runs),
            overwrite=job.overwrite,
        )
    spec = run_spec_of(job, model_runs, found, reader)
    if job.dry_run:
        return dry_run(job, model_runs, found, reader, spec, screen)
    if job.out is None:
        start = Checkpoint(Ledger(), StandardOutput())
        if printed is not None:
            start = Checkpoint(printed.ledger(), printed)
        return make_run(job, model_runs, found, reader, start, screen).run()
    with open_checkpoint(job.out, replace(spec, tells_gone=among is None), sidecars, lock=lock) as start:
        return make_run(job, model_runs, found, reader, start, screen, job.timeline).run()


def undo(job: Job, screen: Screen) -> int:
    """Make sidecars what they were, and say which could not be; no server is needed."""
    assert job.out is not None, "sidecars are of a file"  # noqa: S101
    screen.wait("Undoing")
    undone = undo_sidecars(job.out, job.paths, include=job.include, exclude=job.exclude, videos=job.videos)
    screen.remark(f"{words.counted(undone.restored, 'sidecar')} as before. The answers are still in {job.out}.")
    for path, why in undone.left:
        screen.remark(f"Left as it is: {named(str(path))} {one_line(why)}.")
    if undone.moved:
        count, first = len(undone.moved), named(str(undone.moved[0]))
        gone = (
            f"{count} sidecars are gone with their pictures, {first} first"
            if count > 1
            else (f"1 sidecar is gone with its picture: {first}")
        )
        screen.remark(f"{gone}. If they were moved, move them back, and give the same command once more.")
    return FAILED if undone.left or (undone.moved and not undone.restored) else DONE


def run_spec_of(job: Job, model_runs: Sequence[ModelRun], found: Found, reader: PageReader) -> RunSpec:
    return run_spec(
        model_runs,
        found.files,
        reader,
        job.start,
        retry_errors=job.retry_errors,
        prune=job.prune,
        near_duplicates=job.near_bits is not None,
    )


def model_of_the_results(job: Job) -> str | None:
    """The model that was asked so far, when it was one alone: a run that goes on, or is done, asks no server for it."""
    if job.out is None or job.access.demo or job.start == "restart" or not job.out.exists():
        return None
    return only_model(job.out)


def image_options(job: Job) -> ImageOptions:
    options = ImageOptions(
        range=job.range, region=job.region, tiles=job.tiles, frames=job.frames, clip=job.clip
    ).with_detail(job.detail)
    return options if job.max_pixels is None else options.model_copy(update={"max_pixels": job.max_pixels})


def model_run_of(job: Job, model: str, servers: Servers, options: ImageOptions) -> ModelRun:
    """One model, asked as was said; raises Stopped for an option that the client does not send."""
    try:
        hosts = tuple(
            VisionModel(model, temperature=0.0, image_options=options, **patience(job.timeout), **settings)
            for settings in servers.settings
        )
        prompt, placeholders = words_and_placeholders(job.template)
        ask = PictureQuestion(
            prompt,
            job.answer,
            {
                "think": job.think,
                "options": dict(job.options),
                # A run without new options is the same request as before there was a door for them.
                **({"options_unchecked": dict(job.options_unchecked)} if job.options_unchecked else {}),
            },
            placeholders=placeholders,
            system=job.system,
        )
        ask = question_of(model, ask, job.labels, job.calibration, confidence=job.confidence)
        return ModelRun.of(hosts, ask, pages=job.pages)
    except OSError as error:
        raise Stopped(f"{error.filename}: {error.strerror}.") from error
    except (TypeError, ValueError) as error:
        raise Stopped(in_shell_words(str(error))) from error
