"""Measure a pair: `python -m training.evaluation FOLDER`, which holds NAME.gguf and NAME.mmproj.gguf.

Prints the scores and the aims, and writes results.json into the folder, or where --out says.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console

from training.evaluation.asking import Pair
from training.evaluation.run import EVERYTHING, N, evaluate, show
from training.evaluation.sets import SEED


def main(words: Sequence[str] | None = None) -> int:
    arguments = _arguments(words)
    try:
        pair = Pair.in_folder(arguments.folder)
    except ValueError as fault:
        print(fault, file=sys.stderr)
        return 2
    only = arguments.only or EVERYTHING
    results = evaluate(pair, n=arguments.n, seed=arguments.seed, only=only, processes=arguments.processes)
    show(results, Console(), parts=arguments.parts)
    arguments.out.mkdir(parents=True, exist_ok=True)
    print(f"Written to {results.write(arguments.out)}")
    return 0


def _arguments(words: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m training.evaluation", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path, help="where the pair is")
    parser.add_argument("--n", type=int, default=N, help="questions of each kind (default %(default)s)")
    parser.add_argument("--seed", type=int, default=SEED, help="another one for other scenes (default %(default)s)")
    parser.add_argument("--only", nargs="+", choices=EVERYTHING, help="these sets alone")
    parser.add_argument("--processes", type=int, help="default: one for each core")
    parser.add_argument("--parts", action="store_true", help="show the parts of the mixed questions too")
    parser.add_argument("--out", type=Path, help="where results.json goes (default: the folder)")
    arguments = parser.parse_args(words)
    arguments.out = arguments.out or arguments.folder
    return arguments


if __name__ == "__main__":
    sys.exit(main())
