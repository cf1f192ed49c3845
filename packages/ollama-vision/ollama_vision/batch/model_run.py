"""One model over many files: its questions, the lines that come of them, and deduplication by bytes and by looks."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace
from functools import partial
from hashlib import sha256
from itertools import count
from typing import TYPE_CHECKING, Any

from .asking.balancer import WAIT, OnHostFault, OnWait
from .asking.dispatcher import Dispatcher
from .asking.fingerprint import request_hash, what_is_asked
from .asking.intake import Open
from .asking.model_on_host import ModelOnHost
from .asking.outcome import Outcome
from .asking.question import HostedModel, PictureQuestion
from .asking.sight_watch import Given, OnReport, SightWatch
from .asking.turns import AskItem
from .copying.copies import CopyBook, Counted
from .copying.near_pictures import NearPictures, looks_of
from .copying.search import CopySearch
from .finding.found_files import FoundFile
from .finding.pages import Page, PageReader, open_page
from .pending import PendingPictures, record_of
from .prompting.asking import asked_in_own_words
from .results.checkpoint import RunSpec, Start
from .results.earlier_answers import EarlierAnswer, EarlierAnswers
from .results.files_now import FilesNow
from .results.known_by_bytes import EqualFiles, copies_among
from .results.ledger import Entry, Ledger, Version
from .results.own_prompts import asked_the_same, digest_of
from .results.requests import Asked, asked
from .results.sight_file import SightFile, Suspect

if TYPE_CHECKING:
    from ollama_vision.model import OnServer

    from .prompting.picture_prompts import PicturePrompts


@dataclass(frozen=True)
class ModelRun:
    """One model, asked in one way."""

    hosts: tuple[OnServer, ...]
    """The model on each server."""
    question: PictureQuestion
    request: str
    """By what its lines are known."""
    asked: Asked
    """What that is the hash of."""
    on_host: Callable[[Any], HostedModel] = ModelOnHost
    """Asks such a model."""
    prompts: PicturePrompts | None = None
    """What each picture is asked, where the prompt has placeholders."""

    @classmethod
    def of(cls, hosts: Sequence[OnServer], question: PictureQuestion, *, pages: str) -> ModelRun:
        """Raises TypeError and ValueError for options that no call sends."""
        request = request_hash(hosts[0], question)
        if pages == "together":
            # Another question about the same document; single pictures go along, so that there is one rule.
            request = sha256(f"{request} pages together".encode()).hexdigest()
        return cls(tuple(hosts), question, request, asked(what_is_asked(hosts[0], question), pages=pages))

    def with_prompts(self, prompts: PicturePrompts | None) -> ModelRun:
        """The same of pictures that are asked so; there are such prompts where the question has placeholders."""
        return replace(self, prompts=prompts)

    @property
    def model(self) -> str:
        return self.hosts[0].model

    def prompt_of(self, request: str, path: str) -> str | None:
        """The digest of what a file is asked, where that is its own."""
        return "" if self.prompts is None or request != self.request else self.prompts.digest(path)

    def asked_hosts(self) -> list[HostedModel]:
        """The model on each server, as a run asks it."""
        return [self.on_host(model) for model in self.hosts]


def run_spec(
    model_runs: Iterable[ModelRun],
    files: Sequence[FoundFile],
    reader: PageReader,
    start: Start,
    *,
    retry_errors: bool,
    prune: bool,
    near_duplicates: bool = False,
) -> RunSpec:
    """What is about to be asked of these files, for the file that keeps the lines."""
    now, model_runs = FilesNow(files), list(model_runs)
    requests = {model_run.request: model_run.asked for model_run in model_runs}
    own = {model_run.request: model_run.prompt_of for model_run in model_runs if model_run.prompts is not None}
    return RunSpec(
        now,
        set(requests),
        start,
        retry_errors,
        prune,
        # What is refused for its name, such as a video that is called a picture, is refused whatever its bytes.
        lambda path: reader.check_headers(now.file(path)) is None,
        requests,
        look=partial(looks_of, options=reader.image_options) if near_duplicates else None,
        prompt_of=(lambda request, path: own.get(request, asked_the_same)(request, path)) if own else asked_the_same,
    )


@dataclass(frozen=True)
class RunOptions:
    """How a run goes about it; none of it changes an answer."""

    jobs: int = 4
    """Requests at once, over all hosts."""
    wait: float = WAIT
    """Seconds that a host which answered and is gone is waited for."""
    were_there: bool = False
    """Whether the hosts answered just before: one that goes away at its first picture is waited for, too."""
    limit: int | None = None
    """So many pictures at the most, of all that were found."""
    on_host_fault: OnHostFault | None = None
    on_wait: OnWait | None = None
    expect: Callable[[int], None] = lambda more: None
    """Hears of so many more pictures than could be told from names."""
    in_words: Callable[[str], str] = str
    """How errors are put into lines."""
    sight_check: bool = False
    """Whether each host has to show that it sees, before its first picture and again and again."""
    on_sight: OnReport = lambda report: None
    """Hears of a host of which it is unclear whether it sees, or that sees badly."""
    near_bits: int | None = None
    """Pictures whose hashes differ in so many bits of 64 are asked about once; `None`: only those of the same bytes."""
    seen: set[tuple[str, str]] = field(default_factory=set)
    """Models and their addresses that have shown that they see; runs that share it are one in this."""


@dataclass(frozen=True)
class PageWork:
    """What is done with each page of a run; by itself it is asked the one question, and its line tells the answer."""

    open: Open[Page] = open_page
    ask: AskItem[Page] | None = None
    """All that a page is asked, where that is more than the question."""
    more: Callable[[Outcome[Page]], Mapping[str, Any]] = lambda outcome: {}
    """What else its line says."""


@dataclass
class Lines:
    """The lines of results.jsonl that a model's answers make, as they come; iterated once."""

    model_run: ModelRun
    files: Sequence[FoundFile]
    reader: PageReader
    ledger: Ledger = field(default_factory=Ledger)
    """What need not be asked."""
    run_options: RunOptions = field(default_factory=RunOptions)
    sight: SightFile = field(default_factory=SightFile)
    """Which of the lines that are there a canary followed."""
    work: PageWork = field(default_factory=PageWork)
    earlier: EarlierAnswers = field(default_factory=EarlierAnswers)
    """Of pictures that those of this run may look like."""

    def __post_init__(self) -> None:
        self._unproven = self._given_before() if self.run_options.sight_check else {}
        if self.model_run.question.placeholders and self.model_run.prompts is None:
            raise AssertionError("the pictures' own words are not known: ModelRun.with_prompts")
        self._equal = equal_files(self.files, self.reader, self.ledger, self.model_run, self.run_options.limit)
        self._near: NearPictures | None = None
        if (bits := self.run_options.near_bits) is not None:
            prompt_of = partial(self.model_run.prompt_of, self.model_run.request)
            self._near = NearPictures(bits, self.reader.image_options, prompt_of)
        self._of_earlier: dict[int, EarlierAnswer] = {}
        """By number: answers of earlier runs that copies may have."""
        folder = None if self.earlier.results is None else self.earlier.results.parent
        self._book = CopyBook(folder, recall=self._recall, on_failed=self._drop)
        self._search = self._searching(self._equal, 0, self._near)
        self._questions = self._questions_about(
            self.files, self.ledger, self.run_options.limit, self._equal, self._search
        )

    def left(self) -> int:
        """How many pictures are still to be asked about, as far as that can be told without opening a file."""
        return self._questions.left()

    def done(self) -> list[Entry]:
        """The lines that hold for these files already."""
        return self._questions.done()

    @property
    def is_suspected(self) -> bool:
        """Whether there are answers of earlier runs that no canary followed: a run begins with it, whatever is left."""
        return any(self._unproven.values())

    def __iter__(self) -> Generator[tuple[dict[str, Any], bool], None, None]:
        """Each line, and whether it is the copy of another one's answer.

        Raises:
            RunStoppedError: a fault that is no picture's.
        """
        watch = self._watch() if self.run_options.sight_check else None
        with closing(self._book):
            if self._near is not None and self._questions.left():
                answers = self.earlier.of_request(self.model_run.request)
                self._of_earlier = self._search.know_earlier(answers, self.files)
            yield from self._lines(self._questions, watch)
            near, first = self._near, len(self.files)
            while left := self._book.left():
                # An error names its picture: what failed is asked of each. Of those that are near each other of one
                # alone at first; when that fails as well, of each.
                search = self._searching({}, first, near)
                again = self._questions_about(left, Ledger(self._book.written), None, {}, search)
                self.run_options.expect(again.left())
                yield from self._lines(again, watch)
                near, first = None, first + len(left)
        if watch is not None:
            # The lines since their last canaries are written by now.
            self.sight.end(self.model_run.model, watch.seeing)
            self.run_options.seen.update((self.model_run.model, host) for host in watch.seeing)

    @property
    def copied(self) -> Counted:
        """Lines of files with the same bytes as another one, which alone was asked about."""
        return self._book.equal

    @property
    def near_copied(self) -> Counted:
        """The same of pictures that look like another one."""
        return self._book.near

    def _given_before(self) -> dict[str, list[Given[Page]]]:
        """By host, what it answered about these files in an earlier run, and no canary followed."""
        suspects = self.sight.suspects(self.model_run.model)
        now, numbers = FilesNow(self.files), count(-1, -1)  # the pictures of this run are counted from 0
        return {
            host.base_url: [
                Given(next(numbers), page, each["sha256"], host.base_url)
                for each in suspects.get(host.base_url, ())
                if (page := self._page_of(each, now)) is not None
            ]
            for host in self.model_run.hosts
        }

    def _page_of(self, suspect: Suspect, now: FilesNow) -> Page | None:
        """`None` for what this run does not ask about, or will as the file has changed."""
        path, page = suspect["path"], suspect["page"]
        version = Version(suspect["size"], suspect["modified"])
        if suspect["request"] != self.model_run.request or now.get(path) != version:
            return None
        if digest_of(suspect.get("prompt")) != self.model_run.prompt_of(suspect["request"], path):
            return None
        return Page(now.file(path), page, suspect["pages"] or 1, seconds=suspect.get("seconds_in_video"))

    def _watch(self) -> SightWatch[Page]:
        return SightWatch(
            self.model_run.question,
            partial(self.sight.canary, self.model_run.model),
            self.run_options.on_sight,
            self._unproven,
            {host for model, host in self.run_options.seen if model == self.model_run.model},
        )

    def _lines(
        self, questions: PendingPictures, watch: SightWatch[Page] | None
    ) -> Generator[tuple[dict[str, Any], bool], None, None]:
        book = self._book
        with closing(self._run(watch, questions).each(questions)) as outcomes:
            for outcome in outcomes:
                place = questions.place_of(outcome.item) if outcome.replaces else questions.take(outcome.index)
                if outcome.skipped:
                    self.run_options.expect(-1)
                    if place.number is not None:
                        book.passed_over(place.number)
                    continue
                record = record_of(outcome, place, self.model_run.request, self.run_options.in_words)
                record.update(self.work.more(outcome))
                if self.model_run.prompts is not None:
                    record["prompt"] = self.model_run.prompts.prompt_for(place.path)
                if outcome.replaces:
                    self.run_options.expect(1)
                yield record, False
                if place.number is not None:
                    for copy in book.answered(place.number, record, replaces=outcome.replaces):
                        yield copy, True
                for copy in book.come():
                    yield copy, True
        for copy in book.come():
            yield copy, True

    def _recall(self, number: int) -> Mapping[str, Any] | None:
        earlier = self._of_earlier.get(number)
        return None if earlier is None else self.earlier.record(earlier)

    def _drop(self, number: int) -> None:
        if self._near is not None:
            self._near.drop(number)

    def _run(self, watch: SightWatch[Page] | None, questions: PendingPictures) -> Dispatcher[Page]:
        return Dispatcher(
            self.model_run.asked_hosts(),
            self.model_run.question,
            self.work.open,
            workers=self.run_options.jobs,
            wait=self.run_options.wait,
            were_there=self.run_options.were_there,
            on_host_fault=self.run_options.on_host_fault,
            on_wait=self.run_options.on_wait,
            sight=watch,
            on_server_sizes=questions.draw_for,
            on_room=questions.make_room,
            ask_item=asked_in_own_words(self.model_run.prompts, self.model_run.question, self.work.ask),
        )

    def _searching(self, equal: EqualFiles, first: int, near: NearPictures | None) -> CopySearch:
        return CopySearch(equal, self._book.number, self._book.found, near, first)

    def _questions_about(
        self,
        files: Sequence[FoundFile],
        ledger: Ledger,
        limit: int | None,
        copies: EqualFiles,
        search: CopySearch,
    ) -> PendingPictures:
        request, expect = self.model_run.request, self.run_options.expect
        return PendingPictures(
            files, self.reader, ledger, request, limit=limit, copies=copies, search=search, expect=expect
        )


def equal_files(
    files: Sequence[FoundFile], reader: PageReader, ledger: Ledger, run: ModelRun, limit: int | None
) -> EqualFiles:
    """Files with the same bytes, of those that a run is about: each holds a picture at the least."""
    some = files if limit is None or limit >= len(files) else files[:limit]
    return copies_among(
        some, ledger, run.request, lambda file: reader.check_headers(file) is None, prompt_of=run.prompt_of
    )
