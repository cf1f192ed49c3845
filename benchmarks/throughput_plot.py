"""results/throughput.json -> the plot in docs/scaling.md. Runs in the environment with matplotlib."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import matplotlib as mpl

mpl.use("Agg")
import matplotlib.pyplot as plt

CARD, INK = "#f4f4f1", "#2b2b2b"
"""A ground of its own, so that it reads the same on a light page and on a dark one."""
LINES = ("#1b7f5c", "#c9824a", "#4a6fa5", "#8a5a9e")


def draw(axis: Any, lines: list[tuple[str, dict[int, float]]], title: str) -> None:
    """A line for each kind of server: pictures a second over requests under way; the loop is a dotted level."""
    for (name, speeds), colour in zip(lines, LINES, strict=False):
        workers = [each for each in sorted(speeds) if each]
        axis.plot(workers, [speeds[each] for each in workers], "o-", color=colour, label=name, linewidth=1.8)
    loop = lines[0][1][0]
    axis.axhline(loop, color=INK, linestyle=":", linewidth=1.2, label="simple loop, 1 host")
    axis.set_xscale("log", base=2)
    axis.set_xticks([1, 2, 4, 8], ["1", "2", "4", "8"])
    axis.set_ylim(bottom=0)
    axis.margins(x=0.08)
    axis.set_xlabel("num_workers")
    axis.set_title(title)
    axis.grid(axis="y", color="#dcdcd8", linewidth=0.6)
    axis.spines[["top", "right"]].set_visible(False)
    axis.legend(frameon=False, loc="upper center", bbox_to_anchor=(0.5, -0.17), ncols=3)


def main() -> None:
    source, target = map(Path, sys.argv[1:])
    results = json.loads(source.read_text(encoding="utf-8"))
    speeds: dict[tuple[str, int], dict[int, float]] = {}
    for cell in results["cells"]:
        speeds.setdefault((cell["kind"], cell["many"]), {})[cell["workers"]] = cell["rate"]
    plt.rcParams.update(
        {"font.size": 8, "axes.titlesize": 9, "text.color": INK, "axes.labelcolor": INK, "xtick.color": INK,
         "ytick.color": INK, "axes.edgecolor": INK, "axes.facecolor": CARD, "figure.facecolor": CARD}
    )  # fmt: skip
    canvas, (left, right) = plt.subplots(1, 2, figsize=(8.4, 3.9))
    fixed = [(f"{many} host{'s' * (many > 1)}", each) for (kind, many), each in speeds.items() if kind == "fixed"]
    slots = [
        (f"1 host, {many} slot{'s' * (many > 1)}", each) for (kind, many), each in speeds.items() if kind == "slots"
    ]
    demo = [(f"{many} hosts", each) for (kind, many), each in speeds.items() if kind == "demo"]
    draw(left, fixed, f"{results['service']} s a picture on the server")
    draw(right, [*slots, *demo], f"the demo model on {results['machine'].split(',')[0]}")
    left.set_ylabel("pictures a second")
    canvas.tight_layout()
    canvas.savefig(target, dpi=110)
    plt.close(canvas)


if __name__ == "__main__":
    main()
