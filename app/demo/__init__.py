"""The demo: a simulated city's departments, the hub's real processes, and what came of it against known truth."""
