"""`--dry-run`: the questions, what is left out, and an estimate of tokens; nothing is asked or written."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import count
from typing import TYPE_CHECKING, Any

from ollama_vision import words
from ollama_vision.batch import (
    CopySearch,
    EarlierAnswers,
    Ledger,
    NearPictures,
    PendingPictures,
    RunSpec,
    equal_files,
    is_complete,
    judge,
    looks_of,
)
from ollama_vision.errors import OllamaMultiModalError
from ollama_vision.pictures import sizes_as_sent
from ollama_vision.server import OllamaServer

from ..common.exits import DONE
from ..common.screen import Screen, named, one_line
from ..common.shell_words import in_shell_words
from . import summary
from .job import Job

if TYPE_CHECKING:
    from ollama_vision.batch import Copy, Found, ModelRun, PageReader
    from ollama_vision.pictures import ImageOptions

Size = tuple[int, int]
_A4 = 297 / 210
_A4_TO_BE_READ = (1240, 1754)
"""Pixels at 150 dots an inch, which tiles of a page are counted by where nothing on it is sharper."""
_PROBE_SECONDS = 10.0
"""Of silence, after which a host counts as gone, as in a run."""
_CHARACTERS_A_TOKEN = 4
"""Of English text, which most questions are."""


@dataclass(frozen=True)
class Planned:
    """One file that would be asked about."""

    path: str
    pictures: int
    """How many of its pages or frames; 1 for a file that is one picture."""
    questions: int
    size: Size | None
    """As stored; `None` for what has to be drawn to have one."""


@dataclass(frozen=True)
class Refused:
    """One file that a run would refuse."""

    path: str
    problem: str
    """What its header tells, after its name: "is ..."."""


def dry_run(
    job: Job, model_runs: Sequence[ModelRun], found: Found, reader: PageReader, spec: RunSpec, screen: Screen
) -> int:
    """Say it on standard output; raises as a run would before its first question."""
    ledger = Ledger()
    if job.out is not None:
        ledger = judge(job.out, spec).ledger()
    for model_run in model_runs:
        for line in hosts_of(model_run, screen):
            screen.say(f"{line}\n")
        screen.wait(f"Looking at the pictures for {model_run.model}")
        cost = Cost.of(job, model_run, screen)
        copies = equal_files(found.files, reader, ledger, model_run, job.limit)
        questions = PendingPictures(found.files, reader, ledger, model_run.request, limit=job.limit, copies=copies)
        near: list[Copy] = []
        search = search_for(job, model_run, found, reader, near, screen)
        total = Total()
        for planned in plan(job, questions, reader, search):
            if isinstance(planned, Refused):
                total.refused += 1
                screen.say(f"{named(planned.path)} {one_line(planned.problem)}\n")
                continue
            each = cost.of_picture(planned.size)
            total.add(planned, each)
            own = "" if model_run.prompts is None else f': "{one_line(model_run.prompts.prompt_for(planned.path))}"'
            screen.say(f"{named(planned.path)}: {described(planned, each)}{own}\n")
        for line in total.lines(model_run.model, cost):
            screen.say(f"{line}\n")
        if alike := sum(map(len, copies.values())):
            screen.say(f"{words.counted(alike, 'file')} with the same bytes as another: asked about once.\n")
        if near:
            near_copies = words.counted(len(near), "near copy", "near copies")
            screen.say(f"{near_copies} of another picture (--near-duplicates): not asked.\n")
        if before := questions.done():
            failed = sum(entry.failed for entry in before)
            screen.say(f"{len(before):,} done before{f', {failed:,} of them failed' if failed else ''}.\n")
    if left_out := summary.left_out(found.reasons()):
        screen.say(f"{left_out}\n")
    for line in summary.unread(found.unread):
        screen.say(f"{line}\n")
    return DONE


def hosts_of(model_run: ModelRun, screen: Screen) -> Iterator[str]:
    """Each host that a run would ask, and what would keep it from answering; the model itself is asked nothing."""
    for llm in model_run.hosts:
        screen.wait(f"Asking {llm.base_url} about {model_run.model}")
        server = OllamaServer(llm.base_url, llm.headers, llm.verify, _PROBE_SECONDS, llm.cert)
        try:
            server.show(model_run.model)
        except OllamaMultiModalError as fault:
            yield f"{llm.base_url} cannot be asked: {one_line(in_shell_words(str(fault)))}"
        else:
            yield f"{llm.base_url} has {one_line(model_run.model)}."
        finally:
            server.close()


def search_for(
    job: Job, model_run: ModelRun, found: Found, reader: PageReader, near: list[Copy], screen: Screen
) -> CopySearch:
    """Finds what a run would find, and puts into `near` which pictures look like others."""
    if job.near_bits is None:
        return CopySearch.of_nothing()
    options = reader.image_options
    pictures = NearPictures(job.near_bits, options, partial(model_run.prompt_of, model_run.request))
    search = CopySearch((), count().__next__, lambda number, copy: near.append(copy), pictures)
    if job.out is not None and job.out.exists() and job.start != "restart":
        earlier = EarlierAnswers.read(job.out, {model_run.request})
        if unknown := earlier.unknown():
            screen.wait(f"Looking again at {words.counted(len(unknown), 'picture')}")
        known = [answer for answer in earlier.of_request(model_run.request) if answer.dhash is not None]
        looks = looks_of(unknown, options)
        looked = (answer._replace(dhash=looks.get(answer.place)) for answer in unknown)
        search.know_earlier([*known, *looked], found.files)
    return search


def plan(job: Job, questions: PendingPictures, reader: PageReader, search: CopySearch) -> Iterator[Planned | Refused]:
    """What is left to ask, file by file; of each file no more is read than tells what it is."""
    # Whole documents: to be counted, they need not be drawn.
    counting = replace(reader, together=True)
    seen = 0
    for at, (file, version, done) in enumerate(questions.entries()):
        seen += 1 if done is None else len(done)
        if done is not None and not is_complete(done):
            if problem := reader.check_headers(file):
                # A run writes a line with the error, which counts.
                seen += 1
                yield Refused(str(file.path), _after_its_name(problem, str(file.path)))
                if job.limit is not None and seen >= job.limit:
                    return
                continue
            page = next(iter(counting.pages_of(file)))
            if search.place_of(page, at, version) is None:
                seen += 1
                if job.limit is not None and seen >= job.limit:
                    return
                continue
            pictures = page.pages - len(done)
            asked = 1 if job.pages == "together" else pictures
            if job.limit is not None:
                asked = min(asked, job.limit - seen)
            if asked <= 0:
                return
            seen += asked
            yield Planned(str(file.path), pictures if job.pages == "together" else asked, asked, page.size)


def _after_its_name(problem: Exception, path: str) -> str:
    said = in_shell_words(str(problem))
    return f"would be refused: it {said.removeprefix(f'The picture ({path}) ')}"


@dataclass(frozen=True)
class Cost:
    """What pictures and the question cost one model, about."""

    capabilities: Any
    """`None` when the server does not tell."""
    options: ImageOptions
    prompt: int
    context: int

    @classmethod
    def of(cls, job: Job, model_run: ModelRun, screen: Screen) -> Cost:
        llm, prompts = model_run.hosts[0], model_run.prompts
        context = job.options.get("num_ctx", llm.context_window)
        capabilities = None
        try:
            capabilities = llm.capabilities()
        except OllamaMultiModalError as error:
            screen.note(f"How many tokens it takes is not known: {in_shell_words(str(error))}")
        words = len(model_run.question.prompt) if prompts is None else prompts.mean_length()
        prompt = math.ceil((words + len(job.system or "")) / _CHARACTERS_A_TOKEN)
        return cls(capabilities, llm.image_options, prompt, context if isinstance(context, int) else 0)

    def of_picture(self, size: Size | None) -> int | None:
        """Tokens; `None` where that is not known."""
        if self.capabilities is None:
            return None
        if size is not None:
            return self._of_size(size, self.options)
        # A page is drawn as large as may be, and so is each tile of it; most are upright A4 or like it.
        most = self.options.max_pixels or 1_000_000
        size = (math.isqrt(int(most / _A4)), math.isqrt(int(most * _A4)))
        each = self._of_size(size, self.options.model_copy(update={"region": None, "tiles": None}))
        try:
            pictures = len(sizes_as_sent(_A4_TO_BE_READ, self.options))
        except ValueError:  # a region in points that A4 has not
            return None
        return None if each is None else each * pictures

    def _of_size(self, size: Size, options: ImageOptions) -> int | None:
        """Of a size as stored: a region that is outside of it is of a picture that is turned."""
        tokens: int | None
        try:
            tokens = self.capabilities.picture_tokens(size, options)
        except ValueError:
            tokens = self.capabilities.picture_tokens(size[::-1], options)
        return tokens


@dataclass
class Total:
    """All of one model's."""

    files: int = 0
    questions: int = 0
    pictures: int = 0
    tokens: int | None = 0
    most: int = 0
    """Of one question's pictures."""
    refused: int = 0
    """Files."""

    def add(self, planned: Planned, each: int | None) -> None:
        self.files += 1
        self.questions += planned.questions
        self.pictures += planned.pictures
        if each is None or self.tokens is None:
            self.tokens = None
        else:
            self.tokens += each * planned.pictures
            self.most = max(self.most, each * planned.pictures // planned.questions)

    def lines(self, model: str, cost: Cost) -> list[str]:
        asked = f"{words.counted(self.questions, 'question')} about {words.counted(self.files, 'file')} to {model}"
        refused = [f"{words.counted(self.refused, 'file')} would be refused."] if self.refused else []
        if not self.questions:
            return [f"Nothing is left to ask {model}.", *refused]
        if self.tokens is None:
            return [f"{asked}; how many tokens that is, is not known of this model.", *refused]
        whole = self.tokens + cost.prompt * self.questions
        lines = [f"{asked}, about {whole:,} tokens to read ({self.tokens:,} of them pictures).", *refused]
        if self.most + cost.prompt >= cost.context:
            lines.append(
                f"One question takes about {self.most + cost.prompt:,} tokens, and the context has {cost.context:,}: "
                f"give --option num_ctx={2 ** math.ceil(math.log2(self.most + cost.prompt + 512))}, or --detail low."
            )
        return lines


def described(planned: Planned, each: int | None) -> str:
    parts = []
    if planned.pictures > 1:
        parts.append(f"{planned.pictures:,} pages or frames")
    if planned.size is not None:
        parts.append(f"{planned.size[0]}x{planned.size[1]}")
    if each is not None:
        parts.append(f"about {each * planned.pictures:,} tokens")
    return ", ".join(parts) or "1 picture"
