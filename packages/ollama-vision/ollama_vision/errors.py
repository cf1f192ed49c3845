"""Everything that can go wrong, as one tree; each error says what was asked, what there is, and what to do.

OllamaMultiModalError                 catch this one to catch all
├── ImageError (also ValueError)      a picture that cannot be sent as what it is
│   ├── ImageFetchError               ... because its URL did not give it
│   └── MissingExtraError (also ImportError)       ... because a package is not installed
├── ConnectionFailedError (also ConnectionError)   no server there
├── SilenceTimeoutError (also TimeoutError)        nothing came for `request_timeout` seconds
├── DeadlineError (also TimeoutError)              `deadline` seconds were over
├── ServerError                       Ollama answered with an error
│   ├── ModelNotFoundError            no such model there
│   ├── CapabilityError               the model cannot see, call tools, think, hear ...
│   ├── ContextOverflowError          the prompt is longer than the context
│   ├── MediaTooLargeError            too many bytes of pictures in one request
│   ├── BadRequestError               a value that the server does not take
│   ├── AuthenticationError           401
│   ├── ForbiddenError                403
│   ├── ServerBusyError               429, 503
│   ├── ModelLoadError                the model could not be loaded
│   └── PictureCacheError             the model's process lost a picture that it had cached
├── StreamInterruptedError            the answer broke off
├── BadReplyError                     the reply is not Ollama's protocol
├── EmptyResponseError                the model gave nothing that can be shown
├── AnswerCutError                    the answer ran into a limit, or into endless repetition
├── StructuredOutputError             the answer does not fit the schema
├── BlindModelError                   the model does not see what it is sent
├── PromptError (also ValueError)     pictures that do not say what a prompt's placeholders stand for
├── SecondReaderError (also ValueError)            a second reader of documents that is not here, or fails
├── RunStoppedError                   a run over many pictures met a fault that is no picture's
└── ResultsError                      a run's file of results cannot be gone on with, or written
    ├── RequestMismatchError          it has lines of another request
    ├── ResultsInUseError             another process writes it
    ├── DamagedResultsError           it cannot be read to its end, or is another kind of file
    ├── PicturesAwayError             pruning it would drop answers about a disk that is not connected
    ├── SidecarError                  an answer's sidecar cannot be written
    ├── LabelsError (also ValueError)  labels that results are compared with cannot be used
    └── SearchError (also ValueError)  results cannot be searched, or not for that

Every class takes one positional message and has a default for everything else, so that errors survive pickle:
one that does not hangs a pipeline's worker pool for ever.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

__all__ = [
    "AnswerCutError",
    "AuthenticationError",
    "BadReplyError",
    "BadRequestError",
    "BlindModelError",
    "CapabilityError",
    "ConnectionFailedError",
    "ContextOverflowError",
    "DamagedResultsError",
    "DeadlineError",
    "EmptyResponseError",
    "ForbiddenError",
    "ImageError",
    "ImageFetchError",
    "LabelsError",
    "MediaTooLargeError",
    "MissingExtraError",
    "ModelLoadError",
    "ModelNotFoundError",
    "OllamaMultiModalError",
    "PictureCacheError",
    "PicturesAwayError",
    "PromptError",
    "RequestMismatchError",
    "ResultsError",
    "ResultsInUseError",
    "RunStoppedError",
    "SearchError",
    "SecondReaderError",
    "ServerBusyError",
    "ServerError",
    "SidecarError",
    "SilenceTimeoutError",
    "StreamInterruptedError",
    "StructuredOutputError",
]


class OllamaMultiModalError(Exception):
    """Root of the tree."""

    partial_text: str = ""
    """The visible text that had come before it went wrong."""
    thinking: str = ""
    """The thinking that had come before it went wrong."""
    last_line: str = ""
    """The last line that the server sent, as it was sent."""
    transient: bool = False
    """Nothing had come, and the cause may pass: worth another try. `max_retries` has been used up already."""

    def __init__(self, message: str = "", **details: Any) -> None:
        super().__init__(message)
        for name, value in details.items():
            if not hasattr(type(self), name):
                raise TypeError(f"{type(self).__name__} has no detail named {name!r}.")
            setattr(self, name, value)


class ImageError(OllamaMultiModalError, ValueError):
    """A picture (or page, frame, sound) that cannot be sent as what it is."""

    where: str = ""
    """Its place in the call, such as `image_documents[2]` or `messages[0].blocks[1]`."""
    source: str = ""
    """Where it came from: a path, a URL, "bytes", "base64"."""
    kind: str = ""
    """What it really is, by its first bytes, as far as that can be told."""


class ImageFetchError(ImageError):
    """A picture's URL was refused, or did not give the picture."""

    status: int | None = None
    """HTTP status, when there was a reply."""


class MissingExtraError(ImageError, ImportError):
    """Pictures of this kind need a package that is not installed."""

    extra: str = ""
    """What brings it: `pip install "ollama-vision[<extra>]"`."""


class ConnectionFailedError(OllamaMultiModalError, ConnectionError):
    """No connection to the server, or it was lost before the first byte of the reply."""


class SilenceTimeoutError(OllamaMultiModalError, TimeoutError):
    """Nothing came for `request_timeout` seconds."""


class DeadlineError(OllamaMultiModalError, TimeoutError):
    """The call took longer than its `deadline`, in seconds."""


class ServerError(OllamaMultiModalError):
    """Ollama answered with an error that has no class of its own."""

    status: int | None = None
    """HTTP status; `None` when no reply of the server is behind this error."""
    body: str = ""
    """The reply's body as it was sent, cut after 10,000 characters."""


class ModelNotFoundError(ServerError):
    """The server has no model of that name."""


class CapabilityError(ServerError):
    """The model cannot do what the call needs."""

    missing: tuple[str, ...] = ()
    """The abilities that the model lacks, in Ollama's words: vision, tools, thinking, audio, insert."""
    candidates: tuple[str, ...] = ()
    """Models on that server that have all abilities that the call needs."""


class ContextOverflowError(ServerError):
    """The prompt, pictures included, is longer than the context window."""

    n_prompt_tokens: int | None = None
    n_ctx: int | None = None
    n_picture_tokens: int | None = None
    """Estimated share of the pictures; `None` for model families whose cost is not known."""


class MediaTooLargeError(ServerError):
    """More bytes of pictures than the server takes in one request."""

    bytes_sent: int | None = None


class BadRequestError(ServerError):
    """A value that the server does not take."""


class AuthenticationError(ServerError):
    """401: the server wants to know who asks."""

    signin_url: str = ""


class ForbiddenError(ServerError):
    """403: refused, often because of the Host header."""


class ServerBusyError(ServerError):
    """429 or 503, also after the retries."""

    retry_after: float | None = None
    """Seconds that the server asked to wait."""


class ModelLoadError(ServerError):
    """The model could not be loaded, or its process ended."""

    died: bool = False
    """It was loaded, and its process ended; `transient` as well when another request was the cause of that. Not loaded
    and `transient`: its process was killed from outside."""


class PictureCacheError(ServerError):
    """The model's process lost track of a picture that it had cached, and of the same one with other bytes."""


class StreamInterruptedError(OllamaMultiModalError):
    """The answer broke off: cut, no `done`, `done: false`, or an error line."""

    died: bool = False
    """The server says that the model's process ended over it."""


class BadReplyError(OllamaMultiModalError):
    """The reply is not Ollama's protocol."""

    status: int | None = None
    body: str = ""


class EmptyResponseError(OllamaMultiModalError):
    """The model used its whole budget and gave nothing that can be shown."""

    finish_reason: str = ""


class StructuredOutputError(OllamaMultiModalError):
    """The answer does not fit the schema; `partial_text` is the answer."""

    finish_reason: str = ""
    validation_error: str = ""


class AnswerCutError(OllamaMultiModalError):
    """The answer is not whole: it ran into a limit, or repeated itself without end; `partial_text` is what came."""

    finish_reason: str = ""
    """`length`, or `repetition`."""
    usage: Mapping[str, int] = MappingProxyType({})
    """Tokens, where the server told them."""
    seconds: float = 0.0
    """That it took."""


class BlindModelError(OllamaMultiModalError):
    """The model answers questions about pictures as one does who sees none, or others than were sent."""

    report: Any = None
    """The `SightReport`: what was asked and answered, and what the model seems to get in place of the pictures."""


class PromptError(OllamaMultiModalError, ValueError):
    """Pictures do not say what the placeholders of a prompt stand for, and there is no default; nothing was asked."""

    unfit: Mapping[str, str] = MappingProxyType({})
    """By each picture's path, why."""
    listed: str = ""
    """The first of them, as the message ends."""


class SecondReaderError(OllamaMultiModalError, ValueError):
    """A second reader of documents is not installed here, lacks a language, or cannot read a page."""


class RunStoppedError(OllamaMultiModalError):
    """A run over many pictures met a fault that is no picture's; `__cause__` is that fault.

    What was done is done; nothing is said of the pictures that were not asked about.
    """


class ResultsError(OllamaMultiModalError):
    """A run's file of results cannot be gone on with, or written; the file is as it was."""


class RequestMismatchError(ResultsError):
    """The file has lines of another request; the message says what differs, and how to go on."""


class ResultsInUseError(ResultsError):
    """Another process writes the file, or nothing can keep it from being written twice."""


class DamagedResultsError(ResultsError):
    """The file cannot be read to its end, or is no file of results; the message names the line and what to do."""

    after: int = 0
    """How many whole lines come before; with none it may be another kind of file."""


class PicturesAwayError(ResultsError):
    """Pruning would drop answers about pictures in whose folder nothing is left: a disk that is not connected, say."""


class SidecarError(ResultsError):
    """An answer's sidecar cannot be written, or two pictures would have the same; the answers are in the results."""


class LabelsError(ResultsError, ValueError):
    """Labels that results are to be compared with, or fitted to, cannot be used; the message says which and why."""


class SearchError(ResultsError, ValueError):
    """Results cannot be searched for what was asked, or not here; the message says why and what to do."""
