"""`ollama-vision read`: its help, and the command that takes its options (typed.py)."""

from __future__ import annotations

import typer

from ..common.options import options_of, usage_errors
from .typed import ReadOptions

HELP = """\
A PATH is a PDF, a TIFF, a photograph, a folder of them, or a quoted glob. Each document becomes one Markdown file below
the folder of --out, and each page a line of JSON in pages.jsonl there, with its verdict: whether it agrees with the
PDF's own text, which numbers and words differ, what was cut, repeated or not drawn. An empty page is not asked about.
The originals are only read.

pages.jsonl is where it goes on after Ctrl-C, a crash or a loss of power: start the same command again.

\b
Examples:
  ollama-vision read scan.pdf letters/ --out text/
  ollama-vision read contract.pdf --pages 2-4,7 --second tesseract
  ollama-vision read reports/ --layer prefer --figures --report pages.html
  ollama-vision read archive/ --model deepseek-ocr --host http://a:11434 --host http://b:11434

The exit code is 0 when no page needs a look, 1 when one does or a folder could not be read, 2 when the run was stopped
by something else or the command line is wrong, 130 after Ctrl-C, 143 after SIGTERM, 129 after SIGHUP.
"""


@options_of(ReadOptions)
def read(typed: ReadOptions) -> None:
    from .job import read_job

    with usage_errors():
        job = read_job(typed)

    from .command import read as run

    raise typer.Exit(run(job))
