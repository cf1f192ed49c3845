"""What an evaluation found: scores, misses, aims and files, as one value that is kept as JSON."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from training.evaluation.aims import Verdict, Worse, no_worse, today, verdicts
from training.evaluation.asking import Pair
from training.evaluation.cases import Case
from training.evaluation.certainty import Certainty
from training.evaluation.scoring import Reply, Score, tally

NAME = "results.json"
KEPT_MISSES = 8
"""Of a kind: enough to see what goes wrong."""


@dataclass(frozen=True)
class File:
    """One of the two files."""

    name: str
    bytes: int
    sha256: str

    @classmethod
    def of(cls, path: Path) -> File:
        content = path.read_bytes()
        return cls(path.name, len(content), hashlib.sha256(content).hexdigest())


@dataclass(frozen=True)
class Miss:
    """A wrong answer."""

    kind: str
    question: str
    expected: str
    found: str


@dataclass(frozen=True)
class Results:
    """All that was found about a pair: `n` is the number of questions of a kind, `questions` that of all."""

    n: int
    seed: int
    questions: int
    seconds: float
    model: File
    mmproj: File
    scores: Mapping[str, Score]
    misses: tuple[Miss, ...] = ()
    certainty: Certainty | None = None

    @classmethod
    def of(cls, pair: Pair, answered: Iterable[tuple[Case, Reply]], *, n: int, seed: int, seconds: float) -> Results:
        told = list(answered)
        scores = tally(mark for case, reply in told for mark in case.marks(reply))
        files = (File.of(pair.model), File.of(pair.mmproj))
        return cls(n, seed, len(told), seconds, *files, scores, tuple(_misses(told)))

    @property
    def bytes(self) -> int:
        """Of both files."""
        return self.model.bytes + self.mmproj.bytes

    @property
    def verdicts(self) -> tuple[Verdict, ...]:
        return verdicts(self.scores, self.bytes, self.auc)

    @property
    def auc(self) -> float | None:
        return self.certainty.auc if self.certainty else None

    @property
    def worse(self) -> tuple[Worse, ...]:
        """Where the figure of the model in use is higher, among what was measured."""
        return no_worse(self.scores, {row: share for row, share in today().items() if row in self.scores})

    @property
    def not_measured(self) -> tuple[str, ...]:
        """What is known of the model in use, and not of this one."""
        return tuple(row for row in today() if row not in self.scores)

    def as_json(self) -> dict[str, Any]:
        scores = []
        for score in self.scores.values():
            low, high = score.interval
            scores.append({**asdict(score), "share": float(score.share), "low": round(low, 4), "high": round(high, 4)})
        return {
            **{name: getattr(self, name) for name in ("n", "seed", "questions", "seconds")},
            "files": [asdict(self.model), asdict(self.mmproj)],
            "aims": [asdict(verdict) for verdict in self.verdicts],
            "worse": [str(worse) for worse in self.worse],
            "not_measured": list(self.not_measured),
            "scores": scores,
            "misses": [asdict(miss) for miss in self.misses],
            "certainty": asdict(self.certainty) if self.certainty else None,
        }

    @classmethod
    def from_json(cls, found: Mapping[str, Any]) -> Results:
        model, mmproj = (File(**file) for file in found["files"])
        scores = {each["kind"]: Score(each["kind"], each["n"], each["right"]) for each in found["scores"]}
        misses = tuple(Miss(**miss) for miss in found["misses"])
        told = found.get("certainty")
        certainty = Certainty(**told) if told else None
        head = (found["n"], found["seed"], found["questions"], found["seconds"])
        return cls(*head, model, mmproj, scores, misses, certainty)

    def write(self, folder: Path) -> Path:
        path = folder / NAME
        path.write_text(json.dumps(self.as_json(), indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
        return path

    @classmethod
    def read(cls, folder: Path) -> Results:
        return cls.from_json(json.loads((folder / NAME).read_text(encoding="utf-8")))


def _misses(told: Iterable[tuple[Case, Reply]]) -> Iterator[Miss]:
    kept: Counter[str] = Counter()
    for case, reply in told:
        if not case.expected.is_met_by(reply):
            kept[case.rows[-1]] += 1
            if kept[case.rows[-1]] <= KEPT_MISSES:
                yield Miss(case.rows[-1], case.question, str(case.expected), str(reply))
