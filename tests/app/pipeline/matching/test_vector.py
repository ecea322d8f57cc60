from __future__ import annotations

import subprocess
import sys

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from app.pipeline.matching.names import bigrams
from app.pipeline.matching.profile import Field, Profile
from app.pipeline.matching.vector import Columns, dtype, hashes, signatures, vectors

TEXTS = st.lists(st.text(max_size=12), max_size=8)
ANY = Profile(
    "any",
    (
        Field("id", "ids", 2),
        Field("grams", "grams", 2, 128),
        Field("digits", "digits", 1, 4),
        Field("measure", "measures", 2),
        Field("set", "set"),
        Field("small", "small"),
        Field("numbers", "numbers", 3),
    ),
    (),
)


@given(TEXTS)
def test_a_text_hashes_alike_in_any_company_and_only_the_empty_one_to_nothing(texts):
    together = hashes(texts).tolist()
    assert together == [int(hashes([text])[0]) for text in texts]
    assert [h == 0 for h in together] == [text == "" for text in texts]
    assert len(set(together)) == len(set(texts))


@given(TEXTS)
def test_a_signature_has_no_more_bits_than_its_text_has_bigrams(texts):
    bits = np.bitwise_count(signatures(texts, 16)).sum(axis=1)
    for text, count in zip(texts, bits.tolist(), strict=True):
        assert (count > 0) == bool(text)
        assert count <= len(bigrams(text))


def test_a_signature_of_a_part_is_a_part_of_the_signature():
    part, whole = signatures(["乙丙丁", "甲乙丙丁戊"], 8)
    assert (part & whole == part).all()
    assert not (signatures(["甲"], 8) & whole).any()  # a sign alone is no pair of signs


def test_a_text_of_a_page_does_not_set_every_bit():
    page = "".join(chr(0x4E00 + i * 7 % 8000) for i in range(10_000))
    assert np.bitwise_count(signatures([page], 16)).sum() < 250


def test_lone_surrogates_and_signs_beyond_the_plane_are_texts_like_others():
    assert len(set(hashes(["\ud800", "\ud801", "😀", "😁"]).tolist())) == 4
    assert signatures(["\ud800甲", "😀"], 2).any(axis=1).all()


def test_hashes_are_the_same_in_every_process():
    code = "from app.pipeline.matching.vector import hashes; print(hashes(['恒某', 'A-1']).tolist())"
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert told.strip() == str(hashes(["恒某", "A-1"]).tolist())


def test_what_does_not_fit_the_slots_is_left_out_and_what_is_missing_is_nothing():
    full: Columns = {
        "id": [["a", "b", "c"], []],
        "grams": [["甲乙"], []],
        "digits": ["12345", ""],
        "measure": [[1.5], []],
        "set": [{1, 2, 99}, ()],
        "small": [7, 0],
        "numbers": [[("x", 0, True), ("y", 2, False), ("z", 2, True), ("w", 3, True)], []],
    }
    made = vectors(ANY, full)
    assert made.dtype == dtype(ANY)
    assert made["id"][0].tolist() == hashes(["a", "b"]).tolist()
    assert bytes(made["digits"][0, 0]) == b"1234"
    assert made["measure"][0, 0] == 1.5
    assert np.isnan(made["measure"][:, 1]).all()
    assert made["set"][0] == 1 << 1 | 1 << 2 | 1 << 31
    assert made["numbers"]["families"][0] == 0b101
    assert made["numbers"]["borne"][0] == 0b101
    # the second says nothing anywhere
    blank = made[1:].copy()
    blank["measure"] = 0
    assert not any(blank.tobytes())
