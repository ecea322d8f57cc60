"""Towns empty and growing: which families a city of its difficulty is made of."""

from __future__ import annotations

from simulator.areas import CityArea
from simulator.facts import Town, plain_family, plain_owners
from simulator.families import add_hard_family, public_owners
from simulator.model import FIRST_CAST, Calendar, Scenario
from simulator.numbers import Registrar
from simulator.prepared import add_prepared


def make_town(
    seed: int, area: CityArea, calendar: Calendar, size: int, *, hard: bool = False, full: bool = False
) -> Town:
    """An empty town with its public owners; a hard or full one knows all prepared cases."""
    cast = tuple(Scenario) if hard or full else FIRST_CAST
    town = Town(seed, area, calendar, Registrar(area.letter, dense=hard), hard=hard, cast=cast)
    town.public_owners += (public_owners if hard else plain_owners)(town, size)
    return town


def add_family(town: Town, room: int, born: int | None = None) -> None:
    """Makes the next family, of at most `room` projects; `born` is its first signing day, else that lies in the past."""
    case = town.cast[town.families] if town.families < len(town.cast) else None
    if case is not None and case not in FIRST_CAST:
        add_prepared(town, case, room)
    elif case is not None or not town.hard:
        plain_family(town, room, born)
    else:
        add_hard_family(town, room, born)
