"""A batch: one question to each of many pictures, asked of whichever host is free, and each failure blamed rightly."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ollama_vision.lazy import lazy_names

if TYPE_CHECKING:
    from .arguments import DEFAULT_NEAR_BITS, MOST_NEAR_BITS
    from .asking.balancer import WAIT, OnHostFault, OnWait
    from .asking.cache import AnswerCache
    from .asking.dispatcher import Dispatcher
    from .asking.fingerprint import request_hash, require_same_answers, what_is_asked
    from .asking.intake import Answered, Open, Source
    from .asking.loop_thread import on_loop_thread
    from .asking.model_on_host import ListeningChat, ModelOnHost, StreamedOnHost
    from .asking.outcome import AnswerOrError, Outcome
    from .asking.question import AnswerCollector, Heard, HostedModel, PictureAnswer, PictureQuestion
    from .asking.run_settings import RunSettings
    from .asking.stop_switch import StopSwitch
    from .asking.turns import Ask, AskItem
    from .choices import question_of
    from .comparing.calibrating import Fitted, fit
    from .comparing.comparison import Comparison, Verdict, compare, compare_results
    from .copying.copies import Copy, Counted
    from .copying.near_pictures import NearPictures, looks_of
    from .copying.search import CopySearch
    from .describe_pictures import describe
    from .finding.found_files import FoundFile, FoundFiles
    from .finding.listing import Found
    from .finding.pages import Page, PageReader, open_page
    from .finding.paths import Paths, find_pictures
    from .finding.picture_files import PictureFiles
    from .model_run import Lines, ModelRun, PageWork, RunOptions, equal_files, run_spec
    from .pending import PendingPictures
    from .prompting.picture_prompts import (
        PicturePrompts,
        fitting_words,
        refuse_own_answers,
        refuse_unfit,
        words_and_placeholders,
    )
    from .prompting.template import PromptTemplate
    from .prompting.words_of_pictures import OF_THE_FILE, SIDECAR, words_of_bytes, words_of_file, words_of_url
    from .results.checkpoint import Checkpoint, Companion, RunSpec, Start, judge, open_checkpoint
    from .results.earlier_answers import EarlierAnswers
    from .results.file import Nowhere, ResultsLock, StandardOutput
    from .results.ledger import Ledger, Line, Version, encode, is_complete, lines_of, record_at
    from .results.recorded_answer import RecordedAnswer, number_in, usage_in
    from .results.remembered import Remembering
    from .results.requests import only_model, read_requests, this_version
    from .results.sidecar_names import SidecarFormat, SidecarName, folder_of_all, mirrored
    from .results.sidecars import Sidecars, sidecars_among
    from .results.sight_file import SightFile
    from .results.undo import Undone
    from .results.xmp_sidecars import XmpSidecars
    from .searching.meaning import Meaning
    from .searching.search import Hits, meaning_of, search, search_results
    from .searching.words import said_by
    from .undoing import undo_sidecars
    from .watching.arrivals import Arrivals, Arrived
    from .watching.bell import Bell
    from .watching.settling import SETTLE, Settling

__all__ = [
    "DEFAULT_NEAR_BITS",
    "MOST_NEAR_BITS",
    "OF_THE_FILE",
    "SETTLE",
    "SIDECAR",
    "WAIT",
    "AnswerCache",
    "AnswerCollector",
    "AnswerOrError",
    "Answered",
    "Arrivals",
    "Arrived",
    "Ask",
    "AskItem",
    "Bell",
    "Checkpoint",
    "Companion",
    "Comparison",
    "Copy",
    "CopySearch",
    "Counted",
    "Dispatcher",
    "EarlierAnswers",
    "Fitted",
    "Found",
    "FoundFile",
    "FoundFiles",
    "Heard",
    "Hits",
    "HostedModel",
    "Ledger",
    "Line",
    "Lines",
    "ListeningChat",
    "Meaning",
    "ModelOnHost",
    "ModelRun",
    "NearPictures",
    "Nowhere",
    "OnHostFault",
    "OnWait",
    "Open",
    "Outcome",
    "Page",
    "PageReader",
    "PageWork",
    "Paths",
    "PendingPictures",
    "PictureAnswer",
    "PictureFiles",
    "PicturePrompts",
    "PictureQuestion",
    "PromptTemplate",
    "RecordedAnswer",
    "Remembering",
    "ResultsLock",
    "RunOptions",
    "RunSettings",
    "RunSpec",
    "Settling",
    "SidecarFormat",
    "SidecarName",
    "Sidecars",
    "SightFile",
    "Source",
    "StandardOutput",
    "Start",
    "StopSwitch",
    "StreamedOnHost",
    "Undone",
    "Verdict",
    "Version",
    "XmpSidecars",
    "compare",
    "compare_results",
    "describe",
    "encode",
    "equal_files",
    "find_pictures",
    "fit",
    "fitting_words",
    "folder_of_all",
    "is_complete",
    "judge",
    "lines_of",
    "looks_of",
    "meaning_of",
    "mirrored",
    "number_in",
    "on_loop_thread",
    "only_model",
    "open_checkpoint",
    "open_page",
    "question_of",
    "read_requests",
    "record_at",
    "refuse_own_answers",
    "refuse_unfit",
    "request_hash",
    "require_same_answers",
    "run_spec",
    "said_by",
    "search",
    "search_results",
    "sidecars_among",
    "this_version",
    "undo_sidecars",
    "usage_in",
    "what_is_asked",
    "words_and_placeholders",
    "words_of_bytes",
    "words_of_file",
    "words_of_url",
]

__getattr__ = lazy_names(
    __name__,
    {
        "AnswerCache": ".asking.cache",
        "Answered": ".asking.intake",
        "Ask": ".asking.turns",
        "AskItem": ".asking.turns",
        "Companion": ".results.checkpoint",
        "Nowhere": ".results.file",
        "Open": ".asking.intake",
        "PageWork": ".model_run",
        "folder_of_all": ".results.sidecar_names",
        "meaning_of": ".searching.search",
        "mirrored": ".results.sidecar_names",
        "AnswerCollector": ".asking.question",
        "AnswerOrError": ".asking.outcome",
        "Checkpoint": ".results.checkpoint",
        "Comparison": ".comparing.comparison",
        "Fitted": ".comparing.calibrating",
        "Verdict": ".comparing.comparison",
        "compare": ".comparing.comparison",
        "compare_results": ".comparing.comparison",
        "fit": ".comparing.calibrating",
        "question_of": ".choices",
        "Copy": ".copying.copies",
        "CopySearch": ".copying.search",
        "Counted": ".copying.copies",
        "EarlierAnswers": ".results.earlier_answers",
        "OF_THE_FILE": ".prompting.words_of_pictures",
        "SIDECAR": ".prompting.words_of_pictures",
        "PicturePrompts": ".prompting.picture_prompts",
        "PromptTemplate": ".prompting.template",
        "fitting_words": ".prompting.picture_prompts",
        "words_and_placeholders": ".prompting.picture_prompts",
        "refuse_own_answers": ".prompting.picture_prompts",
        "refuse_unfit": ".prompting.picture_prompts",
        "words_of_bytes": ".prompting.words_of_pictures",
        "words_of_file": ".prompting.words_of_pictures",
        "words_of_url": ".prompting.words_of_pictures",
        "Dispatcher": ".asking.dispatcher",
        "Found": ".finding.listing",
        "FoundFile": ".finding.found_files",
        "FoundFiles": ".finding.found_files",
        "Heard": ".asking.question",
        "Hits": ".searching.search",
        "HostedModel": ".asking.question",
        "Ledger": ".results.ledger",
        "Line": ".results.ledger",
        "Lines": ".model_run",
        "ListeningChat": ".asking.model_on_host",
        "Meaning": ".searching.meaning",
        "ModelOnHost": ".asking.model_on_host",
        "ModelRun": ".model_run",
        "MOST_NEAR_BITS": ".arguments",
        "DEFAULT_NEAR_BITS": ".arguments",
        "NearPictures": ".copying.near_pictures",
        "OnHostFault": ".asking.balancer",
        "OnWait": ".asking.balancer",
        "Outcome": ".asking.outcome",
        "Page": ".finding.pages",
        "PageReader": ".finding.pages",
        "Paths": ".finding.paths",
        "PendingPictures": ".pending",
        "PictureAnswer": ".asking.question",
        "PictureFiles": ".finding.picture_files",
        "PictureQuestion": ".asking.question",
        "RecordedAnswer": ".results.recorded_answer",
        "RunOptions": ".model_run",
        "RunSettings": ".asking.run_settings",
        "RunSpec": ".results.checkpoint",
        "SidecarFormat": ".results.sidecar_names",
        "SidecarName": ".results.sidecar_names",
        "Sidecars": ".results.sidecars",
        "SightFile": ".results.sight_file",
        "Source": ".asking.intake",
        "StandardOutput": ".results.file",
        "Start": ".results.checkpoint",
        "StopSwitch": ".asking.stop_switch",
        "StreamedOnHost": ".asking.model_on_host",
        "Version": ".results.ledger",
        "WAIT": ".asking.balancer",
        "describe": ".describe_pictures",
        "encode": ".results.ledger",
        "equal_files": ".model_run",
        "find_pictures": ".finding.paths",
        "is_complete": ".results.ledger",
        "judge": ".results.checkpoint",
        "lines_of": ".results.ledger",
        "looks_of": ".copying.near_pictures",
        "number_in": ".results.recorded_answer",
        "on_loop_thread": ".asking.loop_thread",
        "only_model": ".results.requests",
        "open_checkpoint": ".results.checkpoint",
        "open_page": ".finding.pages",
        "read_requests": ".results.requests",
        "record_at": ".results.ledger",
        "request_hash": ".asking.fingerprint",
        "require_same_answers": ".asking.fingerprint",
        "run_spec": ".model_run",
        "Undone": ".results.undo",
        "XmpSidecars": ".results.xmp_sidecars",
        "sidecars_among": ".results.sidecars",
        "undo_sidecars": ".undoing",
        "said_by": ".searching.words",
        "search": ".searching.search",
        "search_results": ".searching.search",
        "this_version": ".results.requests",
        "usage_in": ".results.recorded_answer",
        "what_is_asked": ".asking.fingerprint",
        "Arrivals": ".watching.arrivals",
        "Arrived": ".watching.arrivals",
        "Bell": ".watching.bell",
        "Remembering": ".results.remembered",
        "ResultsLock": ".results.file",
        "SETTLE": ".watching.settling",
        "Settling": ".watching.settling",
    },
)
"""Who makes a table of results reads lines, and opens neither a model nor a server."""
