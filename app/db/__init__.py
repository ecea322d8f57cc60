"""The hub's database: the only room that says SQL."""
