from __future__ import annotations

import hashlib

from simulator.city import make_city

PINNED = "cdb6e68a22662e0d0993b46e0f811aa68729db445594cbe886ab9c5e77c9b867"


def test_the_easy_city_of_seed_1_says_what_it_always_said() -> None:
    """The demo's figures were measured on these rows; a change here is a change of all of them."""
    city = make_city(1, 300)
    city.advance(7)
    said = hashlib.sha256()
    for true, row in city.rows():
        said.update(repr((true.key, row)).encode())
    for day in city.week_days():
        said.update(repr([(true.key, cells) for true, cells in city.weekly(day)]).encode())
    said.update(repr([(true.key, cells) for true, *cells in city.landchina(0, city.day)]).encode())
    said.update(repr(list(city.truth())).encode())
    said.update(repr(city.scenarios).encode())
    assert said.hexdigest() == PINNED
