"""Recording: one real page of each kind of source becomes a sample in which nobody can be called or known."""

from __future__ import annotations

import json
import os
from datetime import date
from pathlib import Path
from typing import Any

import openpyxl
import pytest
import sqlalchemy as sa
import xlwt
from openpyxl.comments import Comment

from connectors import samples
from connectors.contract import Binding
from connectors.errors import AuthFailed, SourceChanged, SourceUnavailable
from connectors.recording import NotRecorded, Recorded, record
from connectors.registry import Source, source_in
from connectors.testing import broken, check, taps
from connectors.testing.web import handled as serving
from connectors.transport_settings import SingerSettings
from schemas.records import RawRecord
from tests.connectors.manifests import BASE, FILES, HTTP, KEY, NAME, PUSH, TABLE
from tests.connectors.transports.serving import answer

CITY = 430200
PHONE, CARD, PERSON = "14100000000", "990204199001011234", "张三"
FREE = f"请电{PHONE}，{PERSON} 0731-01234567，证号{CARD}"
SECRET = "s3cret-of-the-deployment"
ROW = {"BH": "K1", "MC": "示例项目", "LXR": PERSON, "LXDH": PHONE, "BZ": FREE, "GXSJ": "2024-05-30 08:00:00"}
TOP = 'ignore = ["BZ", "GXSJ"]\npersons = ["LXR", "LXDH"]\n'
SIGNED = (
    'auth = { kind = "bearer", variable = "HUB_TEST_TOKEN" }\nagreed = { pointer = "code", values = ["0"] }\n'
)


def feed(root: Path, road: str, top: str = TOP, rest: str = KEY + NAME) -> Source:
    folder = root / "testing" / "feed"
    folder.mkdir(parents=True)
    (folder / "manifest.toml").write_text(BASE + top + road + rest, encoding="utf-8")
    return source_in(folder)


def rows(count: int, **over: Any) -> list[dict[str, Any]]:
    return [{**ROW, "BH": f"K{number}", **over} for number in range(1, count + 1)]


def kept(source: Source, done: Recorded) -> list[dict[str, Any]]:
    """Read a sample as the kit does, after seeing that nobody is in its file."""
    said = done.file.read_bytes()
    if done.file.suffix == ".xlsx":
        book = openpyxl.load_workbook(done.file)
        assert book.properties.creator == "openpyxl"
        assert len(book.sheetnames) == 1
    else:
        for secret in (PHONE, CARD, SECRET, *([PERSON] if done.file.suffix != ".xls" else [])):
            assert secret.encode() not in said
    found = list(samples.rows(source.manifest, Path(str(source.folder))))
    assert all(isinstance(row, RawRecord) for row in found)
    bodies = [json.loads(row.body) for row in found]
    for body in bodies:
        assert not {PHONE, CARD, PERSON, SECRET}.intersection(map(str, body.values()))
        assert (body["LXR"], body["LXDH"]) == ("某甲", "10000000001")
        assert body["BZ"] == "请电10000000001，某甲 0000-00000002，证号900000000000000003"
        assert body["MC"] == "示例项目"
    return bodies


def scrubbed(done: Recorded) -> dict[tuple[str, str], int]:
    return {(column, kind): times for column, kind, times in done.scrubbed}


PER_ROW = {
    ("LXR", "person"): 1,
    ("LXDH", "person"): 1,
    ("BZ", "name"): 1,
    ("BZ", "phone"): 2,
    ("BZ", "id number"): 1,
}


def test_an_answer_of_an_api_is_kept_without_what_its_envelope_says_beside_the_rows(tmp_path: Path) -> None:
    source = feed(tmp_path, HTTP + SIGNED + 'paging = { style = "page", size = 2, total = "data.total" }\n')
    asked = []

    def reply(handler: Any, query: dict[str, str]) -> None:
        asked.append(handler.headers["Authorization"])
        page = rows(5, TOKEN=SECRET)[(int(query["page"]) - 1) * 2 :][:2]
        said = {"code": 0, "user": PERSON, "token": SECRET, "data": {"total": 5, "rows": page}}
        answer(handler, said, Set_Cookie=SECRET)

    with serving(reply) as url:
        done = record(source, Binding(CITY, url, {"HUB_TEST_TOKEN": SECRET}))
    assert asked == [f"Bearer {SECRET}"], "one page is asked for, as the source wants it"
    assert [row["BH"] for row in kept(source, done)] == ["K1", "K2"]
    assert json.loads(done.file.read_bytes()).keys() == {"code", "data"}
    assert done.unknown == ("TOKEN",)
    assert scrubbed(done) == {key: 2 * times for key, times in PER_ROW.items()} | {("TOKEN", "secret"): 2}


def test_rows_of_a_table_are_kept_up_to_the_number_asked_for(tmp_path: Path) -> None:
    source = feed(tmp_path, TABLE.replace('id = "LSH"', 'id = "BH"'))
    url = f"sqlite:///{tmp_path / 'exchange.db'}"
    engine = sa.create_engine(url, poolclass=sa.NullPool)
    columns = [sa.Column(sa.quoted_name(name, quote=True), sa.TEXT) for name in ROW]
    table = sa.Table(sa.quoted_name("T_XX", quote=True), sa.MetaData(), *columns)
    table.metadata.create_all(engine)
    with engine.begin() as connection:
        connection.execute(table.insert(), rows(5))
    done = record(source, Binding(CITY, url), rows=2)
    assert (done.file.name, done.rows, len(kept(source, done))) == ("rows.json", 2, 2)
    assert scrubbed(done) == {key: 2 * times for key, times in PER_ROW.items()}


def test_what_a_singer_tap_says_is_kept(tmp_path: Path) -> None:
    source = feed(tmp_path, '[transport]\nkind = "singer"\nvariable = "HUB_TEST_TAP"\nstream = "permits"\n')
    settings = source.manifest.transport
    assert isinstance(settings, SingerSettings)
    variables = taps.tap(tmp_path, settings, rows(5, XZ="新列"))
    done = record(source, Binding(CITY, None, variables), rows=2)
    assert (done.file.name, len(kept(source, done)), done.unknown) == ("rows.json", 2, ("XZ",))


def test_a_pushed_message_is_kept_from_its_file(tmp_path: Path) -> None:
    source = feed(tmp_path, PUSH)
    message = tmp_path / "message.json"
    message.write_text(json.dumps({"sender": PERSON, "records": rows(3)}), encoding="utf-8")
    done = record(source, Binding(CITY, str(message)), rows=2)
    assert (done.file.name, len(kept(source, done))) == ("message.json", 2)
    with pytest.raises(NotRecorded, match="--location"):
        record(source, Binding(CITY), force=True)
    with pytest.raises(SourceUnavailable, match="cannot be read"):
        record(source, Binding(CITY, str(tmp_path / "nothing")), force=True)


LINES: list[list[Any]] = [
    [f"报表 填报人：{PERSON} 电话 {PHONE}"],
    [*ROW],
    [*ROW.values()],
    ["", "小计", "", "", "", ""],
    ["K2", *list(ROW.values())[1:]],
    ["K3", *list(ROW.values())[1:]],
]


def arrive(file: Path, lines: list[list[Any]]) -> Path:
    file.parent.mkdir(exist_ok=True)
    if file.suffix == ".xlsx":
        book = openpyxl.Workbook()
        for line in lines:
            book.worksheets[0].append(line)
        book.worksheets[0]["A1"].comment = Comment(f"{PERSON} {PHONE}", PERSON)
        book.create_sheet("通讯录").append([PERSON, PHONE])
        book.properties.creator = PERSON
        book.save(file)
    elif file.suffix == ".xls":
        old = xlwt.Workbook()
        page = old.add_sheet("1")
        for number, line in enumerate(lines):
            for place, cell in enumerate(line):
                page.write(number, place, cell)
        old.save(str(file))
    else:
        text = "\r\n".join(",".join(f'"{cell}"' for cell in line) for line in lines)
        file.write_bytes(text.encode("utf-8-sig" if file.stem == "bom" else "gb18030"))
    os.utime(file, (1_700_000_000, 1_700_000_000))
    return file


@pytest.mark.parametrize("name", ["a.csv", "bom.csv", "a.xlsx", "a.xls"])
def test_a_file_is_kept_in_its_own_format_with_its_title_and_its_subtotals(name: str, tmp_path: Path) -> None:
    source = feed(tmp_path, FILES)
    arrival = arrive(tmp_path / "arrivals" / name, LINES)
    done = record(source, Binding(CITY, str(arrival.parent)), rows=2)
    assert [row["BH"] for row in kept(source, done)] == ["K1", "K2"]
    assert (done.file.name, done.rows) == (name, 2)
    assert scrubbed(done) == {key: 2 * times for key, times in PER_ROW.items()} | {
        ("", "name"): 1,
        ("", "phone"): 1,
    }
    if name.endswith(".csv"):
        said = done.file.read_bytes()
        assert said.startswith(b"\xef\xbb\xbf") == (name == "bom.csv")
        lines = said.decode("utf-8-sig" if name == "bom.csv" else "gb18030").splitlines()
        assert (lines[0], lines[3]) == ("报表 填报人：某甲 电话 10000000001", ",小计,,,,")


def test_a_file_named_after_a_phone_is_not_and_a_text_like_a_formula_stays_one(tmp_path: Path) -> None:
    source = feed(tmp_path, FILES, "ignore = ['BZ']\n")
    book = openpyxl.Workbook()
    for line in (["BH", "MC", "BZ"], ["K1", "示例", "=未定"]):
        book.worksheets[0].append(line)
    book.worksheets[0]["C2"].data_type = "s"
    (tmp_path / "arrivals").mkdir()
    file = tmp_path / "arrivals" / f"报表{PHONE}.xlsx"
    book.save(file)
    os.utime(file, (1_700_000_000, 1_700_000_000))
    done = record(source, Binding(CITY, str(file.parent)))
    assert done.file.name == "报表10000000001.xlsx"
    [row] = samples.rows(source.manifest, Path(str(source.folder)))
    assert json.loads(row.body)["BZ"] == "=未定"


def test_cells_keep_their_types_and_phones_written_as_numbers_are_found(tmp_path: Path) -> None:
    source = feed(tmp_path, FILES, 'ignore = ["QYRQ", "JE", "DH"]\n')
    lines: list[list[Any]] = [
        ["BH", "MC", "QYRQ", "JE", "DH"],
        ["K1", "示例", date(2024, 5, 30), 52000.5, float(PHONE)],
    ]
    arrival = arrive(tmp_path / "arrivals" / "a.xlsx", lines)
    done = record(source, Binding(CITY, str(arrival.parent)))
    [row] = samples.rows(source.manifest, Path(str(source.folder)))
    assert json.loads(row.body) == {
        "BH": "K1",
        "MC": "示例",
        "QYRQ": "2024-05-30",
        "JE": 52000.5,
        "DH": 10000000001,
    }
    assert scrubbed(done) == {("DH", "phone"): 1}


@pytest.mark.parametrize("name", ["a.json", "a.jsonl"])
def test_a_file_of_json_keeps_its_form(name: str, tmp_path: Path) -> None:
    source = feed(tmp_path, FILES.replace("page = 2", 'patterns = ["*.json*"]\nrows = "data.rows"'))
    said = rows(3)
    arrival = tmp_path / "arrivals" / name
    arrival.parent.mkdir()
    whole = json.dumps({"sender": PERSON, "data": {"rows": said}})
    arrival.write_text("\n".join(map(json.dumps, said)) if name == "a.jsonl" else whole, encoding="utf-8")
    os.utime(arrival, (1_700_000_000, 1_700_000_000))
    done = record(source, Binding(CITY, str(arrival.parent)), rows=2)
    assert (done.file.name, len(kept(source, done))) == (name, 2)


def test_a_draft_of_a_manifest_is_enough_and_what_it_does_not_know_is_told(tmp_path: Path) -> None:
    source = feed(tmp_path, FILES, "", KEY + '[fields]\nname = "XMMC"\n')
    arrival = arrive(tmp_path / "arrivals" / "a.csv", LINES)
    done = record(source, Binding(CITY, str(arrival.parent)), rows=1)
    assert done.unknown == ("BZ", "GXSJ", "LXDH", "LXR", "MC")
    assert done.missing == ("XMMC",)
    assert PERSON not in done.file.read_text(encoding="gb18030")


def test_a_recorded_feed_needs_its_expectation_and_no_more(tmp_path: Path) -> None:
    source = feed(tmp_path, FILES, TOP + 'tier = "gold"\n')
    arrival = arrive(tmp_path / "arrivals" / "a.xlsx", LINES)
    record(source, Binding(CITY, str(arrival.parent)))
    folder = Path(str(source.folder))
    assert [line[:2] for line in broken(check(folder))] == ["C5"]
    assert broken(check(folder, update=True)) == []


def test_a_sample_that_is_there_is_not_lost_unless_it_is_meant(tmp_path: Path) -> None:
    source = feed(tmp_path, PUSH)
    message = tmp_path / "message.json"
    message.write_text(json.dumps(rows(1)), encoding="utf-8")
    sample = Path(str(source.folder)) / "sample"
    sample.mkdir()
    (sample / "old.json").write_text("[]", encoding="utf-8")
    with pytest.raises(NotRecorded, match="--force"):
        record(source, Binding(CITY, str(message)))
    assert (sample / "old.json").read_text(encoding="utf-8") == "[]"
    message.write_text("no JSON", encoding="utf-8")
    with pytest.raises(NotRecorded, match="no row that can be read"):
        record(source, Binding(CITY, str(message)), force=True)
    assert (sample / "old.json").exists()
    message.write_text(json.dumps(rows(1)), encoding="utf-8")
    record(source, Binding(CITY, str(message)), force=True)
    assert [path.name for path in sample.iterdir()] == ["message.json"]


def test_rows_nobody_can_read_are_left_out_and_counted(tmp_path: Path) -> None:
    source = feed(tmp_path, PUSH)
    message = tmp_path / "message.json"
    good, keyless = json.dumps(ROW), json.dumps({**ROW, "BH": ""})
    message.write_text(f'[{good}, {keyless}, {good[:-1]}, "BZ": "twice"}}]', encoding="utf-8")
    done = record(source, Binding(CITY, str(message)))
    assert (done.rows, done.left_out, len(kept(source, done))) == (1, 2, 1)


def test_the_guards_of_a_pull_hold_for_a_recording_too(tmp_path: Path) -> None:
    source = feed(tmp_path, HTTP + SIGNED)
    with pytest.raises(AuthFailed, match="HUB_TEST_TOKEN"):
        record(source, Binding(CITY, "http://127.0.0.1:1"))

    def redirect(handler: Any, _: dict[str, str]) -> None:
        answer(handler, b"", 302, Location="http://10.0.0.1/")

    with serving(redirect) as url, pytest.raises(SourceChanged, match="redirects"):
        record(source, Binding(CITY, url, {"HUB_TEST_TOKEN": SECRET}))
    assert not (Path(str(source.folder)) / "sample").exists()
