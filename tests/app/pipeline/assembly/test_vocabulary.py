from __future__ import annotations

import pytest

from app.pipeline.assembly.vocabulary import industry_of, land_mode_of, path_of_land_mode, stage_of, status_of
from schemas.lifecycle import Stage


@pytest.mark.parametrize(
    ("word", "status", "stage"),
    [
        ("履约中", "ACTIVE", Stage.SIGNED),
        ("在谈", "ACTIVE", Stage.NEGOTIATION),
        ("停滞", "SUSPENDED", None),
        ("终止／解约", "TERMINATED", None),
        ("suspended", "SUSPENDED", None),
        ("领导关注", None, None),
    ],
)
def test_a_status_word_means_a_status_and_perhaps_a_stage(
    word: str, status: str | None, stage: Stage | None
) -> None:
    assert (status_of(word), stage_of(word)) == (status, stage)


def test_the_same_word_for_land_means_what_its_department_means_by_it() -> None:
    assert (path_of_land_mode("commerce", "租赁"), path_of_land_mode("land", "租赁")) == ("leased", "granted")
    assert (land_mode_of("housing", "2"), path_of_land_mode("housing", "2")) == ("划拨", "allocated")
    assert (land_mode_of("environment", "2"), path_of_land_mode("environment", "2")) == ("2", None)


def test_an_industry_is_named_by_its_full_code_and_words_stay_words() -> None:
    assert (industry_of("3720"), industry_of("c3720"), industry_of("新材料")) == ("C3720", "C3720", "新材料")
