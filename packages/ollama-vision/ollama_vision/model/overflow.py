"""Context overflow: the pictures' share of a prompt that is too long, and what helps. Values in, values out."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from ollama_vision import errors
from ollama_vision.pictures import PreparedImage
from ollama_vision.server import estimate_picture_tokens

if TYPE_CHECKING:
    from ollama_vision.pictures import PreparedAudio
    from ollama_vision.server import ModelCapabilities

_LEAST_WINDOW = 2048
"""Tokens that Ollama gives a model that sees, however few are asked for."""
_SURELY = 1.5
"""Times the context: by so much no version of llama.cpp, and hardly a server's own limits, make pictures smaller."""


def check_room(media: Iterable[PreparedImage | PreparedAudio], known: ModelCapabilities, window: object) -> None:
    """Refuse, before anything is sent, pictures that alone are far more than the context holds.

    Nothing where their cost or the context, in tokens, is not known.

    Raises:
        ContextOverflowError: with how many tokens they take, and the way out.
    """
    if not isinstance(window, int):
        return
    window = max(window, _LEAST_WINDOW)
    pictures = [item for item in media if isinstance(item, PreparedImage)]
    share = _share(pictures, known)
    if share is None or share <= window * _SURELY:
        return
    told = errors.ContextOverflowError("", n_prompt_tokens=share, n_ctx=window)
    count = "The picture takes" if len(pictures) == 1 else f"{len(pictures)} pictures take"
    raise errors.ContextOverflowError(
        f"{count} about {share:,} tokens, and the context holds {window:,}: nothing was sent. "
        f"Use {' or '.join(_ways_out(told, pictures, share, known))}. "
        "truncate=True lets the server drop old messages. check_capabilities=False sends them all the same.",
        n_ctx=window,
        n_picture_tokens=share,
    )


def _share(pictures: Iterable[PreparedImage], known: ModelCapabilities | None) -> int | None:
    """The pictures' tokens, about; `None` where one's are not known."""
    costs = [estimate_picture_tokens(item.size, known.facts) if known else None for item in pictures]
    return None if None in costs else sum(cost for cost in costs if cost is not None)


def with_shares(
    error: errors.ContextOverflowError, media: Iterable[PreparedImage | PreparedAudio], known: ModelCapabilities | None
) -> errors.ContextOverflowError:
    """The same error with the pictures' share and the way out."""
    pictures = [item for item in media if isinstance(item, PreparedImage)]
    share = _share(pictures, known)
    window = error.n_ctx or 0
    words = "The prompt is longer than the context window"
    if error.n_prompt_tokens and window:
        words += f": {error.n_prompt_tokens:,} tokens for {window:,}"
    if pictures:
        count = "1 picture" if len(pictures) == 1 else f"{len(pictures)} pictures"
        cost = "of unknown cost" if share is None else f"about {share:,} of {window:,} tokens"
        words += f"; {count}, {cost}"
    return errors.ContextOverflowError(
        f"{words}. Use {' or '.join(_ways_out(error, pictures, share, known))}. "
        "truncate=True lets the server drop old messages.",
        n_prompt_tokens=error.n_prompt_tokens,
        n_ctx=error.n_ctx,
        n_picture_tokens=share,
        status=error.status,
        body=error.body,
    )


def _ways_out(
    error: errors.ContextOverflowError,
    pictures: Sequence[PreparedImage],
    share: int | None,
    known: ModelCapabilities | None,
) -> list[str]:
    """What helps: smaller pictures where they weigh, a larger window where the model has one, less text."""
    needed = error.n_prompt_tokens or 0
    ways = []
    if pictures and (share is None or share > needed / 4):
        ways += ["detail='low' on the ImageBlocks", "image_options=ImageOptions(max_pixels=...)"]
    window = 2048
    while window < needed + 512:  # and a little for the answer
        window *= 2
    longest = known.context_length if known else None
    if longest is None or window <= longest:
        ways.append(f"context_window={window}")
    else:
        ways.append(f"a shorter prompt: this model's own limit is {longest:,} tokens")
    return ways
