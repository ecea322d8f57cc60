"""What is built to break its reader is refused by name, soon, and without filling memory."""

from __future__ import annotations

import io
import json
import os
import random
import time
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import openpyxl
import pytest
import xlwt
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.contract import Binding
from connectors.errors import SourceChanged, SourceUnavailable
from connectors.manifest import Manifest
from connectors.mapping import Mapping
from connectors.transport_settings import FilesSettings
from connectors.transports import push
from connectors.transports.files import fetch
from schemas.records import Outcome, Page, RawRecord, Rejection, Unreadable
from tests.connectors.manifests import FILES, KEY, NAME, PUSH, manifest, simple

SOON = 2.0
"""Seconds of work: less than one on a machine that does nothing else."""
LITTLE = 100 * 1024 * 1024
DEEP, MANY = 100_000, 1_000_000
SHEET = "xl/worksheets/sheet1.xml"
MADE = manifest(FILES.replace("page = 2", "page = 1000"), KEY, NAME)


@contextmanager
def soon_and_in_little_room() -> Iterator[None]:
    """Hold what happens inside to its time and to what it may take on beyond what was there."""
    Path("/proc/self/clear_refs").write_text("5", encoding="ascii")  # the peak is counted anew
    before = _peak()
    begun = time.process_time()
    yield
    assert time.process_time() - begun < SOON
    assert _peak() - before < LITTLE


def _peak() -> int:
    """The most memory this process held since its peak was last set back, in bytes."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM")) * 1024


def told(made: Manifest, body: bytes) -> list[str]:
    """Give what becomes of each row of a message: the rule that refused it, or 'accepted'."""
    rows = list(push.unpack(made, body))
    raws = [row for row in rows if isinstance(row, RawRecord)]
    outcomes: Iterator[Outcome] = Mapping(made, 430200).normalize(raws)
    return [row.rule if isinstance(row, Unreadable) else _rule(next(outcomes)) for row in rows]


def _rule(outcome: Outcome) -> str:
    return outcome.rule if isinstance(outcome, Rejection) else "accepted"


def _beside(value: bytes) -> bytes:
    """A message of one row that holds the value, and an honest one."""
    return b'{"records":[{"BH":"1","MC":' + value + b'},{"BH":"2","MC":"a"}]}'


def _names(count: int) -> bytes:
    return b"{" + b",".join(b'"k%d":1' % n for n in range(count)) + b"}"


@pytest.mark.parametrize(
    ("value", "rule"),
    [
        (b"[" * DEEP + b"]" * DEEP, "json.depth"),
        (b'{"a":' * DEEP + b"1" + b"}" * DEEP, "json.depth"),
        (b'"a\\u0000b"', "json.nul_char"),
        (b'"a\0b"', "json.nul_char"),
        (b'"a\\ud800b"', "json.lone_surrogate"),
        (b"1" * 5000, "json.number"),
        (b"1" * MANY, "json.number"),
        (b"0." + b"1" * MANY, "json.number"),
        (b"1e999999999", "json.number"),
        (b"1e" + b"9" * 5000, "json.number"),
        (b"-1e-" + b"9" * 5000, "json.number"),
        (b"NaN", "json.not_finite"),
        (b'"a","MC":"b"', "json.duplicate_key"),
        (b'{"a":1,"a":2}', "json.duplicate_key"),
        ('"项目"'.encode("gb18030"), "json.encoding"),
        (b'"a",' + _names(20_000)[1:-1], "json.too_many_names"),
    ],
    ids=lambda value: str(value)[:24],
)
def test_one_rotten_row_is_refused_by_name_and_the_row_beside_it_accepted(value: bytes, rule: str) -> None:
    with soon_and_in_little_room():
        assert told(simple(PUSH), _beside(value)) == [rule, "accepted"]


@pytest.mark.parametrize(
    ("body", "rule"),
    [
        (_names(MANY), "json.too_many_names"),
        (_beside(_names(MANY)), "json.invalid"),
        (_beside(_names(MANY)[:-1] + b',"x":NaN}'), "json.invalid"),
        (b"[" + b"{}," * MANY + b"{}]", "json.invalid"),
        (b"[" + b"[]," * MANY + b"NaN]", "json.invalid"),
        (b"[" + b"," * MANY + b"]", "json.invalid"),
        (b"[" * MANY, "json.invalid"),
        (b'{"a":' * DEEP, "json.invalid"),
        (b'{"records":["' + b"\\" * MANY, "json.invalid"),
        (b'{"records":["' + b"a" * 10 * MANY, "json.invalid"),
        ('{"records":[{"BH":"1"}]}'.encode("utf-16"), "json.invalid"),
        (b"\x1f\x8b\x08\x00", "json.invalid"),
    ],
    ids=lambda value: str(value)[:24],
)
def test_a_message_beyond_measure_is_refused_as_a_whole(body: bytes, rule: str) -> None:
    with soon_and_in_little_room():
        assert told(simple(PUSH), body) == [rule]


def book() -> bytes:
    """A workbook of one honest row."""
    made, file = openpyxl.Workbook(), io.BytesIO()
    for line in (["BH", "MC"], ["1", "a"]):
        made.worksheets[0].append(line)
    made.save(file)
    return file.getvalue()


def changed(
    change: Callable[[bytes], bytes], part: str = SHEET, more: dict[str, bytes] | None = None
) -> bytes:
    """A workbook with one part changed, and further parts."""
    file = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(book())) as whole,
        zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as made,
    ):
        for entry in whole.infolist():
            content = whole.read(entry)
            made.writestr(entry.filename, change(content) if entry.filename == part else content)
        for name, content in (more or {}).items():
            made.writestr(name, content)
    return file.getvalue()


def rows_added(xml: bytes) -> Callable[[bytes], bytes]:
    """Add rows to a sheet's end."""
    return lambda sheet: sheet.replace(b"</sheetData>", xml + b"</sheetData>")


def headed(declared: bytes) -> Callable[[bytes], bytes]:
    """Put a document type before the sheet and use its entity in the first text."""
    return lambda sheet: declared + sheet.replace(b"<t>", b"<t>&a;", 1)


LAUGHS = b"".join(b'<!ENTITY %c "%s">' % (97 + n, b"&%c;" % (98 + n) * 10) for n in range(9))
WORKBOOKS: dict[str, tuple[Callable[[], bytes], str]] = {
    "cut in half": (lambda: book()[: len(book()) // 2], "file.broken"),
    "without its end": (lambda: book()[:-30], "file.broken"),
    "half written": (lambda: book()[:1000] + bytes(len(book()) - 1000), "file.broken"),
    "empty": (lambda: b"", "file.empty"),
    "a web page": (lambda: b"<html>login</html>", "file.html"),
    "xml cut": (lambda: changed(lambda sheet: sheet[: len(sheet) // 2]), "file.broken"),
    "no workbook in it": (lambda: changed(lambda _: b"", "xl/workbook.xml"), "file.broken"),
    "another encoding": (
        lambda: changed(lambda sheet: b'<?xml version="1.0" encoding="gb2312"?>' + sheet),
        "file.broken",
    ),
    "a number of 5,000 digits": (
        lambda: changed(rows_added(b'<row r="9"><c r="A9"><v>' + b"1" * 5000 + b"</v></c></row>")),
        "file.broken",
    ),
    "laughs": (lambda: changed(headed(b"<!DOCTYPE x [" + LAUGHS + b'<!ENTITY j "ha">]>')), "file.entities"),
    "a file of ours": (
        lambda: changed(headed(b'<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/hostname">]>')),
        "file.entities",
    ),
    "entities of shared texts": (
        lambda: changed(lambda sheet: sheet, more={"xl/sharedStrings.xml": b"<!DOCTYPE x []><sst/>"}),
        "file.entities",
    ),
    "a bomb": (lambda: changed(rows_added(bytes(150_000_000))), "file.bomb"),
    "a bomb beside padding": (
        lambda: changed(rows_added(b"A" * 100_000_000), more={"pad.bin": os.urandom(1_200_000)}),
        "file.bomb",
    ),
    "a bomb of tags": (
        lambda: changed(
            lambda _: b"<styleSheet>" + b"<a/>" * 2_500_000 + b"</styleSheet>",
            "xl/styles.xml",
            more={"pad.bin": os.urandom(200_000)},
        ),
        "file.bomb",
    ),
    "ten thousand parts": (
        lambda: changed(lambda sheet: sheet, more={f"p{n}": b"" for n in range(10_000)}),
        "file.bomb",
    ),
    "a row far below": (lambda: changed(rows_added(b'<row r="999999999999"/>')), "file.rows"),
    "rows far to the right": (
        lambda: changed(rows_added(b'<row r="9"><c r="XFD9"><v>1</v></c></row>' * 2000)),
        "file.columns",
    ),
}


def refused(folder: Path) -> list[str]:
    """Give the rules by which a folder's files or rows were refused."""
    assert isinstance(MADE.transport, FilesSettings)
    pages = fetch(MADE, MADE.transport, Binding(1, location=str(folder)), None)
    return [row.rule for page in pages for row in page.rows if isinstance(row, Unreadable)]


@pytest.mark.parametrize("name", WORKBOOKS)
def test_a_broken_or_hostile_workbook_is_one_refusal_and_the_next_file_is_read(
    name: str, tmp_path: Path
) -> None:
    make, rule = WORKBOOKS[name]
    (tmp_path / "a.xlsx").write_bytes(make())
    os.utime(tmp_path / "a.xlsx", (1000, 1000))
    with soon_and_in_little_room():
        assert refused(tmp_path) == [rule]
    (tmp_path / "b.xlsx").write_bytes(book())
    assert isinstance(MADE.transport, FilesSettings)
    pages = list(fetch(MADE, MADE.transport, Binding(1, location=str(tmp_path)), None))
    assert pages[-1].sender == "b.xlsx"
    assert [row.key for row in pages[-1].rows if isinstance(row, RawRecord)] == ["1"]


def test_a_cell_that_is_no_number_at_all_is_kept_as_it_is_said(tmp_path: Path) -> None:
    content = changed(rows_added(b'<row r="9"><c r="A9"><v>1e400</v></c></row>'))
    (tmp_path / "a.xlsx").write_bytes(content)
    assert isinstance(MADE.transport, FilesSettings)
    (page,) = fetch(MADE, MADE.transport, Binding(1, location=str(tmp_path)), None)
    assert [json.loads(row.body)["BH"] for row in page.rows] == ["1", "inf"]


@pytest.mark.parametrize(
    ("content", "rule"),
    [
        ("BH,MC\n1,项目\n".encode("utf-16"), "file.encoding"),
        (b"BH,MC\n1,\xff\xfe\n", "file.encoding"),
        ("BH,MC\n1,项目".encode()[:-1], "file.encoding"),
        (b"BH,MC\n1," + b"x" * 5_000_000 + b"\n", "file.line"),
        (b"BH,MC\n" + b"," * 5_000_000 + b"\n", "file.line"),
        (b"BH,MC\n" + b"," * 2000 + b"\n", "file.columns"),
        (b'BH,MC\n1,"' + b"x\n" * 2_000_000, "file.quotes"),
    ],
    ids=lambda value: str(value)[:24],
)
def test_a_csv_that_is_none_is_refused_by_name(content: bytes, rule: str, tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_bytes(content)
    with soon_and_in_little_room():
        assert refused(tmp_path) == [rule]


def test_a_heading_beyond_measure_is_refused_too(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_bytes(b",".join(b"h%d" % n for n in range(500)) + b"\n1,2\n")
    with soon_and_in_little_room(), pytest.raises(SourceChanged):
        refused(tmp_path)


def old_book() -> bytes:
    """An .xls of some rows."""
    made, file = xlwt.Workbook(), io.BytesIO()
    sheet = made.add_sheet("a")
    for place, value in enumerate(("BH", "MC")):
        sheet.write(0, place, value)
        for number in range(1, 50):
            sheet.write(number, place, f"{value}{number}")
    made.save(file)
    return file.getvalue()


@pytest.mark.parametrize("suffix", ["xls", "xlsx"])
def test_bytes_that_rotted_on_their_way_end_in_rows_or_in_a_refusal(suffix: str, tmp_path: Path) -> None:
    whole = old_book() if suffix == "xls" else book()
    (tmp_path / f"a.{suffix}").touch()
    for seed in range(60):
        dice, rotten = random.Random(seed), bytearray(whole)
        for _ in range(dice.randint(1, 20)):
            rotten[dice.randrange(len(rotten))] = dice.randrange(256)
        rotten = rotten[: dice.randrange(len(rotten))] if seed % 3 == 0 else rotten
        (tmp_path / f"a.{suffix}").write_bytes(rotten)
        try:
            found = refused(tmp_path)
        except SourceChanged:
            continue
        assert all(rule.startswith(("file.", "row.", "json.", "key.")) for rule in found), seed


hostile_json = st.recursive(
    st.sampled_from(
        [b"NaN", b"1e999", b'"\\ud800"', b'"\\u0000"', b'"a\\', b"\xff", b"tru", b"", b'"x"', b"1"]
    ),
    lambda inner: (
        st.lists(inner, max_size=4).map(lambda parts: b"[" + b",".join(parts) + b"]")
        | st.lists(inner, max_size=4).map(
            lambda parts: b"{" + b",".join(b'"BH":' + part for part in parts) + b"}"
        )
    ),
    max_leaves=12,
)


@settings(max_examples=200, deadline=None)
@given(hostile_json | st.binary(max_size=200))
def test_no_bytes_make_a_message_or_its_normalizing_raise(body: bytes) -> None:
    for message in (body, b'{"records":[' + body + b"]}"):
        assert all(isinstance(rule, str) for rule in told(simple(PUSH), message))


def whole(folder: Path, cursor: str | None = None) -> list[Page]:
    """Read a folder from a cursor on, two rows a page."""
    return list(walk(folder, cursor))


def walk(folder: Path, cursor: str | None = None) -> Iterator[Page]:
    """Begin to read a folder."""
    made = manifest(FILES, KEY, NAME)
    assert isinstance(made.transport, FilesSettings)
    return fetch(made, made.transport, Binding(1, location=str(folder)), cursor)


def keys(pages: list[Page]) -> set[str]:
    """Give the keys of all rows that could be read."""
    return {row.key for page in pages for row in page.rows if isinstance(row, RawRecord)}


def five_rows(folder: Path, name: str = "a.csv") -> Path:
    """Write a file of the keys 0 to 4."""
    (folder / name).write_text("BH,MC\n" + "".join(f"{n},x\n" for n in range(5)), encoding="utf-8")
    return folder / name


@pytest.mark.parametrize("harm", ["folder", "file", "replaced"])
def test_what_vanishes_or_is_replaced_while_it_is_read_is_read_again(harm: str, tmp_path: Path) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    file = five_rows(folder)
    walking = walk(folder)
    first = next(walking)
    if harm == "folder":
        folder.rename(tmp_path / "away")
    elif harm == "file":
        file.unlink()
    else:
        (tmp_path / "new.csv").write_text("BH,MC\n7,y\n", encoding="utf-8")
        (tmp_path / "new.csv").replace(file)
    with pytest.raises(SourceUnavailable):
        list(walking)
    if harm == "folder":
        with pytest.raises(SourceUnavailable, match="no folder"):
            whole(folder, first.cursor)
        (tmp_path / "away").rename(folder)
    elif harm == "file":
        assert whole(folder, first.cursor) == []
        five_rows(folder)
    assert keys(whole(folder, first.cursor)) == ({"7"} if harm == "replaced" else set("01234"))


def test_a_half_written_workbook_is_read_when_it_is_whole(tmp_path: Path) -> None:
    (tmp_path / "a.xlsx").write_bytes(book()[:2000])
    five_rows(tmp_path, "b.csv")
    found = whole(tmp_path)
    assert keys(found) == set("01234")
    (tmp_path / "a.xlsx").write_bytes(book())
    assert keys(whole(tmp_path, found[-1].cursor)) == {"1"}


def test_an_emptied_folder_forgets_nothing_it_was_told(tmp_path: Path) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    file = five_rows(folder)
    cursor = whole(folder)[-1].cursor
    file.rename(tmp_path / "away.csv")
    assert whole(folder, cursor) == []
    (tmp_path / "away.csv").rename(file)
    assert whole(folder, cursor) == []
