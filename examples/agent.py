"""An agent with eyes: its tool looks at a picture, and it chooses which pictures to look at.

The demo model has eyes but cannot choose tools. So here a script chooses, honestly named, and the demo model looks.
With OLLAMA_VISION_MODEL set to a model that has both abilities, that one does both.

    python examples/agent.py
"""

from __future__ import annotations

import asyncio
from typing import Any

from asking import PICTURES, real_model, vision_model
from llama_index.core.agent.workflow import FunctionAgent, ToolCallResult

from llama_index.multi_modal_llms.ollama import OllamaMultiModal
from ollama_embedded import EmbeddedOllama, Reply, ScriptedEngine, ToolCall

TASK = "Which of one-shape.png and two-shapes.jpg shows a triangle? Look at both."


def scripted_choice(request: Any) -> Reply:
    """Look at both pictures; then answer with what was seen."""
    seen = [message.content for message in request.messages if message.role == "tool"]
    if seen:
        return Reply("I looked at both. " + " ".join(text for text in seen if "triangle" in text))
    return Reply(tool_calls=[ToolCall("look", {"name": name}) for name in ("one-shape.png", "two-shapes.jpg")])


async def run(mind: OllamaMultiModal, eyes: OllamaMultiModal) -> None:
    async def look(name: str) -> str:
        """Look at a picture and say what it shows."""
        reply = await eyes.acomplete("Describe the image.", image_documents=[PICTURES / name])
        return f"{name}: {reply.text}"

    agent = FunctionAgent(tools=[look], llm=mind, system_prompt="Look before you answer.")
    handler = agent.run(TASK)
    async for event in handler.stream_events():
        if isinstance(event, ToolCallResult):
            print(f"looked at {event.tool_kwargs['name']}")
    print(await handler)


if __name__ == "__main__":
    with vision_model() as eyes:
        if real_model():
            asyncio.run(run(eyes, eyes))
        else:
            script = ScriptedEngine(scripted_choice, capabilities=["completion", "tools"])
            with EmbeddedOllama(engine=script) as server:
                asyncio.run(run(OllamaMultiModal(model=server.model, base_url=server.url), eyes))
