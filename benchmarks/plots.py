"""results/latest.json -> plots. Runs in an environment of its own, the only one with matplotlib."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import matplotlib as mpl

mpl.use("Agg")
import matplotlib.pyplot as plt

COLOURS = {"floor": "#9a9a9a", "ours": "#1b7f5c", "ours-prepared": "#58b894"}
OTHER = "#c9824a"
SHORT = {
    "floor": "httpx, bare",
    "ollama": "ollama",
    "llms-ollama": "llms-ollama",
    "0.6.1": "0.6.1",
    "langchain": "langchain-ollama",
    "ours": "here",
    "ours-prepared": "here, scaled",
}
PLOTS = {
    "pictures": (
        "Client CPU for one picture, times the floor",
        "cpu_ms",
        ("picture-1mp", "picture-4mp", "picture-12mp", "picture-19mb"),
    ),
    "streams": (
        "Client CPU for a line of a stream, times the floor",
        "cpu_ms",
        ("stream", "astream", "stream-thinking", "stream-tools"),
    ),
    "together": (
        "128 questions at once: whole time, and longest stall of the event loop, times the floor",
        "wall_ms stall_ms",
        ("together",),
    ),
    "memory": ("Growth of the peak of memory, MB", "grown_mb", ("memory-in-a-row", "memory-at-once")),
}


def draw(name: str, jobs: dict[str, Any], folder: Path) -> None:
    """One picture; a panel for each job and figure that was measured."""
    title, figures, wanted = PLOTS[name]
    panels = [(job, figure) for job in wanted if job in jobs for figure in figures.split()]
    if not panels:
        return
    canvas, axes = plt.subplots(1, len(panels), figsize=(3.1 * len(panels), 3.0), squeeze=False)
    for (job, figure), axis in zip(panels, axes[0], strict=True):
        clients = {name: shown[figure] for name, shown in jobs[job]["clients"].items() if figure in shown}
        absolute = figure == "grown_mb"
        values = [shown["median"] if absolute else shown["ratio"] for shown in clients.values()]
        names = [SHORT.get(client, client) for client in clients]
        bars = axis.barh(names, values, color=[COLOURS.get(client, OTHER) for client in clients])
        axis.bar_label(
            bars, [f"{value:.0f}" if absolute else f"{value:.2f}" for value in values], padding=2, fontsize=7
        )
        axis.invert_yaxis()
        axis.set_title(jobs[job]["title"] if len(wanted) > 1 else figure.replace("_ms", ""), fontsize=8)
        axis.tick_params(labelsize=7)
        axis.margins(x=0.18)
        axis.spines[["top", "right"]].set_visible(False)
        goal = clients.get("ours", {}).get("goal")
        if goal and (goal[1] == "x") != absolute:
            axis.axvline(goal[0], color="#1b7f5c", linewidth=0.8, linestyle="--")
    canvas.suptitle(title, fontsize=9)
    canvas.tight_layout()
    canvas.savefig(folder / f"{name}.png", dpi=130)
    plt.close(canvas)


def main() -> None:
    source = Path(sys.argv[1])
    jobs = json.loads(source.read_text(encoding="utf-8"))["jobs"]
    for name in PLOTS:
        draw(name, jobs, source.parent)


if __name__ == "__main__":
    main()
