"""A conversation about two pictures: they are sent in order, and stay in the history.

python examples/chat_two_pictures.py [FIRST SECOND]
"""

from __future__ import annotations

import sys
from pathlib import Path

from llama_index.core.llms import ChatMessage, ImageBlock, TextBlock

from asking import PICTURES, llama_index_model

QUESTIONS = (
    "Which picture has a green triangle?",
    "How many shapes are in the first picture?",
    "What color is the square in the second picture?",
)


def main(first: Path, second: Path) -> None:
    with llama_index_model() as llm:
        pictures = [ImageBlock(path=first), ImageBlock(path=second)]
        history: list[ChatMessage] = []
        for question in QUESTIONS:
            # The pictures belong to the first message; later questions refer back to it.
            blocks = [TextBlock(text=question)] if history else [*pictures, TextBlock(text=question)]
            history.append(ChatMessage(role="user", blocks=blocks))
            reply = llm.chat(history)
            history.append(reply.message)
            print(f"{question} {reply.message.content}")


if __name__ == "__main__":
    given = [Path(name) for name in sys.argv[1:]]
    main(*(given or [PICTURES / "one-shape.png", PICTURES / "two-shapes.jpg"]))
