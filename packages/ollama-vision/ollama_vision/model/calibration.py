"""Temperature scaling: one number, fitted on labelled pictures, by which probabilities mean what they say."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Calibration:
    """What was fitted, and on what."""

    temperature: float
    """Log weights are divided by it: above 1 the model is too sure of itself, below 1 not sure enough."""
    model: str
    labels: tuple[str, ...]
    n: int
    """Pictures that it was fitted on."""
    nll_before: float
    """Mean negative log likelihood of the true labels, without it."""
    nll_after: float

    @classmethod
    def read(cls, source: Any) -> Calibration:
        """From a file that `compare --calibrate` wrote, or as it is.

        Raises:
            ValueError: the file is no such file.
            OSError: it cannot be read.
        """
        if isinstance(source, cls):
            return source
        path = Path(source)
        text = path.read_bytes()
        try:
            given = json.loads(text)
            made = cls(**{**given, "labels": tuple(given["labels"])})
            if not (isinstance(made.temperature, (int, float)) and 0 < made.temperature < math.inf):
                raise ValueError(f"its temperature is {made.temperature!r}")
        except (ValueError, TypeError, KeyError) as error:
            raise ValueError(
                f"{path} is no calibration ({error}). `ollama-vision compare RESULTS --labels TRUTH.csv --calibrate "
                f"{path.name}` writes one."
            ) from None
        return made

    def check(self, model: str, labels: Sequence[str]) -> None:
        """Refuse another model or other labels than it was fitted on; raises ValueError."""
        if model != self.model:
            raise ValueError(f"The calibration is of the model {self.model!r}, and {model!r} is asked. Fit one for it.")
        if set(labels) != set(self.labels):
            raise ValueError(
                f"The calibration is of the labels {_list(self.labels)}, and {_list(labels)} are asked for. Fit "
                "one for them, or ask for its labels."
            )

    def to_json(self) -> str:
        """The file's text."""
        return json.dumps(asdict(self), ensure_ascii=False, indent=2) + "\n"


def _list(labels: Sequence[str]) -> str:
    return ", ".join(map(repr, labels))
