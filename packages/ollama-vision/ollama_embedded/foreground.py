"""Runs a service in the foreground: says where it is, and stays until SIGINT (Ctrl-C) or SIGTERM."""

from __future__ import annotations

import errno
import signal
import sys
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING

from .engines.gguf import NotGGUF

if TYPE_CHECKING:
    # At run time the import is `start`'s: without the extra it says there what to install.
    from .http.service import Service

_INTERRUPTED = 130


def stay(start: Callable[[], tuple[Service, str]], *, who: str) -> int:
    """Serve until told to stop; the exit code says how it ended.

    Args:
        start: starts the service, and gives it with what to say of it.
        who: stands before what goes wrong.
    """
    stop = threading.Event()
    try:
        signal.signal(signal.SIGTERM, lambda *_: stop.set())
        try:
            service, words = start()
        except (OSError, NotGGUF, ModuleNotFoundError, ValueError) as fault:
            print(f"{who}: {_said(fault)}", file=sys.stderr)
            return 2
        with service:
            print(words, flush=True)
            # On Windows an endless wait would not see Ctrl-C.
            while not stop.wait(1.0):
                pass
    except KeyboardInterrupt:
        return _INTERRUPTED
    return 0


def _said(fault: Exception) -> str:
    if isinstance(fault, FileNotFoundError):
        return f"there is no file {fault.filename}"
    if isinstance(fault, OSError) and fault.errno == errno.EADDRINUSE:
        return "cannot listen there: another server has that port. Take another one; 0 is any free one."
    if isinstance(fault, OSError) and fault.strerror:
        return f"cannot listen there: {fault.strerror}" if fault.filename is None else str(fault)
    return str(fault)
