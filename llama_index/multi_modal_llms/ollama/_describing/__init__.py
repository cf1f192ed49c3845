"""A batch: one question to each of many pictures, asked of whichever host is free, and each failure blamed rightly."""

from __future__ import annotations

from .._listing import Found, FoundFile
from .asking import Answer, Ask, HostedModel, Listener, cut
from .finding import Paths, find_pictures
from .hosted import ModelOnHost
from .hosts import WAIT, Told, Waiting
from .identity import request_hash, what_is_asked
from .loading import OnHost
from .loop_thread import LoopThread
from .outcome import Outcome
from .pages import Page, PageReader, open_page
from .remembering import AnswerCache
from .run import Run, Source

__all__ = [
    "WAIT",
    "Answer",
    "AnswerCache",
    "Ask",
    "Found",
    "FoundFile",
    "HostedModel",
    "Listener",
    "LoopThread",
    "ModelOnHost",
    "OnHost",
    "Outcome",
    "Page",
    "PageReader",
    "Paths",
    "Run",
    "Source",
    "Told",
    "Waiting",
    "cut",
    "find_pictures",
    "open_page",
    "request_hash",
    "what_is_asked",
]
