"""Towns empty and growing: which families a city of its difficulty is made of."""

from __future__ import annotations

from simulator.areas import CityArea
from simulator.facts import Town, plain_family, plain_owners
from simulator.families import add_hard_family, public_owners
from simulator.model import FIRST_CAST, Calendar
from simulator.numbers import Registrar


def make_town(seed: int, area: CityArea, calendar: Calendar, size: int, hard: bool = False) -> Town:
    """An empty town with its public owners."""
    town = Town(seed, area, calendar, Registrar(area.letter, dense=hard), hard=hard, cast=FIRST_CAST)
    town.public_owners += (public_owners if hard else plain_owners)(town, size)
    return town


def add_family(town: Town, room: int, born: int | None = None) -> None:
    """Makes the next family, of at most `room` projects; `born` is its first signing day, else that lies in the past."""
    (add_hard_family if town.hard else plain_family)(town, room, born)
