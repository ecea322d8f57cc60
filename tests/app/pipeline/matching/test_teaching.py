from __future__ import annotations

from collections import Counter

from app.pipeline.matching.teaching import chance, draw


def test_the_boundary_teaches_most_and_nothing_is_never_drawn():
    assert chance(500_000) == 1_000_000
    assert chance(500_000) > chance(900_000) == chance(100_000) > chance(999_999) >= 20_000
    assert chance(0) == chance(1) > 0


def test_pairs_are_drawn_by_their_weight_and_alike_under_one_salt():
    pairs = [(f"a{i}", f"b{i}", 500_000 if i % 2 else 990_000) for i in range(200)]
    drawn = Counter(score for turn in range(50) for *_, score in draw(pairs, 10, str(turn)))
    near, far = drawn[500_000], drawn[990_000]
    expected = chance(500_000) / (chance(500_000) + chance(990_000))
    assert abs(near / (near + far) - expected) < 0.08
    assert draw(pairs, 10, "x") == draw(reversed(pairs), 10, "x") != draw(pairs, 10, "y")
