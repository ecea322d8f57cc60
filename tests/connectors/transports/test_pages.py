from __future__ import annotations

import random
from collections.abc import Callable
from datetime import datetime
from functools import partial
from http.server import BaseHTTPRequestHandler
from typing import Any

import pytest

from connectors.contract import Binding
from connectors.errors import AuthFailed, SourceChanged, SourceUnavailable
from connectors.glances import UnreadRows
from connectors.manifest import Manifest
from connectors.moments import moment
from connectors.testing.web import handled as serving
from connectors.transport_settings import HttpSettings
from connectors.transports.pages import fetch
from schemas.records import Listing, Page, RawRecord
from tests.connectors.manifests import HTTP, VERSION, simple
from tests.connectors.transports.serving import answer

Query = dict[str, str]
Reply = Callable[[BaseHTTPRequestHandler, Query], None]
PAGED = HTTP + 'paging = { style = "page", size = 2, total = "data.total" }\n'
SINCE = '[transport.since]\nparameter = "since"\ncolumn = "GXSJ"\nordered = true\noverlap_seconds = 60\n'


def row(number: int) -> dict[str, Any]:
    return {"BH": str(number), "MC": f"项目{number}", "GXSJ": f"2024-01-01 00:{number:02d}:00"}


def pages(made: Manifest, base: str, cursor: str | None = None) -> list[Page]:
    assert isinstance(made.transport, HttpSettings)
    return list(fetch(made, made.transport, Binding(430200, location=base), cursor, lambda _: None))


def keys(found: list[Page]) -> list[str]:
    return [raw.key for page in found for raw in page.rows if isinstance(raw, RawRecord)]


class Api:
    """An API over a list that tests may change between two requests."""

    def __init__(self, rows: list[dict[str, Any]]) -> None:
        self.rows, self.asked = rows, list[Query]()
        self.sort = True
        self.before: Callable[[int], None] = lambda _: None

    def __call__(self, handler: BaseHTTPRequestHandler, query: Query) -> None:
        self.before(len(self.asked))
        self.asked.append(query)
        rows = [each for each in self.rows if each["GXSJ"] >= query.get("since", "")]
        if self.sort:
            rows.sort(key=lambda each: (each["GXSJ"], each["BH"]))
        page, size = int(query.get("page", 1)), int(query.get("size", 100))
        data = {"total": len(rows), "rows": rows[(page - 1) * size : page * size]}
        answer(handler, {"code": 0, "data": data})


def test_a_paged_list_is_walked_to_its_end_and_resumes_from_what_it_saw() -> None:
    api, made = Api([row(n) for n in range(1, 6)]), simple(PAGED + SINCE, VERSION)
    with serving(api) as base:
        found = pages(made, base)
        assert keys(found) == ["1", "2", "3", "4", "5"]
        assert {page.listing for page in found} == {Listing.CHANGES}
        api.rows.append(row(30))
        assert keys(pages(made, base, found[-1].cursor)) == ["4", "5", "30"]
        assert keys(pages(made, base, found[0].cursor))[:2] == ["1", "2"]


def test_a_row_from_the_future_does_not_hide_what_is_to_come() -> None:
    api, made = Api([row(1), {**row(2), "GXSJ": "2999-01-01 00:00:00"}]), simple(PAGED + SINCE, VERSION)
    with serving(api) as base:
        cursor = pages(made, base)[-1].cursor
        api.rows.append(row(3))
        assert "3" in keys(pages(made, base, cursor))


def test_a_list_that_changes_while_it_is_read_is_read_on_from_what_was_seen() -> None:
    api, made = Api([row(n) for n in range(1, 6)]), simple(PAGED + SINCE, VERSION)

    def change(asked: int) -> None:
        if asked == 1:
            api.rows = [*(each for each in api.rows if each["BH"] != "1"), row(20)]

    api.before = change
    with serving(api) as base:
        assert {"1", "2", "3", "4", "5", "20"} == set(keys(pages(made, base)))


def test_an_order_that_was_promised_and_not_kept_stops_the_source() -> None:
    api = Api([row(2), row(1)])
    api.sort = False
    with serving(api) as base, pytest.raises(SourceChanged, match="order"):
        pages(simple(PAGED + SINCE, VERSION), base)


def test_more_rows_of_one_moment_than_a_page_holds_are_all_given() -> None:
    same = [{**row(n), "GXSJ": "2024-01-01 00:00:00"} for n in range(7)]
    api, made = Api([*same, row(9)]), simple(PAGED + SINCE, VERSION)
    with serving(api) as base:
        assert set(keys(pages(made, base))) == {*map(str, range(7)), "9"}


def test_a_list_that_never_holds_still_ends_the_run() -> None:
    api, made = Api([row(n) for n in range(1, 9)]), simple(PAGED, VERSION)
    api.before = lambda asked: api.rows.append(row(20 + asked))
    with serving(api) as base, pytest.raises(SourceUnavailable, match="changed while"):
        pages(made, base)


def test_a_list_that_ends_before_its_total_is_no_clean_end() -> None:
    def reply(handler: BaseHTTPRequestHandler, query: Query) -> None:
        rows = [row(1), row(2)] if query["page"] == "1" else []
        answer(handler, {"data": {"total": 5, "rows": rows}})

    given: list[Page] = []
    made = simple(PAGED, VERSION, top='listing = "full"')
    assert isinstance(made.transport, HttpSettings)
    with serving(reply) as base, pytest.raises(SourceUnavailable, match="2 of 5"):
        given.extend(fetch(made, made.transport, Binding(1, location=base), None))
    assert all(page.listing is not Listing.FULL_END for page in given)


def test_a_full_list_ends_with_a_page_that_says_so_even_when_it_is_empty() -> None:
    made = simple(PAGED, VERSION, top='listing = "full"')
    with serving(Api([row(1), row(2), row(3)])) as base:
        assert [page.listing for page in pages(made, base)] == [Listing.FULL, Listing.FULL_END]
    with serving(Api([])) as base:
        assert [(page.rows, page.listing) for page in pages(made, base)] == [((), Listing.FULL_END)]


@pytest.mark.parametrize(
    ("paging", "size"),
    [
        ('paging = { style = "offset", parameter = "from", size = 2 }\n', 2),
        ('paging = { style = "cursor", parameter = "after", size = 2, next = "data.next" }\n', 2),
        ('paging = { style = "link", size = 2, next = "data.next" }\n', 2),
        ("", 5),
    ],
)
def test_every_style_of_paging_reaches_the_end(paging: str, size: int) -> None:
    rows = [row(n) for n in range(5)]

    def reply(handler: BaseHTTPRequestHandler, query: Query) -> None:
        begin = int(query.get("from", query.get("after", "0")))
        end = begin + size
        following = str(end) if end < len(rows) else None
        if "link" in paging and following:
            following = f"/rows?from={following}&size=2"
        answer(handler, {"data": {"rows": rows[begin:end], "next": following}})

    with serving(reply) as base:
        assert keys(pages(simple(HTTP + paging, VERSION), base)) == ["0", "1", "2", "3", "4"]


def test_a_next_that_leads_to_itself_and_too_many_pages_stop_the_run() -> None:
    def same(handler: BaseHTTPRequestHandler, _: Query) -> None:
        answer(handler, {"data": {"rows": [row(1)], "next": "x"}})

    with serving(same) as base, pytest.raises(SourceChanged, match="itself"):
        pages(
            simple(
                HTTP + 'paging = { style = "cursor", parameter = "after", next = "data.next" }\n', VERSION
            ),
            base,
        )
    api = Api([row(n) for n in range(1, 9)])
    limited = simple(PAGED.replace("size = 2", "size = 2, max_pages = 2"), VERSION)
    with serving(api) as base, pytest.raises(SourceChanged, match="more than 2 pages"):
        pages(limited, base)


@pytest.mark.parametrize(
    "body",
    [
        b"<html>",
        b'{"data":{}}',
        b'{"data":{"rows":{}}}',
        b"[]",
        b"",
        b'{"data":{"rows":[1,2,3]}}',
        b'{"data":{"rows":[{"X":1},{"X":2},{"X":3}]}}',
    ],
)
def test_an_answer_of_another_shape_stops_the_source(body: bytes) -> None:
    with serving(lambda handler, _: answer(handler, body)) as base, pytest.raises(SourceChanged):
        pages(simple(HTTP), base)


def test_a_new_column_on_the_whole_page_stops_the_source_on_one_row_it_does_not() -> None:
    def reply_with(rows: list[dict[str, Any]]) -> Reply:
        return lambda handler, _: answer(handler, {"data": {"rows": rows}})

    plain = [{"BH": str(n), "MC": "a"} for n in range(4)]
    with (
        serving(reply_with([{**each, "XZL": 1} for each in plain])) as base,
        pytest.raises(SourceChanged, match="XZL"),
    ):
        pages(simple(HTTP), base)
    with serving(reply_with([*plain, {"BH": "9", "XZL": 1}])) as base:
        assert len(keys(pages(simple(HTTP), base))) == 5


def test_one_rotten_row_does_not_cost_the_page() -> None:
    body = b'{"data":{"rows":[{"BH":"1","MC":"a"},{"BH":"2","MC":NaN},{"BH":"3","MC":"c"}]}}'
    with serving(lambda handler, _: answer(handler, body)) as base:
        assert keys(pages(simple(HTTP), base)) == ["1", "2", "3"]


def test_an_error_dressed_as_an_answer_is_an_error() -> None:
    agreed = HTTP + 'agreed = { pointer = "code", values = ["0"], auth_values = ["401"] }\n'
    for code, error in ((500, SourceUnavailable), (401, AuthFailed)):
        api: Reply = partial(_dressed, code)
        with serving(api) as base, pytest.raises(error):
            pages(simple(agreed), base)


def _dressed(code: int, handler: BaseHTTPRequestHandler, _: Query) -> None:
    answer(handler, {"code": code, "data": {"rows": []}})


def test_without_an_address_the_variable_to_set_is_named() -> None:
    made = simple(HTTP)
    assert isinstance(made.transport, HttpSettings)
    with pytest.raises(SourceUnavailable, match="HUB_TEST_URL"):
        list(fetch(made, made.transport, Binding(430200), None))


class Restless(Api):
    """A list that changes between two requests, at random: rows are updated, added, taken away; stamped by the clock."""

    def __init__(self, seed: int, order: str) -> None:
        super().__init__([row(n) for n in range(10, 40)])
        self.dice, self.order, self.sort = random.Random(seed), order, False
        self.before, self.still, self.next = self.change, False, 100
        self.always = {each["BH"] for each in self.rows}
        self.change(0)

    def change(self, asked: int) -> None:
        dice = self.dice
        while not self.still and dice.random() < 0.15:
            at = datetime.now().isoformat(" ")  # noqa: DTZ005 - a department writes its own clock, without a zone
            what = dice.choice(("update", "add", "swap"))
            if what == "update":
                dice.choice(self.rows)["GXSJ"] = at
            if what == "swap":
                self.always.discard(self.rows.pop(dice.randrange(len(self.rows)))["BH"])
            if what != "update":
                self.next += 1
                self.rows.append({"BH": str(self.next), "MC": "新", "GXSJ": at})
        column, _, downwards = self.order.partition(" ")
        self.rows.sort(key=lambda each: each[column], reverse=bool(downwards))


@pytest.mark.parametrize("order", ["BH", "GXSJ", "GXSJ desc"])
@pytest.mark.parametrize("full", [False, True])
@pytest.mark.parametrize("seed", range(8))
def test_a_list_that_shifts_while_it_is_read_hides_no_row_for_good_and_loses_none(
    seed: int, order: str, full: bool
) -> None:
    paged = PAGED.replace("size = 2", "size = 7")
    made = (
        simple(paged, VERSION, top='listing = "full"')
        if full
        else simple(paged + SINCE.replace("ordered = true", ""), VERSION)
    )
    assert isinstance(made.transport, HttpSettings)
    api, given, cursor = Restless(seed, order), dict[str, str](), None
    with serving(api) as base:
        for turn in range(4):
            api.still = turn == 3
            listed = set[str]()
            try:
                for page in fetch(made, made.transport, Binding(1, location=base), cursor, lambda _: None):
                    cursor = page.cursor
                    rows = [raw for raw in page.rows if isinstance(raw, RawRecord)]
                    listed |= {raw.key for raw in rows}
                    given |= {raw.key: max(raw.version, given.get(raw.key, "")) for raw in rows}
                    assert page.listing is not Listing.FULL_END or api.always <= listed
            except SourceUnavailable:
                assert turn < 3
    assert {each["BH"]: moment(each["GXSJ"]) for each in api.rows}.items() <= given.items()


def test_an_answer_that_names_its_rows_twice_is_another_source() -> None:
    def reply(handler: BaseHTTPRequestHandler, _: Query) -> None:
        answer(handler, b'{"data":{"rows":[{"BH":"1"}],"rows":[{"BH":"2"}]}}')

    with serving(reply) as base, pytest.raises(SourceChanged, match="rows stands twice"):
        pages(simple(HTTP), base)


@pytest.mark.parametrize("rules", ["full", "ordered", "unordered"])
def test_to_walk_a_list_few_of_its_rows_are_read_and_equal_pages_are_told_equal(rules: str) -> None:
    api = Api([row(n) for n in range(1, 41)])
    since = {"full": "", "ordered": SINCE, "unordered": SINCE.replace("ordered = true", "")}[rules]
    top = 'listing = "full"' if rules == "full" else ""
    made = simple(
        PAGED.replace("size = 2", f"size = {15 if rules == 'ordered' else 40}") + since, VERSION, top=top
    )
    with serving(api) as base:
        found, again = pages(made, base), pages(made, base)
        for page in found:
            assert isinstance(page.rows, UnreadRows)
            assert page.rows.read_so_far <= 2
        assert [page.said for page in found] == [page.said for page in again]
        assert [page.last for page in found] == [False] * (len(found) - 1) + [True]
        assert keys(found) == [str(n) for n in range(1, 41)]
        api.rows[39]["MC"] = "别的"
        assert pages(made, base)[-1].said != found[-1].said


def test_a_list_of_one_answer_is_not_sent_again_while_its_source_says_it_is_the_same(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    made, asked, said = simple('listing = "full"\n' + HTTP, VERSION), list[str | None](), [row(1), row(2)]

    def reply(handler: BaseHTTPRequestHandler, query: Query) -> None:
        mark = f'"{len(said)}"'
        asked.append(handler.headers["If-None-Match"])
        if asked[-1] == mark:
            answer(handler, b"", 304, ETag=mark)
        else:
            answer(handler, {"code": 0, "data": {"total": len(said), "rows": said}}, ETag=mark)

    with serving(reply) as base:
        first = pages(made, base)
        assert keys(first) == ["1", "2"]
        again = pages(made, base, first[-1].cursor)
        assert [(page.rows, page.listing, page.last) for page in again] == [((), Listing.CHANGES, True)]
        said.append(row(3))
        assert keys(third := pages(made, base, again[-1].cursor)) == ["1", "2", "3"]
        assert asked == [None, '"2"', '"2"']
        assert keys(pages(made.model_copy(update={"volatile": ("MC",)}), base, third[-1].cursor)) == [
            "1",
            "2",
            "3",
        ]
        assert keys(pages(made, base.replace("127.0.0.1", "localhost"), third[-1].cursor)) == ["1", "2", "3"]
        assert asked[3:] == [None, None]
        tomorrow = type(
            "Tomorrow", (datetime,), {"now": classmethod(lambda _, tz: datetime(2999, 1, 1, tzinfo=tz))}
        )
        monkeypatch.setattr("connectors.transports.pages.datetime", tomorrow)
        assert keys(pages(made, base, third[-1].cursor)) == ["1", "2", "3"]


def test_who_says_unchanged_and_was_not_asked_has_another_shape() -> None:
    made = simple('listing = "full"\n' + HTTP, VERSION)
    with (
        serving(lambda handler, _: answer(handler, b"", 304)) as base,
        pytest.raises(SourceChanged, match="304"),
    ):
        pages(made, base)
