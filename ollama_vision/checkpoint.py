"""The start of a run: what is there is judged, refused, mended or put aside, and then written on by nobody else."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from .describe_arguments import Start
from .ledger import DamagedResults, Ledger, Line, Version, read_ledger
from .requests_file import Asked, difference, path_beside, read_requests, write_requests
from .results_file import OnlyWriter, ResultsFile, Sink, repair, rewrite, set_aside
from .summary import counted


class OtherRequest(Exception):
    """There are lines of another request; the message says how many and how to go on."""


@dataclass(frozen=True)
class Checkpoint:
    """What a run starts from."""

    ledger: Ledger
    results: Sink
    notes: tuple[str, ...] = ()
    """What was done to the file, to be told."""


@dataclass(frozen=True)
class Intent:
    """What a run is about to ask, and what it may do with lines that are there."""

    files: Mapping[str, Version]
    requests: Collection[str]
    start: Start = "go on"
    retry_errors: bool = False
    asked: Mapping[str, Asked] = field(default_factory=dict)
    """What each request is, to be written down beside the results."""

    def holds(self, line: Line) -> bool:
        """Whether the line answers one of this run's questions about a file as it is now."""
        return line.record["request"] in self.requests and self.files.get(line.record["path"]) == line.version


def judge(out: Path, intent: Intent, see: Callable[[Line], None] = lambda line: None) -> tuple[Ledger, set[int]]:
    """What is there, and the numbers of its lines that must go; nothing is changed.

    Raises:
        OtherRequest: there are lines of another request and none of this one, and nothing says what is to become of
            them.
        DamagedResults: see `read_ledger`.
    """
    try:
        ledger = read_ledger(out, see)
    except DamagedResults as error:
        # To be put aside it need not be whole, but it must be ours.
        if intent.start != "restart" or not error.after:
            raise
        return Ledger(), set()
    if intent.start == "restart":
        return Ledger(), set()
    others = ledger.lines_of_others(intent.requests)
    # Once added to, the file holds several requests, and each of their commands goes on.
    is_known = any(key.request in intent.requests for key in ledger.entries)
    if others and not is_known and intent.start != "append":
        lines = "1 line" if others.total() == 1 else f"{others.total():,} lines"
        told = read_requests(out)
        what = difference([told[each] for each in others if each in told], [*intent.asked.values()])
        raise OtherRequest(
            f"{out} has {lines} of another request: "
            f"{'it differs in ' + what if what else 'of another model, prompt, schema, or other options'}. "
            "Add to them with --append, start anew with --restart (which keeps the old file under another name), "
            "or name another --out."
        )
    return ledger, ledger.superseded(intent.files, intent.requests, errors=intent.retry_errors)


@contextmanager
def checkpoint(out: Path, intent: Intent, see: Callable[[Line], None] = lambda line: None) -> Iterator[Checkpoint]:
    """The file made ready, and open for adding lines; raises as `judge` does, ResultsInUse, OSError."""
    with OnlyWriter(out):
        ledger, superseded = judge(out, intent, see)
        notes = []
        if intent.start == "restart":
            if out.exists():
                aside = set_aside(out)
                if path_beside(out).exists():
                    path_beside(out).replace(path_beside(aside))
                notes.append(f"What was in {out} is in {aside} now.")
        elif superseded:
            rewrite(out, ledger, superseded)
        else:
            repair(out, ledger)
        if ledger.half_written:
            notes.append(f"The last line of {out} was broken off, and was cut off; its picture is asked about again.")
        if again := len(superseded - ledger.doubled):
            why = "has changed, or failed before" if intent.retry_errors else "has changed"
            notes.append(f"{counted(again, 'picture')} {why}: asked about again.")
        if intent.asked:
            # Before the first line, so that no line is without it; those of which no line is left go.
            left = {key.request for key in ledger.entries}
            told = {request: asked for request, asked in read_requests(out).items() if request in left}
            write_requests(out, {**told, **intent.asked})
        with ResultsFile(out) as results:
            yield Checkpoint(ledger.without(superseded), results, tuple(notes))
