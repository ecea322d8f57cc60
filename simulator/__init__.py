"""A city that never was: departments' systems with known truth, for the demo, tests, benches and faults.

Imports neither the hub nor its connectors and shares no word list with its matcher; the truth leaves
this package only as `truth.csv`.
"""
