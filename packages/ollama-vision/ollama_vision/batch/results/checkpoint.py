"""Resuming a run: whether results.jsonl goes on (by asking/fingerprint.py), is refused or put aside; then the lock."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, Protocol

from ollama_vision.errors import DamagedResultsError, RequestMismatchError, ResultsError
from ollama_vision.words import counted

from .earlier_answers import EarlierAnswer, EarlierAnswers, write_hashes
from .file import ResultsFile, ResultsLock, Sink, real_path, repair, rewrite, set_aside
from .known_by_bytes import Taken, records_of, taken_over
from .ledger import Key, Ledger, Line, Version, is_complete, lines_of, read_ledger
from .own_prompts import PromptOf, asked_the_same
from .pruning import refuse_where_nothing_is_left
from .requests import Asked, difference, path_beside, read_requests, write_requests
from .sight_file import SightFile

Start = Literal["go on", "append", "restart"]
"""What becomes of lines of another request that are there: none may be, they stay, or the file is put aside."""


class Companion(Protocol):
    """Files that are written along with the lines, such as a text file for each answer."""

    def know(self, line: Line) -> None:
        """A line of an earlier run about one of this run's files."""

    def catch_up(self, lines: Iterator[Line]) -> None:
        """The lines that hold for this run; what is missing of their files is written."""

    def write(self, record: Mapping[str, Any]) -> None:
        """A line that was written just now. Raises OSError, SidecarError."""


@dataclass(frozen=True)
class Checkpoint:
    """What a run starts from."""

    ledger: Ledger
    results: Sink
    notes: tuple[str, ...] = ()
    """What was done to the file, to be told."""
    companion: Companion | None = None
    sight: SightFile = field(default_factory=SightFile)
    """Which answers a canary followed."""
    earlier: EarlierAnswers = field(default_factory=EarlierAnswers)
    """For pictures that look like those that they are about."""

    def add(self, record: Mapping[str, Any]) -> None:
        """Write a line, and then what is written along with it; raises OSError, SidecarError."""
        self.results.add(record)
        if self.companion is not None:
            self.companion.write(record)


@dataclass(frozen=True)
class RunSpec:
    """What a run is about to ask, and what it may do with lines that are there."""

    files: Mapping[str, Version]
    requests: Collection[str]
    start: Start = "go on"
    retry_errors: bool = False
    prune: bool = False
    may_take: Callable[[str], bool] = lambda path: True
    """Whether a file may have the answer of another one with the same bytes."""
    asked: Mapping[str, Asked] = field(default_factory=dict)
    """What each request is, to be written down beside the results."""
    prompt_of: PromptOf = asked_the_same
    """What each picture is asked now, where that is its own."""
    retry_unopened: bool = False
    """Whether documents that could not be opened, of which there is no page, are tried again."""
    look: Callable[[Sequence[EarlierAnswer]], Mapping[int, int | None]] | None = None
    """Gives hashes of pictures that are answered already, by the places of their lines, so that others may be known to
    look like them; `None` where that is not wanted."""
    tells_gone: bool = True
    """Whether the lines are counted whose pictures are there no more; each of the others' is looked for."""

    @property
    def own_prompts(self) -> bool:
        """Whether pictures are asked what they say of themselves."""
        return self.prompt_of is not asked_the_same

    def holds(self, line: Line) -> bool:
        """Whether the line answers one of this run's questions about a file as it is now."""
        return line.record["request"] in self.requests and self.files.get(line.record["path"]) == line.version


@dataclass(frozen=True)
class Judgement:
    """What is there, and what is to become of it."""

    there: Ledger = field(default_factory=Ledger)
    superseded: frozenset[int] = frozenset()
    """The numbers of lines that must go, so that each picture has one right line."""
    gone: frozenset[int] = frozenset()
    """The numbers of other lines, whose pictures are there no more."""
    taken: tuple[Taken, ...] = ()
    """Answers that hold for files under another name or date."""

    def ledger(self) -> Ledger:
        """What need not be asked."""
        left = self.there.without(self.superseded)
        if not self.taken:
            return left
        entries = {key: dict(pages) for key, pages in left.entries.items()}
        answers = {e.number: e for pages in self.there.entries.values() for e in pages.values()}
        for each in self.taken:
            entries.setdefault(each.key, {})[each.page] = answers[each.number]._replace(version=each.version)
        return Ledger(entries)

    def asked_again(self) -> int:
        """How many pictures have a line that goes, and none in its place."""
        kept = {(each.key, each.page) for each in self.taken}
        return sum(
            entry.number in self.superseded and (key, page) not in kept
            for key, pages in self.there.entries.items()
            for page, entry in pages.items()
        )


def judge(out: Path, spec: RunSpec, see: Callable[[Line], None] = lambda line: None) -> Judgement:
    """What is there, and what must become of it; nothing is changed.

    Raises:
        RequestMismatchError: there are lines of another request, none of this one, and nothing says what becomes of
            them.
        PicturesAwayError: pruning would lose answers about a disk that is not connected.
        DamagedResultsError: see `read_ledger`.
    """
    try:
        ledger = read_ledger(out, see)
    except DamagedResultsError as error:
        # To be put aside it need not be whole, but it must be ours.
        if spec.start != "restart" or not error.after:
            raise
        return Judgement()
    if spec.start == "restart":
        return Judgement()
    others = ledger.lines_of_others(spec.requests)
    # Once added to, the file holds several requests, and each of their commands goes on.
    is_known = any(key.request in spec.requests for key in ledger.entries)
    if others and not is_known and spec.start != "append":
        lines = counted(others.total(), "line")
        told = read_requests(out)
        what = difference([told[each] for each in others if each in told], [*spec.asked.values()])
        raise RequestMismatchError(
            f"{out} has {lines} of another request: "
            f"{'it differs in ' + what if what else 'of another model, prompt, schema, or other options'}. "
            'Add to them with start="append", start anew with start="restart" (which keeps the old file under another '
            "name), or name another file: out=."
        )
    superseded = ledger.superseded(
        spec.files,
        spec.requests,
        errors=spec.retry_errors,
        unopened=spec.retry_unopened,
        prompt_of=spec.prompt_of,
    )
    left = ledger.without(superseded)
    taken = taken_over(ledger, left, spec.files, spec.requests, spec.may_take, spec.prompt_of)
    gone = ledger.gone(spec.files) - superseded if spec.tells_gone else set()
    if spec.prune and gone:
        refuse_where_nothing_is_left(out, ledger, superseded | gone, gone, taken)
    return Judgement(ledger, frozenset(superseded), frozenset(gone), tuple(taken))


@contextmanager
def open_checkpoint(
    out: Path, spec: RunSpec, companion: Companion | None = None, *, lock: ResultsLock | None = None
) -> Iterator[Checkpoint]:
    """The file made ready, and open for adding lines.

    Args:
        companion: told of earlier lines, and given those that hold.
        lock: the file's, where the caller holds it for longer than this.

    Raises:
        ResultsError: as `judge` does; another process writes the file; or a text file cannot be written.
        OSError: the file cannot be read, or written.
    """

    def see(line: Line) -> None:
        sight.see(line)
        if companion is not None and line.record["path"] in spec.files:
            companion.know(line)

    out = real_path(out)  # a link stays one, whatever becomes of the file
    if out.exists() and not out.is_file():
        # A pipe would be waited for without end.
        raise ResultsError(f"{out} is a folder, a pipe or a device. Name a file, such as out='results.jsonl'.")
    with ResultsLock(out) if lock is None else nullcontext():
        sight = SightFile.read(out)
        judged = judge(out, spec, see)
        ledger, notes = judged.there, []
        out_of_it = judged.superseded | judged.gone if spec.prune else judged.superseded
        if spec.start == "restart":
            sight.forget()
            if out.exists():
                aside = set_aside(out)
                if path_beside(out).exists():
                    path_beside(out).replace(path_beside(aside))
                notes.append(f"What was in {out} is in {aside} now.")
        elif out_of_it or judged.taken:
            rewrite(out, ledger, out_of_it, more=records_of(out, judged.taken))
        else:
            repair(out, ledger)
        if ledger.torn_bytes:
            notes.append(f"The last line of {out} was broken off, and was cut off; its picture is asked about again.")
        if known := len(judged.taken):
            whose = "its" if known == 1 else "their"
            notes.append(f"{counted(known, 'picture')} known by {whose} bytes, not by name and date: not asked again.")
        if again := judged.asked_again():
            failed = spec.retry_errors or spec.retry_unopened
            changed = "changed, or what is asked about it" if spec.own_prompts else "changed"
            why = f"{'has' if again == 1 else 'have'} {changed}{', or failed before' if failed else ''}"
            notes.append(f"{counted(again, 'picture')} {why}: asked about again.")
        if judged.gone:
            lines = f"{counted(len(judged.gone), 'line')} of pictures that are not there any more"
            notes.append(f"{lines} taken out." if spec.prune else f"{lines}: prune=True takes them out.")
        if spec.asked:
            # Before the first line, so that no line is without it; those of which no line is left go.
            left = {key.request for key in ledger.entries}
            told = {request: asked for request, asked in read_requests(out).items() if request in left}
            write_requests(out, {**told, **spec.asked})
        earlier = EarlierAnswers(out)
        if spec.look is not None and out.exists() and _is_anything_left(judged.ledger(), spec):
            earlier = EarlierAnswers.read(out, spec.requests)
            if unknown := earlier.unknown():
                pictures = f"{counted(len(unknown), 'picture')} looked at once more"
                notes.append(f"{pictures}: asked about before near-duplicates were looked for.")
                write_hashes(out, spec.look(unknown))
                earlier = EarlierAnswers.read(out, spec.requests)
        with ResultsFile(out) as results:
            if companion is not None:
                with out.open("rb") as file:
                    companion.catch_up(line for line in lines_of(file, out) if spec.holds(line))
            sight.begin()
            yield Checkpoint(judged.ledger(), results, tuple(notes), companion, sight, earlier)


def _is_anything_left(ledger: Ledger, spec: RunSpec) -> bool:
    return not all(
        is_complete(ledger.done(Key(request, path), version))
        for path, version in spec.files.items()
        for request in spec.requests
    )
