"""The two hot doors: raw ASGI in front of the app, on connections of their own; each is declared as a route of the app too."""
