"""`ollama-vision describe`: its help, and the command that takes its options (typed.py)."""

from __future__ import annotations

import typer

from ..common.options import options_of, usage_errors
from .typed import DescribeOptions

HELP = """\
A PATH is a picture, a PDF, a folder, or a quoted glob. Pages of PDF and TIFF are pictures of their own. Each picture
gets one line of JSON. The originals are only read.

results.jsonl is where it goes on after Ctrl-C, a crash or a loss of power: start the same command again. A file is
done when it has a line with the same path, size and date, or the same bytes, for the same model, prompt, schema and
options.

In a prompt {path.stem}, {path.parent}, {exif.date}, {exif.camera}, {exif.lens}, {gps.latitude}, {gps.longitude} and
{sidecar.txt} (photo.jpg.txt, else photo.txt) stand for what each picture says of itself, {exif.date|unknown} with words
for those that do not.

\b
Examples:
  ollama-vision describe photos/ --prompt "What is in this picture?"
  ollama-vision describe receipts/ --schema receipt.schema.json --report report.html
  ollama-vision describe scans/ --schema shapes.py:Invoice --host http://a:11434 --host http://b:11434
  ollama-vision describe photos/ --prompt "Taken {exif.date|some day} in {path.parent}. What is in this picture?"
  ollama-vision describe talk.mp4 --frames scenes --timeline talk.md
  ollama-vision describe photos/ --dry-run
  ollama-vision describe --demo examples/pictures

The exit code is 0 when all pictures have an answer, 1 when some failed or a folder could not be read, 2 when the run
was stopped by something else or the command line is wrong, 130 after Ctrl-C, 143 after SIGTERM, 129 after SIGHUP.
"""


@options_of(DescribeOptions)
def describe(typed: DescribeOptions) -> None:
    from .job import read_job

    with usage_errors():
        job = read_job(typed)

    from .command import describe as run

    raise typer.Exit(run(job))
