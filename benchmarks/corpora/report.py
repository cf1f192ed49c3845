"""What came out: a line for each open sample, JSON with all of them, and the part of docs/reference/formats.md."""

from __future__ import annotations

import fnmatch
import json
import shlex
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from benchmarks.corpora.compare import SETTLED, Verdict
from benchmarks.corpora.packages import HERE, PACKAGES
from benchmarks.published import publish

EXCEPTIONS = HERE / "exceptions.txt"
PAGE = HERE.parent.parent / "docs" / "reference" / "formats.md"


@dataclass(frozen=True)
class Reason:
    """One line of `exceptions.txt`: samples that come out as they do, and why that is right or must be so."""

    patterns: tuple[str, ...]
    outcome: str
    most: int
    """Of what is wrong: by how much at most; 255 where nothing is said."""
    words: str

    @classmethod
    def of_line(cls, line: str) -> Reason:
        patterns, outcome, words = (part.strip() for part in line.split("|", 2))
        outcome, _, most = outcome.partition(" by ")
        return cls(tuple(shlex.split(patterns)), outcome, int(most or 255), words)

    def is_of(self, verdict: Verdict) -> bool:
        if self.outcome != verdict.outcome or (verdict.largest or 0) > self.most:
            return False
        return any(fnmatch.fnmatch(verdict.sample, pattern) for pattern in self.patterns)

    def unused(self, verdicts: Sequence[Verdict]) -> list[str]:
        names = [one.sample for one in verdicts if self.is_of(one)]
        return [pattern for pattern in self.patterns if not fnmatch.filter(names, pattern)]


def reasons() -> tuple[Reason, ...]:
    """A line that ends in a backslash goes on in the next."""
    text = EXCEPTIONS.read_text(encoding="utf-8").replace("\\\n", "")
    return tuple(Reason.of_line(line) for line in text.splitlines() if line and not line.startswith("#"))


@dataclass(frozen=True)
class Results:
    verdicts: Sequence[Verdict]
    versions: dict[str, str]
    reasons: Sequence[Reason]

    def reason(self, verdict: Verdict) -> Reason | None:
        return next((reason for reason in self.reasons if reason.is_of(verdict)), None)

    @property
    def open(self) -> list[Verdict]:
        """What is not right, and on no list."""
        return [one for one in self.verdicts if not one.is_settled and not self.reason(one)]

    @property
    def stale(self) -> list[str]:
        """What is on the list, and of no sample any more."""
        return [pattern for reason in self.reasons for pattern in reason.unused(self.verdicts)]

    def write_json(self, path: Path) -> None:
        told = {"versions": self.versions, "verdicts": [asdict(one) for one in self.verdicts]}
        path.parent.mkdir(exist_ok=True)
        path.write_text(json.dumps(told, indent=1), encoding="utf-8")

    def write_page(self) -> None:
        publish(PAGE, "benchmarks.corpora --publish", "\n".join(self._page()))

    def _page(self) -> Iterator[str]:
        outcomes = (*SETTLED, "exceptions")
        yield f"| samples of | package | in all | {' | '.join(outcomes)} |"
        yield "| --- " * (3 + len(outcomes)) + "|"
        shown = [one for one in self.verdicts if not one.is_served]
        for package in PACKAGES:
            ours = [one for one in shown if one.sample.startswith(f"{package.name}/")]
            counts = Counter(one.outcome if one.is_settled else "exceptions" for one in ours)
            numbers = " | ".join(str(counts[outcome]) for outcome in outcomes)
            yield f"| {package.what} | {package.name} {package.version} | {len(ours)} | {numbers} |"
        served = [one for one in self.verdicts if one.is_served]
        right = sum(one.outcome == "right" for one in served)
        yield ""
        yield f"{len(served)} of them left byte for byte, and stb_image shows {right} of these right."
        yield ""
        yield f"Programs: {', '.join(f'{name} {version}' for name, version in self.versions.items())}."
        yield ""
        yield "The exceptions, each with its reason:"
        yield ""
        for reason in self.reasons:
            names = [one.sample for one in self.verdicts if reason.is_of(one)]
            off = max((one.largest or 0) for one in self.verdicts if reason.is_of(one)) if names else 0
            by = f", off by up to {off}" if reason.outcome == "wrong" and off else ""
            yield f"- {', '.join(f'`{pattern}`' for pattern in reason.patterns)} ({len(names)}{by}): {reason.words}"
