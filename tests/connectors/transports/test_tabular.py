from __future__ import annotations

from typing import Any

import pytest

from connectors.errors import SourceChanged
from connectors.manifest import ManifestError
from connectors.transport_settings import FilesSettings
from connectors.transports.tabular import table
from tests.connectors.manifests import KEY, NAME, manifest

FILES = """
[transport]
kind = "files"
variable = "HUB_TEST_FOLDER"
"""
HEADER = '[transport.header]\nis = ["URL", "BH", ""]\nmeans = ["SJ", "URL", "BH", ""]\n'
TWINS = '[transport.header]\nis = ["MC", "MC", "BH"]\nmeans = ["MC", "公告/MC", "BH"]\n'


def read(settings: str, *rows: list[Any], ignore: str = '["URL", "SJ", "公告/MC"]') -> list[Any]:
    made = manifest(FILES, settings, KEY, NAME, top=f"ignore = {ignore}")
    assert isinstance(made.transport, FilesSettings)
    return [record for _, record in table(made, made.transport, iter(rows)).records]


def test_a_known_wrong_header_is_read_by_the_names_it_means() -> None:
    row = ["示例", "2031-05-01", "http://portal.example", "1", ""]
    assert read(HEADER, ["MC", "URL", "BH", ""], row) == [
        {"MC": "示例", "SJ": "2031-05-01", "URL": "http://portal.example", "BH": "1"}
    ]


def test_a_mended_header_is_read_as_it_stands() -> None:
    row = ["示例", "2031-05-01", "http://portal.example", "1", ""]
    mended = read(HEADER, ["MC", "SJ", "URL", "BH", ""], row)
    assert mended == read(HEADER, ["MC", "URL", "BH", ""], row)


def test_twins_are_told_apart_by_their_order_in_the_whole_header() -> None:
    assert read(TWINS, ["MC", "MC", "BH"], ["示例", "示例公告", "1"]) == [
        {"MC": "示例", "公告/MC": "示例公告", "BH": "1"}
    ]
    with pytest.raises(SourceChanged):
        read(TWINS, ["MC", "BH", "MC"], ["示例", "1", "示例公告"])


def test_with_every_line_a_blank_line_a_total_and_a_line_of_another_width_are_rows() -> None:
    rows: list[list[Any]] = [["MC", "BH"], ["", ""], ["合计", ""], ["示例", "1", ""], ["示例"], ["示例", "1"]]
    assert read("every_line = true", *rows) == [
        {"MC": "", "BH": ""},
        {"MC": "合计", "BH": ""},
        ["示例", "1", ""],
        ["示例"],
        {"MC": "示例", "BH": "1"},
    ]
    assert read("", *rows) == [
        {"MC": "示例", "BH": "1"},
        {"MC": "示例", "BH": None},
        {"MC": "示例", "BH": "1"},
    ]


def test_a_header_that_means_one_name_twice_is_no_manifest() -> None:
    with pytest.raises(ManifestError):
        read(HEADER.replace('"SJ"', '"BH"'), ["MC", "BH"])
