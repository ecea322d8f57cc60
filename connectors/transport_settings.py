"""What a manifest says about how a source is reached: one closed table per kind of transport."""

from __future__ import annotations

import re
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, model_validator

from connectors.columns import column_name
from schemas.base import Schema

ColumnName = Annotated[str, AfterValidator(column_name), Field(min_length=1)]
"""A column as manifests name it: without unit, colon or full width."""
VariableName = Annotated[str, Field(pattern=r"^[A-Z][A-Z0-9_]*$")]
"""The name of a variable of the deployment; its value never stands in a manifest."""


class Auth(Schema):
    """Who we are to a source. Signed requests (HMAC) get their kinds here and their code in `transports/http_auth.py`."""

    kind: Literal["none", "bearer", "basic", "header"] = "none"
    variable: VariableName | None = None
    """Holds the token, `user:password`, or the header's value."""
    header: str = "Authorization"

    @model_validator(mode="after")
    def _names_its_secret(self) -> Auth:
        if self.kind != "none" and self.variable is None:
            raise ValueError("auth needs `variable`, the name of the variable that holds the secret")
        return self


class Paging(Schema):
    """How a list is cut into pages; pointers are dotted names into the answer."""

    style: Literal["none", "page", "offset", "cursor", "link"] = "none"
    parameter: str = "page"
    size_parameter: str | None = "size"
    size: Annotated[int, Field(ge=1, le=5000)] = 100
    first: int = 1
    total: str | None = None
    next: str | None = None
    """Where a cursor token or the address of the next page stands."""
    max_pages: Annotated[int, Field(ge=1)] = 10_000


class Since(Schema):
    """How only what changed is asked for: a parameter that takes a moment, and how far back we ask again."""

    parameter: str
    column: ColumnName
    form: str = "%Y-%m-%d %H:%M:%S"
    first: str = "1970-01-01 00:00:00"
    overlap_seconds: Annotated[int, Field(ge=0)] = 300
    ordered: bool = False
    """True when the source promises ascending order of `column`: then a run can resume on any page."""


class Agreed(Schema):
    """A field of the answer that must hold one of these values, else the answer is an error in disguise."""

    pointer: str
    values: tuple[str, ...]
    auth_values: tuple[str, ...] = ()


class HttpSettings(Schema):
    """A JSON API. `deadline_seconds` is for a whole answer, connection and body together."""

    kind: Literal["http"]
    variable: VariableName
    default: str | None = None
    path: str = ""
    parameters: dict[str, str] = {}
    rows: str = ""
    auth: Auth = Auth()
    paging: Paging = Paging()
    since: Since | None = None
    agreed: Agreed | None = None
    deadline_seconds: Annotated[float, Field(gt=0)] = 30.0
    attempts: Annotated[int, Field(ge=1, le=10)] = 4
    patience_seconds: Annotated[float, Field(ge=0)] = 60.0
    max_bytes: Annotated[int, Field(ge=1)] = 32 * 1024 * 1024


class TableSettings(Schema):
    """A table of an exchange database, read by (updated, id); `id` must be unique within `updated`."""

    kind: Literal["table"]
    variable: VariableName
    default: str | None = None
    table: str
    db_schema: str | None = None
    updated: str
    id: str
    overlap_seconds: Annotated[int, Field(ge=0)] = 7200
    page: Annotated[int, Field(ge=1, le=1000)] = 1000


class WriteBack(Schema):
    """How a table is told what became of its rows, where the deployment permits it by giving `variable`.

    Its value is the address of the database for an account that may write these two columns; it is asked for by
    jurisdiction, `NAME_<jurisdiction>`, so that no city writes into another's database.
    """

    variable: VariableName
    status: str
    reason: str | None = None
    reason_length: Annotated[int, Field(ge=10, le=4000)] = 500
    """Characters; the column's own length where that is less."""
    untold: tuple[str, ...] = ("0",)
    """What the status may be before: any other value is somebody else's word, and stays."""
    accepted: str
    rejected: str


class Skip(Schema):
    """Rows of a sheet that are no records; a row with a key is never skipped, unless the key is a total's word."""

    totals: tuple[str, ...] = ("小计", "合计", "总计")
    notes: tuple[str, ...] = ("填报说明", "说明:", "备注:", "注:", "填表人", "制表")


class Header(Schema):
    """A header known to be wrong: where the run of names `is` stands, the columns are `means`, in this order.

    '' names a column without a name. A header without that run is read as it stands.
    """

    stands: tuple[str, ...] = Field(alias="is", min_length=1)
    means: tuple[str, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _tells_columns_apart(self) -> Header:
        named = [column_name(name) for name in self.means if name]
        if len(set(named)) != len(named):
            raise ValueError("`means` gives two columns one name")
        return self


class NameVersion(Schema):
    """Each row is as new as the day in its file's name says: the one group of `pattern`, its last match."""

    where: Literal["name"] = Field(alias="from")
    pattern: str

    @model_validator(mode="after")
    def _finds_one_thing(self) -> NameVersion:
        try:
            groups = re.compile(self.pattern).groups
        except re.error as error:
            raise ValueError(f"`pattern` is no regular expression: {error}") from error
        if groups != 1:
            raise ValueError("`pattern` needs one group, around the day")
        return self


class FilesSettings(Schema):
    """A watched folder: every arrival (name, size, time, hash) is read once, oldest first.

    With `every_line`, each line below the header is a row: a blank one too, none is skipped as a total or a note, and
    one of another width than the header is refused as a whole.
    """

    kind: Literal["files"]
    variable: VariableName
    default: str | None = None
    patterns: tuple[str, ...] = ("*.xlsx", "*.xls", "*.csv", "*.json")
    order: Literal["time", "name"] = "time"
    version: NameVersion | None = None
    """Tells a file that arrives late; one whose name says no day is then refused."""
    sheet: str | None = None
    sheet_may_lack: bool = False
    """A workbook without the sheet says nothing, rather than being refused; nothing is withdrawn by it."""
    header_rows: Annotated[int, Field(ge=1, le=3)] = 1
    header_within: Annotated[int, Field(ge=1, le=50)] = 10
    fill_down: tuple[ColumnName, ...] = ()
    skip: Skip = Skip()
    header: Header | None = None
    every_line: bool = False
    ragged: bool = False
    """The lines of its csv leave off their last cells where these are blank; else a line that is too short is refused."""
    rows: str = ""
    returned: VariableName | None = None
    """Names the folder into which a file that had faults is put back, marked; never the watched one."""
    settle_seconds: Annotated[float, Field(ge=0)] = 2.0
    max_bytes: Annotated[int, Field(ge=1)] = 200 * 1024 * 1024
    page: Annotated[int, Field(ge=1, le=1000)] = 1000


class SingerSettings(Schema):
    """A Singer tap as its author made it, run as a child process; one of its streams is this source.

    The variables hold the tap's command line and its config (a file's path, or the JSON itself). Of the hub's own
    environment the tap sees nothing but what `environment` names.
    """

    kind: Literal["singer"]
    variable: VariableName
    config: VariableName | None = None
    environment: tuple[VariableName, ...] = ()
    stream: Annotated[str, Field(min_length=1)]
    discover: bool = False
    """Ask the tap for its catalogue first and select this stream alone; taps of databases need it."""
    replication_key: str | None = None
    key_properties: tuple[ColumnName, ...] = ()
    """What the tap calls its key, where that is right and yet not the key of [identity]."""
    page: Annotated[int, Field(ge=1, le=1000)] = 1000
    deadline_seconds: Annotated[float, Field(gt=0)] = 3600.0
    """For a whole run, what the hub itself needs for the rows included."""
    silence_seconds: Annotated[float, Field(gt=0)] = 300.0
    max_line_bytes: Annotated[int, Field(ge=1)] = 16 * 1024 * 1024

    @model_validator(mode="after")
    def _can_select(self) -> SingerSettings:
        if self.replication_key and not self.discover:
            raise ValueError("`replication_key` is said in the catalogue: it needs `discover = true`")
        return self


class PushSettings(Schema):
    """Signed messages only; there is nothing to fetch."""

    kind: Literal["push"]


Transport = Annotated[
    HttpSettings | TableSettings | FilesSettings | SingerSettings | PushSettings, Field(discriminator="kind")
]


class Schedule(Schema):
    """When a source is asked: every so many seconds, or by a cron line in China time."""

    every: Annotated[int, Field(ge=1)] | None = None
    cron: str | None = None

    @model_validator(mode="after")
    def _one_of_both(self) -> Schedule:
        if (self.every is None) == (self.cron is None):
            raise ValueError("give `every` (seconds) or `cron`, one of them")
        return self


class Push(Schema):
    """Who may push: the variables that hold the signing secrets (several while one is replaced)."""

    secrets: tuple[VariableName, ...] = Field(min_length=1)
    tolerance_seconds: Annotated[int, Field(ge=1, le=3600)] = 300
    rows: str = "records"
    strict: bool = False
    """Whether a message is read before it is taken: one with a row that would be refused is answered 422 and not kept."""
    max_bytes: Annotated[int, Field(ge=1024, le=16 * 1_048_576)] | None = None
    """Largest message; without it the deployment's own limit."""
    per_minute: Annotated[int, Field(ge=1)] | None = None
    """Messages taken in a minute by each process that serves, before it answers 429."""
