"""Look closer: a thing of 60 pixels in a picture of 2240 is lost in the whole, and seen in its region and in a tile.

python examples/look_closer.py
"""

from __future__ import annotations

from PIL import Image

from asking import llama_index_model
from llama_index.multi_modal_llms.ollama import ImageOptions, look_closer_tool
from ollama_embedded import draw_scene

QUESTION = "Describe the image."


def large_picture() -> Image.Image:
    """A wide empty sheet, with a small red star on its right side."""
    scene = draw_scene("red star")
    sheet = Image.new("RGB", (2240, 1120), scene.getpixel((0, 0)))
    sheet.paste(scene, (1792, 448))
    return sheet


if __name__ == "__main__":
    sheet = large_picture()
    with llama_index_model() as eyes:
        print("whole: ", eyes.complete(QUESTION, image_documents=[sheet]).text)
        region = ImageOptions(region=(1792, 448, 2016, 672))
        print("region:", eyes.complete(QUESTION, image_documents=[sheet], image_options=region).text)
        tool = look_closer_tool(eyes, [sheet])
        print("tool:  ", tool("1", [0.8, 0.4, 0.9, 0.6], QUESTION).content)
