"""A batch: one question to each of many pictures, asked of whichever host is free, and each failure blamed rightly."""

from __future__ import annotations

from .asking.balancer import WAIT, OnHostFault, OnWait
from .asking.cache import AnswerCache
from .asking.dispatcher import Dispatcher, Source
from .asking.fingerprint import request_hash, require_same_answers, what_is_asked
from .asking.loop_thread import LoopThread
from .asking.model_on_host import ListeningChat, ModelOnHost, StreamedOnHost
from .asking.outcome import AnswerOrError, Outcome
from .asking.question import AnswerCollector, Heard, HostedModel, PictureAnswer, PictureQuestion
from .describe_pictures import describe
from .finding.listing import Found, FoundFile
from .finding.pages import Page, PageReader, open_page
from .finding.paths import Paths, find_pictures
from .model_run import Lines, ModelRun, RunOptions, run_spec
from .pending import PendingPictures
from .results.checkpoint import Checkpoint, RunSpec, Start, judge, open_checkpoint
from .results.file import StandardOutput
from .results.known_by_bytes import copies_among
from .results.ledger import Ledger, Line, Version, is_complete, lines_of, read_record
from .results.requests import only_model, read_requests, this_version
from .results.sidecars import SidecarName, Sidecars

__all__ = [
    "WAIT",
    "AnswerCache",
    "AnswerCollector",
    "AnswerOrError",
    "Checkpoint",
    "Dispatcher",
    "Found",
    "FoundFile",
    "Heard",
    "HostedModel",
    "Ledger",
    "Line",
    "Lines",
    "ListeningChat",
    "LoopThread",
    "ModelOnHost",
    "ModelRun",
    "OnHostFault",
    "OnWait",
    "Outcome",
    "Page",
    "PageReader",
    "Paths",
    "PendingPictures",
    "PictureAnswer",
    "PictureQuestion",
    "RunOptions",
    "RunSpec",
    "SidecarName",
    "Sidecars",
    "Source",
    "StandardOutput",
    "Start",
    "StreamedOnHost",
    "Version",
    "copies_among",
    "describe",
    "find_pictures",
    "is_complete",
    "judge",
    "lines_of",
    "only_model",
    "open_checkpoint",
    "open_page",
    "read_record",
    "read_requests",
    "request_hash",
    "require_same_answers",
    "run_spec",
    "this_version",
    "what_is_asked",
]
