from __future__ import annotations

from pathlib import Path

import pytest

from connectors.testing.errors_named import names_errors
from tests.connectors.manifests import HTTP, VERSION
from tests.connectors.testing.made import API, EXCHANGE, FOLDER, PUSHED, ROADS, TAP, made


@pytest.mark.parametrize("road", ROADS)
def test_a_feed_by_manifest_alone_names_what_goes_wrong(road: str, tmp_path: Path) -> None:
    assert names_errors(made(tmp_path, ROADS[road])) is None


def test_an_api_without_envelope_or_credentials_names_what_goes_wrong_too(tmp_path: Path) -> None:
    assert names_errors(made(tmp_path, HTTP.replace('rows = "data.rows"', "") + VERSION)) is None


def raising(error: str, instead: str) -> str:
    return f"""    def fetch(self, cursor):
        try:
            yield from super().fetch(cursor)
        except {error} as found:
            {instead}
"""


@pytest.mark.parametrize(
    ("road", "code", "told"),
    [
        (API, raising("AuthFailed", "raise SourceUnavailable('away') from found"), "it answers 401: Source"),
        (
            API,
            raising("SourceUnavailable", "raise OSError('away') from found"),
            "where the source is: OSError",
        ),
        (API, raising("SourceChanged", "return"), "it answers with a web page: 0 rows instead of SourceCh"),
        (EXCHANGE, raising("AuthFailed", "return"), "it accepts no password: 0 rows instead of AuthFailed"),
        (EXCHANGE, raising("SourceChanged", "raise KeyError(1) from found"), "no such table: KeyError"),
        (TAP, raising("SourceUnavailable", "return"), "where the source is: 0 rows instead"),
        (TAP, raising("SourceChanged", "return"), "the tap writes no messages: 0 rows instead"),
        (FOLDER, raising("SourceUnavailable", "return"), "where the source is: 0 rows instead"),
        (FOLDER, raising("SourceChanged", "return"), "a file has another header: 0 rows instead"),
    ],
)
def test_an_error_that_is_swallowed_or_has_another_name_is_told(
    road: str, code: str, told: str, tmp_path: Path
) -> None:
    assert told in (names_errors(made(tmp_path, road, code)) or "")


BELIEVING = """    def unpack(self, headers, body):
        yield from super().unpack(headers, b'[{"BH": "1", "GXSJ": "2024-01-01"}]')
"""


def test_a_message_that_is_none_is_one_row_nobody_can_read(tmp_path: Path) -> None:
    assert "a message that is none" in (names_errors(made(tmp_path, PUSHED, BELIEVING)) or "")
