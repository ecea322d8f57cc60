from __future__ import annotations

import hashlib
import hmac
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.access.audit import START, Entry, Row, Seal, faults, link

AT = datetime(2026, 11, 24, 8, tzinfo=UTC)


def mac(key_id: str, said: bytes) -> bytes:
    if key_id != "k":
        raise LookupError(key_id)
    return hmac.digest(b"secret", said, hashlib.sha256)


def chain(sizes: list[int]) -> tuple[list[Seal], dict[str, Row]]:
    """Seals of so many rows each."""
    seals, previous = list[Seal](), START
    rows = dict[str, Row]()
    for number, size in enumerate(sizes, 1):
        made = [
            Row(430200, f"{number}-{i}", AT, Entry("a", "张", "key:1", "judge", f"POST /{i}", ""), "done")
            for i in range(size)
        ]
        head = link(mac, previous, 430200, number, AT, made, "k")
        seals.append(Seal(430200, number, AT, tuple(row.audit_id for row in made), "k", head))
        rows |= {row.audit_id: row for row in made}
        previous = head
    return seals, rows


SIZES = st.lists(st.integers(1, 4), min_size=2, max_size=6)


@given(SIZES)
def test_what_nobody_touched_is_as_it_was_sealed(sizes: list[int]) -> None:
    seals, rows = chain(sizes)
    assert not list(faults(mac, START, seals, rows))


@given(SIZES, st.data())
def test_every_field_of_every_row_is_sealed(sizes: list[int], data: st.DataObject) -> None:
    seals, rows = chain(sizes)
    name = data.draw(st.sampled_from(sorted(rows)))
    row = rows[name]
    change: dict[str, Any] = data.draw(
        st.sampled_from(
            [
                {"at": row.at + timedelta(microseconds=1)},
                {"result": "403"},
                {"jurisdiction": 430300},
                *({"entry": replace(row.entry, **{field: "x"})} for field in Entry.__slots__),
            ]
        )
    )
    assert list(faults(mac, START, seals, {**rows, name: replace(row, **change)}))


@given(SIZES, st.data())
def test_a_seal_that_is_gone_swapped_or_made_by_others_is_told(sizes: list[int], data: st.DataObject) -> None:
    seals, rows = chain(sizes)
    i = data.draw(st.integers(0, len(seals) - 2))
    assert list(faults(mac, START, seals[:i] + seals[i + 1 :], rows))
    one, other = seals[i], seals[i + 1]
    swapped = [
        replace(one, audit_ids=other.audit_ids, head=other.head),
        replace(other, audit_ids=one.audit_ids, head=one.head),
    ]
    assert list(faults(mac, START, [*seals[:i], *swapped, *seals[i + 2 :]], rows))
    forged = replace(one, head=hashlib.sha256(one.head).digest())
    assert list(faults(mac, START, [*seals[:i], forged, *seals[i + 1 :]], rows))


def test_a_lost_row_an_unknown_key_and_a_row_that_says_it_is_old_are_told_by_name() -> None:
    seals, rows = chain([2])
    [fault] = faults(mac, START, seals, {"1-0": rows["1-0"]})
    assert (fault.seal_no, fault.audit_id) == (1, "1-1")
    [fault] = faults(mac, START, [replace(seals[0], key_id="former")], rows)
    assert "former" in fault.wrong
    found = faults(mac, START, [replace(seals[0], at=AT + timedelta(hours=1))], rows)
    assert {"1-0", "1-1"} <= {fault.audit_id for fault in found}


@pytest.mark.parametrize("first", [1, 2])
def test_the_chain_may_be_looked_at_in_pieces(first: int) -> None:
    seals, rows = chain([1, 2, 1])
    previous = seals[first - 2].head if first > 1 else START
    assert not list(faults(mac, previous, seals[first - 1 :], rows, first))
