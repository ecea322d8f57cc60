"""The hub: the only package that knows its own database and speaks HTTP."""
