from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from app.pipeline.matching.packed import pack_all, unpack_one, vectors_of
from app.pipeline.matching.project import project_vectors
from tests.app.pipeline.matching.drawn import RECORD


@given(st.lists(RECORD, max_size=4))
def test_a_packed_record_is_the_same_in_any_company_and_gives_back_record_and_vector(some):
    packed = pack_all(some)
    assert packed == [pack_all([one])[0] for one in some]
    assert [unpack_one(one) for one in packed] == some
    assert vectors_of(packed).tobytes() == project_vectors(some).tobytes()


def test_of_no_records_there_is_nothing_to_pack():
    assert pack_all([]) == []
    assert len(vectors_of([])) == 0
