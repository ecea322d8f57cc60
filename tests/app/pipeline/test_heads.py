"""Landing's decisions: what is new, what is only said again, and what comes too late."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from app.pipeline.heads import Fate, absent, decide, older_versions
from schemas.records import Head, Op, RawRecord, content_hash


def raw(content: str, version: str = "", op: Op = Op.UPSERT) -> RawRecord:
    body = content.encode()
    return RawRecord("d.f", "k", body, content_hash(body), version, op)


def land(*said: RawRecord, heads: dict[str, Head] | None = None) -> tuple[list[Fate], Head]:
    """Land each row in a delivery of its own, as separate deliveries would."""
    now = dict(heads or {})
    history: set[tuple[str, str, bytes]] = set()
    fates = []
    for number, one in enumerate(said, start=1):
        landed, moved = decide([(1, "r", one)], now, history, number)
        now |= moved
        fates.append(landed[0].fate)
        if landed[0].fate is not Fate.KNOWN:
            history.add(("r", one.version, one.hash))
    return fates, now["r"]


def test_a_b_a_of_a_source_without_versions_is_three_versions() -> None:
    fates, head = land(raw("a"), raw("b"), raw("a"))
    assert fates == [Fate.KEPT] * 3
    assert head.hash == raw("a").hash
    assert (head.delivery_no, head.first_delivery) == (3, 1)


def test_the_same_row_again_is_nothing_new() -> None:
    assert land(raw("a"), raw("a"))[0] == [Fate.KEPT, Fate.KNOWN]
    assert land(raw("a", "1"), raw("a", "1"))[0] == [Fate.KEPT, Fate.KNOWN]


def test_equal_content_under_a_higher_version_confirms_and_raises_the_head() -> None:
    fates, head = land(raw("a", "1"), raw("a", "3"), raw("b", "2"))
    assert fates == [Fate.KEPT, Fate.CONFIRMED, Fate.LATE]
    assert (head.version, head.hash, head.delivery_no) == ("3", raw("a").hash, 1)


def test_a_late_version_goes_to_history_once() -> None:
    fates, head = land(raw("b", "2"), raw("a", "1"), raw("a", "1"))
    assert fates == [Fate.KEPT, Fate.LATE, Fate.KNOWN]
    assert head.version == "2"


def test_two_contents_of_one_version_do_not_grow_history_when_the_source_is_read_again() -> None:
    fates, _ = land(raw("a", "1"), raw("b", "1"), raw("a", "1"), raw("b", "1"))
    assert fates == [Fate.KEPT, Fate.KEPT, Fate.KNOWN, Fate.KNOWN]


def test_absence_takes_the_version_of_the_head_and_still_lands() -> None:
    _, head = land(raw("a", "7"))
    tombstone = absent({"r": head})[0]
    landed, moved = decide([(1, "r", tombstone)], {"r": head}, set(), 2)
    assert landed[0].fate is Fate.KEPT
    assert (moved["r"].op, moved["r"].version) == ("delete", "7")


def test_absence_from_a_dated_listing_is_as_new_as_the_listing() -> None:
    _, head = land(raw("a", "3"))
    (tombstone,) = absent({"r": head}, "7")
    assert land(raw("a", "3"), tombstone, raw("a", "5"), raw("a", "8"))[0] == [
        Fate.KEPT,
        Fate.KEPT,
        Fate.LATE,
        Fate.KEPT,
    ]
    assert absent({"r": head}, "2")[0].version == "3"


def test_a_record_that_comes_back_as_it_was_is_kept() -> None:
    assert land(raw("a"), raw("", op=Op.DELETE), raw("a"))[0] == [Fate.KEPT] * 3


ROWS = st.lists(
    st.builds(raw, st.sampled_from("abc"), st.sampled_from(["", "1", "2", "3"]), st.sampled_from(Op)),
    max_size=12,
)


@given(ROWS)
def test_one_page_decides_as_many_deliveries_do(rows: list[RawRecord]) -> None:
    if not rows:
        return
    apart, head = land(*rows)
    together, moved = decide([(n, "r", one) for n, one in enumerate(rows, start=1)], {}, set(), 1)
    assert [row.fate for row in together] == apart
    assert (moved["r"].version, moved["r"].hash, moved["r"].op) == (head.version, head.hash, head.op)


@given(ROWS, st.integers(0, 11))
def test_history_asked_about_is_enough(rows: list[RawRecord], cut: int) -> None:
    """What `older_versions` asks for gives the same fates as the whole history would."""
    _, heads = decide([(n, "r", one) for n, one in enumerate(rows[:cut], start=1)], {}, set(), 1)
    whole = {("r", one.version, one.hash) for one in rows[:cut]}
    later = [(n, "r", one) for n, one in enumerate(rows[cut:], start=1)]
    asked = older_versions(later, heads)
    some = {said for said in whole if said[:2] in asked}
    assert [row.fate for row in decide(later, heads, some, 2)[0]] == [
        row.fate for row in decide(later, heads, whole, 2)[0]
    ]


VERSIONED = st.lists(
    st.tuples(st.integers(1, 6), st.sampled_from(Op)), min_size=1, max_size=6, unique_by=lambda v: v[0]
)


@given(VERSIONED, st.randoms(use_true_random=False))
def test_a_versioned_source_ends_at_the_same_head_in_any_order(
    versions: list[tuple[int, Op]], random: object
) -> None:
    rows = [raw(f"v{n % 3}", str(n), op) for n, op in versions]
    shuffled = [*rows, *rows[:3]]
    random.shuffle(shuffled)  # type: ignore[attr-defined] # hypothesis gives a Random
    assert land(*rows)[1].version == land(*shuffled)[1].version
    assert land(*rows)[1].hash == land(*shuffled)[1].hash
    assert land(*rows)[1].op == land(*shuffled)[1].op
