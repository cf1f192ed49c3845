"""Context overflow: the pictures' share of a prompt that is too long, and what helps. Values in, values out."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from ollama_vision import errors
from ollama_vision.pictures import PreparedImage

if TYPE_CHECKING:
    from ollama_vision.pictures import PreparedAudio
    from ollama_vision.server import ModelCapabilities


_OR_CUT = "truncate=True lets the server drop old messages."


def no_room(
    share: int, window: int, media: Iterable[PreparedImage | PreparedAudio], known: ModelCapabilities
) -> errors.ContextOverflowError:
    """The error, before anything is sent, for pictures that alone are far more than the context holds; in tokens."""
    pictures = [item for item in media if isinstance(item, PreparedImage)]
    told = errors.ContextOverflowError("", n_prompt_tokens=share, n_ctx=window)
    takes = "The picture takes" if len(pictures) == 1 else f"{len(pictures)} pictures take"
    return errors.ContextOverflowError(
        f"{takes} about {share:,} tokens, and the context holds {window:,}: nothing was sent. "
        f"Use {' or '.join(_ways_out(told, pictures, share, known))}. "
        f"{_OR_CUT} check_capabilities=False sends them all the same.",
        n_ctx=window,
        n_picture_tokens=share,
    )


def with_shares(
    error: errors.ContextOverflowError, media: Iterable[PreparedImage | PreparedAudio], known: ModelCapabilities | None
) -> errors.ContextOverflowError:
    """The same error with the pictures' share and the way out."""
    pictures = [item for item in media if isinstance(item, PreparedImage)]
    costs = [known.picture_costs[item.size] if known else None for item in pictures]
    share = None if None in costs else sum(cost for cost in costs if cost is not None)
    window = error.n_ctx or 0
    words = "The prompt is longer than the context window"
    if error.n_prompt_tokens and window:
        words += f": {error.n_prompt_tokens:,} tokens for {window:,}"
    if pictures:
        count = "1 picture" if len(pictures) == 1 else f"{len(pictures)} pictures"
        cost = "of unknown cost" if share is None else f"about {share:,} of {window:,} tokens"
        words += f"; {count}, {cost}"
    return errors.ContextOverflowError(
        f"{words}. Use {' or '.join(_ways_out(error, pictures, share, known))}. {_OR_CUT}",
        n_prompt_tokens=error.n_prompt_tokens,
        n_ctx=error.n_ctx,
        n_picture_tokens=share,
        status=error.status,
        body=error.body,
    )


def _fewer(pictures: Sequence[PreparedImage], share: int | None, window: int, needed: int) -> list[str]:
    """How many pages of a document, or frames of a video, leave an eighth of the window to question and answer."""
    if len(pictures) < 2 or share is None or any(picture.page is None or picture.tile for picture in pictures):
        return []
    room = window * 7 // 8 - max(needed - share, 0)
    fitting = min(len(pictures) - 1, room * len(pictures) // share) if share else 0
    if fitting < 1:
        return []
    frames = all(any(step.startswith("frame ") for step in picture.steps) for picture in pictures)
    return [
        f"fewer frames, ImageOptions(frames={fitting})" if frames else f"fewer pages, ImageOptions(pages={fitting})"
    ]


def window_for(tokens: int) -> int:
    """A context that holds so many tokens, and a little for the answer."""
    window = 2048
    while window < tokens + 512:
        window *= 2
    return window


def _ways_out(
    error: errors.ContextOverflowError,
    pictures: Sequence[PreparedImage],
    share: int | None,
    known: ModelCapabilities | None,
) -> list[str]:
    """What helps: fewer or smaller pictures where they weigh, a larger window where the model has one, less text."""
    needed = error.n_prompt_tokens or 0
    ways = []
    if pictures and (share is None or share > needed / 4):
        ways += _fewer(pictures, share, error.n_ctx or 0, needed)
        ways += ["detail='low' on the ImageBlocks", "image_options=ImageOptions(max_pixels=...)"]
    window = window_for(needed)
    longest = known.context_length if known else None
    if longest is None or window <= longest:
        ways.append(f"context_window={window}")
    else:
        ways.append(f"a shorter prompt: this model's own limit is {longest:,} tokens")
    return ways
