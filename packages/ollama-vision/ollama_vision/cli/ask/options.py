"""`ollama-vision ask`: its help, and the command that takes its options (typed.py)."""

from __future__ import annotations

import typer

from ..common.options import options_of, usage_errors
from .typed import AskOptions

HELP = """\
A PICTURE is a file, an http or https URL, or - for a picture on standard input; of a PDF its pages are sent, of a video
some of its frames. The QUESTION comes last, or stands in a --prompt-file. Questions, answers and where the pictures are
are kept for --continue.

\b
Examples:
  ollama-vision ask photo.jpg "What is in this picture?"
  ollama-vision ask --model gemma3:4b before.png after.png "What has changed?"
  ollama-vision ask --continue "Which of them is older?"
  ollama-vision ask report.pdf "Which page has a table?" --pages 2-4,7
  ollama-vision ask photo.jpg "Taken {exif.date|some day}: is it summer there?"
  ollama-vision ask receipt.heic "Read this receipt." --format receipt.schema.json
  ollama-vision ask photo.jpg "What is in this picture?" --json | jq .usage
  ollama-vision ask cats.jpg "List all cats as JSON: bbox_2d, label." --draw-boxes boxes.png
  ollama-vision ask --demo shapes.png "How many shapes are there?"

The exit code is 0 with a whole answer, 1 without one, 2 for a wrong command line, 130 after Ctrl-C.
"""


@options_of(AskOptions)
def ask(typed: AskOptions) -> None:
    from .question import read_question

    with usage_errors():
        asked = read_question(typed)
        if typed.continue_:
            from .going_on import conversation_to_go_on_with, going_on

            asked = going_on(asked, typed, conversation_to_go_on_with(typed, has_pictures=bool(asked.pictures)))

    from .command import ask as answer

    raise typer.Exit(answer(asked))
