"""`ollama-vision eyetest`: the command's body."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from ollama_vision.errors import OllamaMultiModalError
from ollama_vision.model import VisionModel, eye_test
from ollama_vision.sight import EyeProgress

from ..common.access import Access
from ..common.default_model import NoModel
from ..common.exits import DONE, FAILED, STOPPED
from ..common.screen import Screen, named, silence_output, telling
from ..common.servers import NoServer, patience, servers_for
from ..common.shell_words import in_shell_words
from .page import write_page
from .table import lines_of


def eyetest(
    model: str | None,
    access: Access,
    *,
    page: Path | None,
    seed: int | None,
    options: Mapping[str, Any],
    timeout: float | None,
    as_json: bool,
) -> int:
    """Test, show what came of it, and give the exit code."""
    with Screen() as screen, telling(screen):
        try:
            with servers_for(access, screen, timeout=timeout) as servers:
                name = model or servers.model_that_sees(screen)
                screen.wait(f"Asking {name} whether it sees")
                make = VisionModel if "num_ctx" in options else VisionModel.from_server
                llm = make(name, additional_kwargs=dict(options), **patience(timeout), **servers.settings[0])
                found = eye_test(llm, seed=seed, progress=lambda now: screen.still_waiting(_in_words(name, now)))
            found = replace(found, advice=in_shell_words(found.advice, "ask"))
            if page is not None:
                screen.wait("Making the page")
                write_page(page, found)
            screen.pause()
            text = json.dumps(found.to_dict(), indent=2, ensure_ascii=False) if as_json else "\n".join(lines_of(found))
            sys.stdout.write(text + "\n")
            sys.stdout.flush()
        except (OllamaMultiModalError, NoModel, NoServer) as error:
            screen.complain(in_shell_words(str(error), "ask"))
            return FAILED
        except (TypeError, ValueError) as error:
            # The client's word on an option that it does not send.
            screen.complain(in_shell_words(str(error), "ask"))
            return STOPPED
        except BrokenPipeError:
            silence_output()
            return FAILED
        except OSError as error:
            screen.complain(f"{named(str(error.filename or page or 'Output'))}: {error.strerror or error}.")
            return FAILED
    return DONE


def _in_words(model: str, now: EyeProgress) -> str:
    return f"Asking {model}: detail {now.level}, {now.what} of {now.px} px, {now.in_a_row} in a row, {now.asked} asked"
