"""A batch: one question to each of many pictures, asked of whichever host is free, and each failure blamed rightly."""

from __future__ import annotations

from .asking import Answer, Ask, HostedModel, Listener, cut
from .hosts import Told, Waiting
from .identity import request_hash, what_is_asked
from .loading import OnHost
from .loop_thread import LoopThread
from .outcome import Outcome
from .remembering import AnswerCache
from .run import Run, Source

__all__ = [
    "Answer",
    "AnswerCache",
    "Ask",
    "HostedModel",
    "Listener",
    "LoopThread",
    "OnHost",
    "Outcome",
    "Run",
    "Source",
    "Told",
    "Waiting",
    "cut",
    "request_hash",
    "what_is_asked",
]
