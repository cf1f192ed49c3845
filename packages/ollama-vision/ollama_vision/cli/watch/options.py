"""`ollama-vision watch`: its help, and the command that takes its options (typed.py)."""

from __future__ import annotations

import typer

from ..common.options import options_of, usage_errors
from .typed import WatchOptions

HELP = """\
What is in DIR and the folders in it is described first; then it says "Watching DIR" on standard error, and describes
what comes, until it is stopped. A file is taken when it has not changed for a while (--settle) and can be read to its
end. Each picture gets the line that `ollama-vision describe` would write, in the same results.jsonl: start either of
them again, and it goes on where the other was.

\b
Examples:
  ollama-vision watch inbox/ --prompt "What is in this picture?"
  ollama-vision watch scans/ --schema receipt.schema.json --sidecar xmp --out scans.jsonl
  ollama-vision watch /mnt/nas/camera --poll --report report.html
  ollama-vision watch inbox/ --out - | while read -r line; do echo "$line"; done

A report or a timeline is made anew when there is nothing left to ask. The exit code is 2 when the run was stopped by
something else or the command line is wrong, 130 after Ctrl-C, 143 after SIGTERM, 129 after SIGHUP.
"""


@options_of(WatchOptions)
def watch(typed: WatchOptions) -> None:
    from .job import read_watch_job

    with usage_errors():
        job = read_watch_job(typed)

    from .command import watch as run

    raise typer.Exit(run(job))
