"""The one place where the doors are put in front of the app."""

from __future__ import annotations

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.api.routes import Api
from app.doors import hooks
from app.doors.hooks import HookDoor


class Doors:
    """Answers what the doors answer, passes everything else on, and closes the doors after the app."""

    def __init__(self, app: ASGIApp, hook: HookDoor) -> None:
        self._app, self._hook = app, hook

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, or follow the life of the server."""
        kind = scope["type"]
        if kind == "http" and scope["path"].startswith(hooks.PREFIX) and self._hook.answers(scope):
            await self._hook(scope, receive, send)
        elif kind == "lifespan":
            await self._app(scope, receive, self._closing(send))
        else:
            await self._app(scope, receive, send)

    def _closing(self, send: Send) -> Send:
        async def passed_on(message: Message) -> None:
            if message["type"].startswith("lifespan.shutdown"):
                await self._hook.close()
            await send(message)

        return passed_on


def mount(app: Api) -> None:
    """Put the doors in front of everything else of the app."""
    app.front = Doors(app.behind, HookDoor(app.state.hub, app.state.receiving))
