"""Parsing of the arguments of `watch`: those of `describe`, about folders."""

from __future__ import annotations

import glob
import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ..common.access import UsageError
from ..describe.job import Job, read_job

if TYPE_CHECKING:
    from .typed import WatchOptions

OF_PATHS = ("path.stem", "path.parent")
"""Placeholders that every file has a word for."""


@dataclass(frozen=True)
class WatchJob:
    """All that one `watch` says."""

    describing: Job
    folders: tuple[Path, ...]
    settle: float
    """Seconds without a change."""
    polls: bool

    def own_files(self) -> tuple[str, ...]:
        """Globs for what is written here and lies in the folders: what a run writes must not be what it asks about."""
        job = self.describing
        if not job.include:
            return ()  # no picture by its name
        written = [file for file in (job.out, job.report, job.timeline) if file is not None]
        pages = [job.report.with_name(f"{job.report.stem}_pages")] if job.report is not None else []
        beside = ("", ".lock", ".new", ".old*", ".requests.json*", ".sight.json*", ".sidecars.sqlite*")
        sidecars = [f"*.{job.sidecar_format}"] if job.sidecars else []
        return (
            *sidecars,
            *(
                f"/{glob.escape(below)}{ending}"
                for folder in self.folders
                for file in (*written, *pages)
                if (below := _below(file, folder)) is not None
                for ending in beside
            ),
        )


def read_watch_job(typed: WatchOptions) -> WatchJob:
    """Check everything that can be checked without a picture; raises `UsageError`."""
    job = read_job(typed)
    folders = tuple(Path(path).expanduser() for path in job.paths)
    for folder in folders:
        if not folder.is_dir():
            what = "is a file" if folder.exists() else "is not there"
            raise UsageError(f"{folder} {what}: name a folder to watch. To ask about files: ollama-vision describe.")
    if bare := [str(each) for each in job.template.placeholders if each.default is None and each.name not in OF_PATHS]:
        raise UsageError(
            f"{bare[0]} needs a default here, such as {bare[0][:-1]}|unknown}}: what comes later cannot be looked at "
            "beforehand, and nobody may be there to hear what it lacks."
        )
    return WatchJob(job, folders, typed.settle, typed.poll)


def _below(file: Path, folder: Path) -> str | None:
    """Its path from the folder on; `None` for one that lies elsewhere."""
    whole, base = (os.path.realpath(path) for path in (file, folder))
    try:
        return Path(whole).relative_to(base).as_posix()
    except ValueError:
        return None
