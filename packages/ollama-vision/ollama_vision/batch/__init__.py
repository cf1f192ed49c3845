"""A batch: one question to each of many pictures, asked of whichever host is free, and each failure blamed rightly."""

from __future__ import annotations

from .answering import Lines, Manner, ModelRun, run_spec
from .cache import AnswerCache
from .checkpoint import Checkpoint, RequestMismatch, RunSpec, Start, judge, open_checkpoint
from .describe_pictures import describe
from .finding import Paths, find_pictures
from .fingerprint import request_hash, what_is_asked
from .hosted import ModelOnHost
from .hosts import WAIT, Told, Waiting
from .known_by_bytes import copies_among
from .ledger import DamagedResults, Ledger, Line, Version, is_complete, lines_of, read_record
from .listing import Found, FoundFile
from .loading import OnHost
from .loop_thread import LoopThread
from .outcome import Outcome
from .pages import Page, PageReader, open_page
from .pending import PendingPictures
from .pruning import DiskAway
from .question import Answer, Ask, HostedModel, Listener, cut
from .requests_file import only_model, read_requests, this_version
from .results_file import ResultsInUse, StandardOutput
from .run import Run, Source

__all__ = [
    "WAIT",
    "Answer",
    "AnswerCache",
    "Ask",
    "Checkpoint",
    "DamagedResults",
    "DiskAway",
    "Found",
    "FoundFile",
    "HostedModel",
    "Ledger",
    "Line",
    "Lines",
    "Listener",
    "LoopThread",
    "Manner",
    "ModelOnHost",
    "ModelRun",
    "OnHost",
    "Outcome",
    "Page",
    "PageReader",
    "Paths",
    "PendingPictures",
    "RequestMismatch",
    "ResultsInUse",
    "Run",
    "RunSpec",
    "Source",
    "StandardOutput",
    "Start",
    "Told",
    "Version",
    "Waiting",
    "copies_among",
    "cut",
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
    "run_spec",
    "this_version",
    "what_is_asked",
]
