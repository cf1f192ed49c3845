"""One vision model asked: arguments, one call behind every endpoint, streams, structured answers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ollama_vision.lazy import lazy_names

from .constructor import OTHER_NAMES, constructor_arguments, read_arguments
from .held_streams import Given, with_held_streams
from .keywords import (  # of functions and types only
    ArrayLike,
    ChatKeywords,
    CompleteKeywords,
    File,
    ModelKeywords,
    is_meant_for_pictures,
    is_picture_or_file,
    show_keywords,
)
from .on_server import OnServer
from .streams import AsyncReplyStream, ReplyStream

if TYPE_CHECKING:
    from .answer import Answer, record_of_answer, record_of_choice
    from .answer_boxes import boxes_of
    from .arguments import Arguments, Settings, empty_question, resolve_arguments
    from .budgets import FrameBudget
    from .calibration import Calibration
    from .call import Asker, Call, Media, Pictures, Prompt, Reply, collect, start
    from .callers import BlockingChat, LoopCaller, LoopChat
    from .choice import Choice
    from .choosing import check_choice, choose, confidences
    from .conversation import Conversation, MediaBlock, with_newest_pictures
    from .eye_testing import aeye_test, eye_test
    from .looking import PicturesAtHand, options_for
    from .model import VisionModel
    from .proof_of_sight import aprove_sight, prove_sight
    from .proving import examine
    from .question_call import Exchange, PlainQuestion, check_question, plain_call
    from .reasking import Attempts, ObjectStream, ask_until_it_fits
    from .results_of_tools import refuse_lost_pictures
    from .server_calls import api_of, fetch_capabilities, fetch_fitting, load_model, server_sizes

__all__ = [
    "OTHER_NAMES",
    "Answer",
    "Arguments",
    "ArrayLike",
    "Asker",
    "AsyncReplyStream",
    "Attempts",
    "BlockingChat",
    "Calibration",
    "Call",
    "ChatKeywords",
    "Choice",
    "CompleteKeywords",
    "Conversation",
    "Exchange",
    "File",
    "FrameBudget",
    "Given",
    "LoopCaller",
    "LoopChat",
    "Media",
    "MediaBlock",
    "ModelKeywords",
    "ObjectStream",
    "OnServer",
    "Pictures",
    "PicturesAtHand",
    "PlainQuestion",
    "Prompt",
    "Reply",
    "ReplyStream",
    "Settings",
    "VisionModel",
    "aeye_test",
    "api_of",
    "aprove_sight",
    "ask_until_it_fits",
    "boxes_of",
    "check_choice",
    "check_question",
    "choose",
    "collect",
    "confidences",
    "constructor_arguments",
    "empty_question",
    "examine",
    "eye_test",
    "fetch_capabilities",
    "fetch_fitting",
    "is_meant_for_pictures",
    "is_picture_or_file",
    "load_model",
    "options_for",
    "plain_call",
    "prove_sight",
    "read_arguments",
    "record_of_answer",
    "record_of_choice",
    "refuse_lost_pictures",
    "resolve_arguments",
    "server_sizes",
    "show_keywords",
    "start",
    "with_held_streams",
    "with_newest_pictures",
]

__getattr__ = lazy_names(
    __name__,
    {
        "Answer": ".answer",
        "Arguments": ".arguments",
        "Asker": ".call",
        "Attempts": ".reasking",
        "BlockingChat": ".callers",
        "Exchange": ".question_call",
        "FrameBudget": ".budgets",
        "Calibration": ".calibration",
        "Call": ".call",
        "Choice": ".choice",
        "Conversation": ".conversation",
        "LoopCaller": ".callers",
        "LoopChat": ".callers",
        "Media": ".call",
        "MediaBlock": ".conversation",
        "ObjectStream": ".reasking",
        "Pictures": ".call",
        "PicturesAtHand": ".looking",
        "PlainQuestion": ".question_call",
        "Prompt": ".call",
        "Reply": ".call",
        "Settings": ".arguments",
        "VisionModel": ".model",
        "api_of": ".server_calls",
        "aeye_test": ".eye_testing",
        "aprove_sight": ".proof_of_sight",
        "eye_test": ".eye_testing",
        "ask_until_it_fits": ".reasking",
        "boxes_of": ".answer_boxes",
        "check_choice": ".choosing",
        "check_question": ".question_call",
        "choose": ".choosing",
        "collect": ".call",
        "confidences": ".choosing",
        "empty_question": ".arguments",
        "examine": ".proving",
        "fetch_capabilities": ".server_calls",
        "fetch_fitting": ".server_calls",
        "load_model": ".server_calls",
        "options_for": ".looking",
        "plain_call": ".question_call",
        "prove_sight": ".proof_of_sight",
        "record_of_answer": ".answer",
        "record_of_choice": ".answer",
        "refuse_lost_pictures": ".results_of_tools",
        "resolve_arguments": ".arguments",
        "server_sizes": ".server_calls",
        "start": ".call",
        "with_newest_pictures": ".conversation",
    },
)
"""What asks is opened by the first question: importing the class costs half as much."""
