"""A web service that streams a description: 422 for a wrong picture, 503 without a server, else 200 and text.

python examples/web_handler.py          shows the three answers
uvicorn --factory web_handler:for_real --app-dir examples
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing

import httpx2
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route

from asking import PICTURES, real_model, vision_model
from ollama_vision import VisionModel, errors

UNREACHABLE = (errors.ConnectionFailedError, errors.ServerBusyError, errors.SilenceTimeoutError)


def service(model: VisionModel) -> Starlette:
    async def describe(request: Request) -> Response:
        picture = await request.body()
        try:
            # The call waits for the first word: what is wrong is known before a status is sent.
            answer = await model.astream("Describe the image.", picture)
        except errors.ImageError as error:
            return PlainTextResponse(str(error), status_code=422)
        except UNREACHABLE as error:
            return PlainTextResponse(str(error), status_code=503)

        async def words() -> AsyncIterator[str]:
            async with aclosing(answer):  # a visitor who leaves ends the answer on the server
                async for piece in answer:
                    yield piece.delta

        return StreamingResponse(words(), media_type="text/plain")

    return Starlette(routes=[Route("/describe", describe, methods=["POST"])])


def for_real() -> Starlette:
    return service(VisionModel(real_model() or "gemma3:4b"))


async def show(app: Starlette, what: str, body: bytes) -> None:
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app), base_url="http://here") as visitor:
        reply = await visitor.post("/describe", content=body)
    print(f"{what}: {reply.status_code} {reply.text}")


if __name__ == "__main__":
    photo = (PICTURES / "two-shapes.jpg").read_bytes()
    with vision_model() as model:
        asyncio.run(show(service(model), "a picture", photo))
        asyncio.run(show(service(model), "half a picture", photo[: len(photo) // 2]))
    nobody = VisionModel("any", "http://127.0.0.1:9", max_retries=0)
    asyncio.run(show(service(nobody), "no server", photo))
