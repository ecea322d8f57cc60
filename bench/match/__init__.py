"""The hub's matching beside its anchors, on cities whose truth is known: `python -m bench.match`."""
