"""Camera frames: one question at a time, a stale one is cancelled, and boxes are in the frame's own pixels.

python examples/camera.py
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import numpy as np
from numpy.typing import NDArray

from asking import vision_model
from ollama_embedded import Shape, draw_scene
from ollama_vision import PreparedImage, VisionModel, aprepare_image

Frame = NDArray[np.uint8]
PLACES = ("top left", "top right", "bottom right", "bottom left") * 3
STALE_AFTER = 3
"""Frames. An answer to an older one is of no use any more."""


async def camera(pause: float) -> AsyncIterator[Frame]:
    """Stands for a camera: a red circle wanders about."""
    for place in PLACES:
        yield np.asarray(draw_scene(Shape("red", "circle", place), size=(400, 300)).resize((1600, 1200)))
        await asyncio.sleep(pause)


def box_of(answer: str, sent: PreparedImage) -> tuple[int, int, int, int]:
    """The demo model names one of nine places: a box in fractions. Qwen3-VL gives boxes of "0-1000" itself."""
    left = 0 if "left" in answer else 2 / 3 if "right" in answer else 1 / 3
    top = 0 if "top" in answer else 2 / 3 if "bottom" in answer else 1 / 3
    return sent.to_original((left, top, left + 1 / 3, top + 1 / 3), "0-1")


async def look(model: VisionModel, number: int, frame: Frame) -> None:
    sent = await aprepare_image(frame)  # scaled down, off the event loop
    answer = await model.aask("Where is the red circle?", sent, deadline=10)
    print(f"frame {number}: {box_of(answer.text, sent)} of {sent.original_size}, sent as {sent.size}")


async def watch(model: VisionModel, pause: float = 1 / 25) -> None:
    number, asked, question = 0, 0, None
    async for frame in camera(pause):
        number += 1
        if question is not None and not question.done():
            if number - asked < STALE_AFTER:
                continue  # one question at a time; this frame is skipped
            question.cancel()  # the server stops answering, too
            print(f"frame {asked}: stale")
        question, asked = asyncio.create_task(look(model, number, frame)), number
    if question is not None:
        await question


if __name__ == "__main__":
    with vision_model() as model:
        asyncio.run(watch(model))
