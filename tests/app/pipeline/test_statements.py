"""What a record's history amounts to: the same in any order, in any cut."""

from __future__ import annotations

from datetime import UTC, datetime
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.pipeline.statements import History, Said, fold, write
from schemas.records import PartRecord, ProjectRecord
from tests.support.factories import make_project_record

AT = datetime(2024, 6, 1, tzinfo=UTC)
NAMES = ("甲", "乙")


def said(version: int, op: str, content: str = "", *, understood: bool = True) -> Said:
    """One row; its order is its version, so that a test may hand rows over in any order."""
    statements = (write(make_project_record(name=content)),) if op == "upsert" and understood else None
    body = f"{op} {content}".encode()
    return Said("r", (f"{version:03}", version, 1), op, body, "key", AT, statements)


def settled(rows: list[Said], stored: History | None = None) -> History:
    found = fold({} if stored is None else {"r": stored}, rows).get("r")
    return found or stored or History()


def standing(history: History) -> tuple[object, ...]:
    return history.content, history.content_hash, history.gone, history.live


def test_the_highest_accepted_content_stands() -> None:
    history = settled(
        [said(1, "upsert", "甲"), said(3, "upsert", "丙", understood=False), said(2, "upsert", "乙")]
    )
    assert history.content == ("002", 2, 1)
    assert history.live


def test_a_later_delete_kills_and_a_still_later_content_revives() -> None:
    rows = [said(1, "upsert", "甲"), said(2, "delete")]
    assert not settled(rows).live
    assert settled([*rows, said(3, "upsert", "甲")]).live


def test_a_confirmation_outlives_a_delete_that_came_late() -> None:
    rows = [said(1, "upsert", "甲"), Said("r", ("005", 5, 1), "confirm", b"upsert \xe7\x94\xb2", "key", AT)]
    assert settled([*rows, said(3, "delete")]).live


def test_a_confirmation_of_what_was_refused_lifts_nothing() -> None:
    rows = [said(1, "upsert", "甲"), said(2, "upsert", "乙", understood=False)]
    confirm = Said("r", ("003", 3, 1), "confirm", said(2, "upsert", "乙").raw_hash, "key", AT)
    assert settled([*rows, confirm]).content == ("001", 1, 1)


def test_nothing_but_deletes_is_no_record() -> None:
    assert not settled([said(1, "delete")]).live
    assert settled([said(1, "delete")]).content is None


ROWS = st.lists(
    st.builds(
        said,
        st.integers(1, 9),
        st.sampled_from(["upsert", "delete"]),
        st.sampled_from(NAMES),
        understood=st.booleans(),
    ),
    max_size=9,
    unique_by=lambda row: row.order,
)


@given(ROWS, st.randoms(use_true_random=False))
def test_any_order_and_repetition_amount_to_the_same(rows: list[Said], dice: Random) -> None:
    shuffled = [*rows, *dice.sample(rows, len(rows) // 2)]
    dice.shuffle(shuffled)
    assert standing(settled(shuffled)) == standing(settled(rows))


@given(ROWS, st.integers(0, 9))
def test_what_was_stored_between_two_batches_is_enough(rows: list[Said], cut: int) -> None:
    first = settled(rows[:cut])
    stored = History(first.content, first.content_hash, first.gone, first.gone_hash, first.said_at)
    assert standing(settled(rows[cut:], stored)) == standing(settled(rows))
    assert settled(rows[cut:], stored).said_at == settled(rows).said_at


@pytest.mark.parametrize("text", ["\0", "甲\0乙", "\\\0", "\ud800"])
def test_a_statement_no_database_takes_is_not_written(text: str) -> None:
    with pytest.raises(ValueError, match=r"NUL|surrogate"):
        write(make_project_record().model_copy(update={"name": text}))


@pytest.mark.parametrize("text", ["\\u0000", "\\\\u0000", "u0000"])
def test_a_backslash_before_zeros_is_no_nul(text: str) -> None:
    record = make_project_record(name=text)
    assert ProjectRecord.model_validate_json(write(record).text) == record


def test_the_content_hash_follows_what_is_said_and_not_when() -> None:
    def of(**over: object) -> str:
        return write(make_project_record(**over)).content_hash

    assert of() == of(stated_at=None) == of(stated_at="2024-01-01")
    assert of(name="甲") != of(name="乙")
    tricky = ',"stated_at":"2024'
    assert of(texts={"a": tricky}) != of(texts={"a": tricky + "-01"})


@pytest.mark.parametrize("kind", [ProjectRecord, PartRecord])
def test_when_it_was_said_is_the_last_a_statement_tells(kind: type[ProjectRecord | PartRecord]) -> None:
    assert list(kind.model_fields)[-1] == "stated_at"
