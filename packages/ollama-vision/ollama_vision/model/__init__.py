"""One vision model asked: arguments, one call behind every endpoint, streams, structured answers."""

from __future__ import annotations

from .answer import Answer
from .arguments import Arguments, Settings, resolve
from .call import Asker, Call, Media, Reply, collect, fetch_capabilities, fetch_fitting, load_model, start
from .callers import BlockingCaller, LoopCaller
from .constructor import OTHER_NAMES, addressed, read_arguments
from .held_streams import HeldAsyncStream, HeldStream
from .keywords import (  # of functions and types only
    MEANT_FOR_PICTURES,
    ArrayLike,
    ChatKeywords,
    CompleteKeywords,
    File,
    ModelKeywords,
    with_keywords,
)
from .model import VisionModel
from .on_server import OnServer
from .question_call import PlainQuestion, plain_call
from .reasking import Attempts, ObjectStream, ask_until_it_fits
from .streams import AsyncReplyStream, ReplyStream, opened

__all__ = [
    "MEANT_FOR_PICTURES",
    "OTHER_NAMES",
    "Answer",
    "Arguments",
    "ArrayLike",
    "Asker",
    "AsyncReplyStream",
    "Attempts",
    "BlockingCaller",
    "Call",
    "ChatKeywords",
    "CompleteKeywords",
    "File",
    "HeldAsyncStream",
    "HeldStream",
    "LoopCaller",
    "Media",
    "ModelKeywords",
    "ObjectStream",
    "OnServer",
    "PlainQuestion",
    "Reply",
    "ReplyStream",
    "Settings",
    "VisionModel",
    "addressed",
    "ask_until_it_fits",
    "collect",
    "fetch_capabilities",
    "fetch_fitting",
    "load_model",
    "opened",
    "plain_call",
    "read_arguments",
    "resolve",
    "start",
    "with_keywords",
]
