"""A question to each of many pictures: asked of whichever host is free, and judged whose fault it is when it fails."""

from __future__ import annotations

from .asking import Ask
from .description import Description
from .hosts import Told, Waiting
from .identity import request_hash, what_is_asked
from .loop_thread import LoopThread
from .run import Run

__all__ = ["Ask", "Description", "LoopThread", "Run", "Told", "Waiting", "request_hash", "what_is_asked"]
