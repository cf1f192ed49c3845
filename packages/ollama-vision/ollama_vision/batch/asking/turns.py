"""One item asked about in several questions: follow-ups, such as the same once more with more room for the answer."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import TYPE_CHECKING, TypeAlias

from ollama_vision.errors import OllamaMultiModalError, RunStoppedError

from .outcome import Item
from .question import PictureAnswer, PictureQuestion

if TYPE_CHECKING:
    from ollama_vision.pictures import PreparedImage

    from .balancer import Host
    from .failover import Failover

Ask: TypeAlias = Callable[[PictureQuestion, "Sequence[PreparedImage]"], Awaitable[PictureAnswer]]
"""One question to whichever host is free; raises what is the picture's or the answer's fault."""
AskItem: TypeAlias = Callable[[Ask, Item, "Sequence[PreparedImage]"], Awaitable[PictureAnswer]]
"""All that an item is asked, and its answer in the end; raises as `Ask` does. Called on the run's event loop."""


async def ask_all(
    hosts: Failover[Item], ask_item: AskItem[Item] | None, item: Item, pictures: Sequence[PreparedImage]
) -> tuple[Sequence[Host], PictureAnswer | OllamaMultiModalError]:
    """What came of all that an item is asked, and of whom: each counts for what it said, the last said the last word.

    Raises:
        RunStoppedError: nobody is left who could be asked.
        OllamaMultiModalError: it went wrong before anybody was asked.
    """
    if ask_item is None:
        host, answer = await hosts.ask(pictures)
        return (host,), answer
    said_by: list[Host] = []

    async def ask(question: PictureQuestion, pictures: Sequence[PreparedImage]) -> PictureAnswer:
        host, answer = await hosts.ask(pictures, question)
        said_by[:] = [*(other for other in said_by if other is not host), host]
        if isinstance(answer, OllamaMultiModalError):
            raise answer
        return answer

    try:
        return said_by, await ask_item(ask, item, pictures)
    except RunStoppedError:
        raise
    except OllamaMultiModalError as error:
        if not said_by:
            raise
        return said_by, error
