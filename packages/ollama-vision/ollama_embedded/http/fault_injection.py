"""Fault injection: an ASGI application that sends another's replies through the faults that a test has set."""

from __future__ import annotations

from collections.abc import Callable

from starlette.types import Receive, Scope, Send

from ..faults import Fault
from .middleware import App
from .received import ReceivedRequest
from .routing import Routes

NextFault = Callable[[str, ReceivedRequest], Fault | None]
"""Gets the path that was asked and the request as the application understands it; says what goes wrong."""


class FaultInjection:
    """`app`, with a fault for each request that `next_fault` has one for."""

    def __init__(self, app: App, next_fault: NextFault) -> None:
        self._app, self._next_fault = app, next_fault

    @property
    def routes(self) -> Routes | None:
        return self._app.routes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        fault = self._next_fault(scope["path"], scope["received"])

        async def reply(send: Send) -> None:
            await self._app(scope, receive, send)

        if fault is None:
            await reply(send)
        else:
            await fault.serve(reply, send, scope["hang_up"])

    async def close(self) -> None:
        await self._app.close()
