"""The one place where the doors are put in front of the app."""

from __future__ import annotations

from functools import partial

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.api.hub import Hub
from app.api.routes import Api
from app.db import hot
from app.doors import documents, hooks
from app.doors.documents import DocumentDoor
from app.doors.hooks import HookDoor


class Doors:
    """Answers what the doors answer, passes everything else on, and closes the doors after the app."""

    def __init__(self, app: ASGIApp, hook: HookDoor, document: DocumentDoor) -> None:
        self._app, self._hook, self._document = app, hook, document

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, or follow the life of the server."""
        kind = scope["type"]
        if kind == "lifespan":
            await self._app(scope, receive, self._closing(send))
        elif kind == "http" and scope["path"].startswith(hooks.PREFIX) and self._hook.answers(scope):
            await self._hook(scope, receive, send)
        elif kind == "http" and scope["path"].startswith(documents.PREFIX) and self._document.answers(scope):
            await self._document(scope, receive, send)
        else:
            await self._app(scope, receive, send)

    def _closing(self, send: Send) -> Send:
        async def passed_on(message: Message) -> None:
            if message["type"].startswith("lifespan.shutdown"):
                await self._hook.close()
                await self._document.close()
            await send(message)

        return passed_on


def mount(app: Api) -> None:
    """Put the doors in front of everything else of the app."""
    hub: Hub = app.state.hub
    connect = partial(hot.connect, hub.database.url)
    document = DocumentDoor(app.behind, hub.callers, connect)
    app.front = Doors(app.behind, HookDoor(hub, app.state.receiving, connect), document)
