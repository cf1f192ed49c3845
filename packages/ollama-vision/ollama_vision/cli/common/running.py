"""A batch command's run: its screen, its signals, and the exit code of whatever ends it."""

from __future__ import annotations

from collections.abc import Callable

from ollama_vision.errors import OllamaMultiModalError

from .default_model import NoModel
from .exits import FAILED, STOPPED
from .interrupts import Interrupted, graceful_shutdown
from .screen import Screen, silence_output, telling
from .servers import NoServer
from .shell_words import Command, in_shell_words


class Stopped(Exception):
    """The run cannot begin, or go on; the message says why and what to do."""


def run_on_screen(body: Callable[[Screen], int], command: Command) -> int:
    """The body's exit code, or that of what stopped it, which is told in the command's words."""
    with Screen() as screen, telling(screen), graceful_shutdown(screen):
        try:
            return body(screen)
        except BrokenPipeError:
            silence_output()
            return FAILED
        except (Stopped, OllamaMultiModalError, NoModel, NoServer) as error:
            screen.complain(in_shell_words(str(error), command))
            return STOPPED
        except OSError as error:
            screen.complain(f"{error.filename}: {error.strerror}." if error.filename else str(error))
            return STOPPED
        except KeyboardInterrupt as error:
            interrupted = Interrupted.by(error)
            screen.remark(f"Stopped by {interrupted.words}.")
            return interrupted.code
