"""`ollama-vision mcp`: the MCP server in the foreground, on standard input and output or over HTTP."""

from __future__ import annotations

import sys
from functools import partial
from typing import Any

from ollama_vision.batch import this_version
from ollama_vision.errors import ModelNotFoundError, OllamaMultiModalError
from ollama_vision.mcp import Roots, Service, loopback_socket, make_server, serve_http, serve_stdio

from ..common.default_model import NoModel
from ..common.exits import DONE, FAILED, INTERRUPTED, STOPPED
from ..common.screen import Screen, telling
from ..common.servers import NoServer, Servers, patience, servers_for
from ..common.shell_words import in_shell_words
from .arguments import Serving


def serve(serving: Serving) -> int:
    """Serve until the other side is done, and give the exit code."""
    with Screen() as screen, telling(screen):
        try:
            with servers_for(serving.access, screen, timeout=serving.timeout) as servers:
                _serve(serving, servers, screen)
        except (OllamaMultiModalError, NoServer, OSError) as error:
            screen.complain(in_shell_words(str(error), "mcp"))
            return FAILED
        except (TypeError, ValueError) as error:
            screen.complain(in_shell_words(str(error), "mcp"))
            return STOPPED
        except KeyboardInterrupt:
            return INTERRUPTED
    return DONE


def _serve(serving: Serving, servers: Servers, screen: Screen) -> None:
    settings = _settings(serving, servers)
    if serving.options or serving.options_unchecked:
        # Else with the first question: it takes time to open.
        from ollama_vision.model import PlainQuestion, VisionModel, plain_call

        plain_call(VisionModel("any", **settings), PlainQuestion("any"))
    service = Service(
        Roots.of(serving.roots),
        partial(_model, serving, servers, screen),
        settings,
        think=serving.think,
        sight_check=serving.sight_check,
        in_words=partial(in_shell_words, command="mcp"),
    )
    server = make_server(service, version=this_version())
    if serving.http is None:
        serve_stdio(server)
    else:
        with loopback_socket(*serving.http) as listening:
            serve_http(server, listening, lambda url: print(url, file=sys.stderr, flush=True))


def _settings(serving: Serving, servers: Servers) -> dict[str, Any]:
    return {
        "additional_kwargs": dict(serving.options),
        "options_unchecked": dict(serving.options_unchecked),
        **patience(serving.timeout),
        **servers.settings[0],
    }


def _model(serving: Serving, servers: Servers, screen: Screen) -> str:
    """Whom to ask; found when the first question comes, so that the server need not be there before."""
    try:
        return serving.model or servers.model_that_sees(screen)
    except NoModel as error:
        raise ModelNotFoundError(str(error)) from error
