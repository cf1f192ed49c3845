"""Figures of all rounds -> medians and ratios -> a table, JSON, and the page in docs."""

from __future__ import annotations

import os
import platform
import statistics
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import environments
import published
from jobs import DEMO, HELP_GOAL, IMPORT_GOAL, JOBS, Goal, Job
from roster import FLOOR, OURS, ROSTER

Measured = Mapping[str, Mapping[str, list[dict[str, float]]]]
STARTS = (
    Job("import", "import of the client, over its framework", {}, "wall_ms", goals={OURS: {"wall_ms": IMPORT_GOAL}}),
    Job("help", "ollama-vision --help, whole process", {}, "wall_ms", goals={OURS: {"wall_ms": HELP_GOAL}}),
)
TABLE = (*JOBS, DEMO, *STARTS)
UNITS = {"cpu_ms": "CPU ms", "wall_ms": "wall ms", "stall_ms": "longest stall ms", "grown_mb": "peak grows by MB"}


@dataclass(frozen=True)
class Figure:
    """One client's figure of one job: the median over the rounds, and of the ratios within each round."""

    median: float
    least: float
    most: float
    ratio: float | None
    goal: Goal | None = None

    @property
    def met(self) -> bool | None:
        if self.goal is None:
            return None
        value = self.ratio if self.goal.unit == "x" else self.median
        return value is not None and round(value, 2) <= self.goal.most


@dataclass(frozen=True)
class Results:
    figures: dict[str, dict[str, dict[str, Figure]]]
    """Job -> client -> figure's name -> figure."""
    facts: dict[str, Any]

    @classmethod
    def of(cls, measured: Measured, seconds: float) -> Results:
        figures = {job.name: _figures(job, measured[job.name]) for job in TABLE if measured.get(job.name)}
        rounds = max((len(each) for job in JOBS for each in measured.get(job.name, {}).values()), default=0)
        return cls(figures, {"rounds": rounds, "seconds": round(seconds), **_machine(), "versions": _versions()})

    def as_json(self) -> dict[str, Any]:
        jobs = {
            job.name: {
                "title": job.title,
                "shown": job.figure,
                "clients": {
                    client: {
                        name: {
                            "median": figure.median,
                            "least": figure.least,
                            "most": figure.most,
                            "ratio": figure.ratio,
                            "goal": None if figure.goal is None else [figure.goal.most, figure.goal.unit],
                            "met": figure.met,
                        }
                        for name, figure in figures.items()
                    }
                    for client, figures in self.figures[job.name].items()
                },
            }
            for job in TABLE
            if job.name in self.figures
        }
        return {"facts": self.facts, "titles": {name: entry.title for name, entry in ROSTER.items()}, "jobs": jobs}


def _figures(job: Job, clients: Mapping[str, list[dict[str, float]]]) -> dict[str, dict[str, Figure]]:
    base = clients.get(FLOOR) or (clients.get("llms-ollama") if job.name == DEMO.name else None)
    return {
        client: {
            name: _figure(
                [figures[name] for figures in rounds],
                [figures[name] for figures in base] if base else None,
                job.goals.get(client, {}).get(name),
            )
            for name in rounds[0]
        }
        for client, rounds in clients.items()
    }


def _figure(values: list[float], base: list[float] | None, goal: Goal | None) -> Figure:
    ratios = [value / of for value, of in zip(values, base, strict=True) if of] if base else []
    ratio = statistics.median(ratios) if ratios else None
    return Figure(statistics.median(values), min(values), max(values), ratio, goal)


def table(results: Results) -> str:
    """As text: a block for each job, a line for each client."""
    lines = []
    for job in TABLE:
        clients = results.figures.get(job.name, {})
        if not clients:
            continue
        lines += ["", f"{job.title} ({job.name})"]
        for client, figures in clients.items():
            title = ROSTER[client].title if client in ROSTER else client
            cells = [_cell(name, figure) for name, figure in figures.items()]
            lines.append(f"  {title:46} " + "   ".join(cells))
    facts = results.facts
    lines += ["", f"{facts['rounds']} rounds, {facts['seconds']} s; {facts['machine']}, Python {facts['python']}"]
    return "\n".join(lines).strip() + "\n"


def _cell(name: str, figure: Figure) -> str:
    ratio = f" {figure.ratio:6.2f}x" if figure.ratio is not None else ""
    goal = ""
    if figure.goal is not None:
        unit = "x" if figure.goal.unit == "x" else f" {figure.goal.unit}"
        goal = f" [goal {figure.goal.most:g}{unit}: {'met' if figure.met else 'MISSED'}]"
    return f"{name} {figure.median:9.3f}{ratio}{goal}"


def _machine() -> dict[str, Any]:
    processor = platform.processor() or platform.machine()
    info = Path("/proc/cpuinfo")
    if info.is_file():
        names = [line.partition(":")[2].strip() for line in info.read_text().splitlines() if "model name" in line]
        processor = names[0] if names else processor
    return {
        "machine": f"{os.cpu_count()} cores, {processor}, {platform.system()} {platform.release()}",
        "python": platform.python_version(),
        "load": [round(load, 1) for load in os.getloadavg()] if hasattr(os, "getloadavg") else [],
    }


@lru_cache(maxsize=1)
def _versions() -> dict[str, str]:
    interesting = {
        "floor": ("httpx", "httpcore", "h11"),
        "ollama": ("ollama", "pydantic"),
        "llms-ollama": ("llama-index-llms-ollama", "llama-index-core"),
        "multi-modal-0.6.1": ("llama-index-multi-modal-llms-ollama",),
        "langchain-ollama": ("langchain-ollama", "langchain-core"),
        "ours": ("pillow", "xllamacpp"),
    }
    found: dict[str, str] = {}
    for name, packages in interesting.items():
        there = environments.versions(name)
        found |= {package: there[package] for package in packages if package in there}
    return found


def publish(results: Results, folder: Path, page: Path) -> None:
    """Write the figures into the page, and the plots beside it."""
    published.publish(page, "`make bench` with --publish", _markdown(results))
    images = page.parent / "performance"
    images.mkdir(exist_ok=True)
    for plot in sorted(folder.glob("*.png")):
        (images / plot.name).write_bytes(plot.read_bytes())


PAGE = environments.PROJECT / "docs" / "performance.md"


def _markdown(results: Results) -> str:
    facts = results.facts
    versions = ", ".join(f"{name} {version}" for name, version in facts["versions"].items())
    lines = [
        f"{facts['rounds']} interleaved rounds on {facts['machine']}, Python {facts['python']}. {versions}.",
        "",
        "| | figure | " + " | ".join(_HEADS.values()) + " | goal |",
        "|---|---|" + "---|" * (len(_HEADS) + 1),
    ]
    for job in TABLE:
        clients = results.figures.get(job.name, {})
        names = dict.fromkeys(name for figures in clients.values() for name in figures)
        for name in names:
            cells = [_short(clients.get(client, {}).get(name)) for client in _HEADS]
            held = [figures[name] for figures in clients.values() if name in figures and figures[name].goal]
            lines.append(f"| {job.title} | {UNITS[name]} | " + " | ".join(cells) + f" | {_verdict(held)} |")
    return "\n".join([*lines, ""])


_HEADS = {
    FLOOR: "floor",
    "ollama": "ollama",
    "llms-ollama": "llms-ollama",
    "0.6.1": "0.6.1",
    "langchain": "langchain",
    OURS: "here",
    "ours-prepared": "here, scaled",
}


def _short(figure: Figure | None) -> str:
    if figure is None:
        return ""
    digits = 0 if figure.median >= 100 else 1 if figure.median >= 10 else 3 if figure.median < 1 else 2
    ratio = f" ({figure.ratio:.2f}x)" if figure.ratio is not None else ""
    return f"{figure.median:.{digits}f}{ratio}"


def _verdict(figures: list[Figure]) -> str:
    words = []
    for figure in figures:
        assert figure.goal is not None
        unit = "x" if figure.goal.unit == "x" else f" {figure.goal.unit}"
        words.append(f"≤ {figure.goal.most:g}{unit}: {'met' if figure.met else '**missed**'}")
    return ", ".join(words)
