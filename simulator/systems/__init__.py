"""The departments' systems: folders, exchange databases, an HTTP API and a pusher, each fed from the city."""
