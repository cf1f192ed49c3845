"""An agent with eyes: it looks at a picture, calls a tool with what it sees, and says in words what it did.

The demo model does both by itself. It knows two tools, by their names: `report_shapes(shapes)` and `count_shapes(n)`.
With OLLAMA_VISION_MODEL set to a model that has eyes and tools, that one looks, and may be given any tool.

    python examples/agent.py
"""

from __future__ import annotations

import asyncio
from pathlib import Path

from llama_index.core.agent.workflow import FunctionAgent
from llama_index.core.llms import ChatMessage, ImageBlock, TextBlock

from asking import PICTURES, llama_index_model
from llama_index.multi_modal_llms.ollama import OllamaMultiModal

TASK = "Describe the image with the tool."


async def run(llm: OllamaMultiModal, picture: Path) -> None:
    def report_shapes(shapes: list[dict[str, str]]) -> str:
        """Report every shape in the picture, each with its color and its shape."""
        for shape in shapes:
            print(f"{picture.name}: {shape['color']} {shape['shape']}")
        return f"{len(shapes)} shapes saved"

    agent = FunctionAgent(tools=[report_shapes], llm=llm)
    task = ChatMessage(role="user", blocks=[TextBlock(text=TASK), ImageBlock(path=picture)])
    print(await agent.run(task))


if __name__ == "__main__":
    with llama_index_model() as eyes:
        for name in ("one-shape.png", "two-shapes.jpg"):
            asyncio.run(run(eyes, PICTURES / name))
