from __future__ import annotations

from pathlib import Path

import pytest

from connectors.manifest import ManifestError, load, parse
from tests.connectors.manifests import BASE, FILES, HTTP, KEY, NAME, PUSH, TABLE, VERSION, manifest, simple


def refused(*parts: str, top: str = "") -> str:
    with pytest.raises(ManifestError) as error:
        manifest(*parts, top=top)
    return str(error.value)


@pytest.mark.parametrize("transport", [TABLE, FILES, HTTP, PUSH])
def test_every_kind_of_transport_is_read(transport: str) -> None:
    made = simple(transport)
    assert made.transport.kind in transport
    assert made.identity.choices == (("BH",),)


def test_a_typing_error_is_named_with_its_place() -> None:
    assert "transport.files.patern" in refused(FILES + 'patern = ["*.csv"]', KEY)
    assert "volatil" in refused(FILES, KEY, top='volatil = ["x"]')
    assert "money.price.unit" in refused(FILES, KEY, '[money]\nprice = { from = "JG", unit = "万" }')
    assert "identifiers.0.scheme" in refused(
        FILES, KEY, '[[identifiers]]\nscheme = "projectcode"\nfrom = "X"'
    )
    assert "nmae" in refused(FILES, KEY, '[fields]\nnmae = "MC"')


@pytest.mark.parametrize(
    ("key", "word"),
    [
        ('[identity]\ncolumns = ["序号"]', "place"),
        ('[identity]\nany_of = [["BH"], ["row_no"]]', "place"),
        ('[identity]\ncolumns = ["3"]', "place"),
        ("[identity]\n", "needs"),
        ('[identity]\ncolumns = ["BH"]\nany_of = [[]]', "empty"),
    ],
)
def test_a_place_in_a_list_is_never_a_key(key: str, word: str) -> None:
    assert word in refused(FILES, key)


@pytest.mark.parametrize(
    ("part", "word"),
    [
        ('[fields]\nstatus = { from = "ZT", lookup = "none" }', "lookup.none"),
        ('[[evidence]]\nmilestone = "C5"\nrank = "A"\nnumber = "BH"', "rank A"),
        ('[[evidence]]\nmilestone = "C5"\nrank = "B"', "evidence needs"),
        ('[[parties]]\nrole = "owner"', "party needs"),
        ('[assertions]\n"money.price" = { max = 1 }', "no declared money"),
        ('[parent]\npart = "event"\nsource = "a.b"\nkey = "P"\n[place]\ndistrict = "Q"', "a part has"),
        ("[schedule]\n", "one of them"),
        ('[schedule]\nevery = 60\ncron = "0 2 * * *"', "one of them"),
        ('[fields]\nworks_class = { from = "X", match = "no group" }', "exactly one group"),
        ('[fields]\nworks_class = { from = "X", match = "(" }', "no pattern"),
    ],
)
def test_what_cannot_mean_anything_is_refused(part: str, word: str) -> None:
    assert word in refused(FILES, KEY, part)


def test_a_version_is_said_by_columns_or_by_the_files_name_with_one_group() -> None:
    def said(pattern: str) -> str:
        return f'{FILES}version = {{ from = "name", pattern = "{pattern}" }}'

    assert "one of them" in refused(said("(x)"), KEY, VERSION)
    assert "needs one group" in refused(said("x"), KEY)
    assert "no regular expression" in refused(said("("), KEY)


def test_a_column_is_mapped_or_ignored_not_both() -> None:
    assert "BH is mapped too" in refused(FILES, KEY, top='ignore = ["BH"]')
    assert "optional: QQ" in refused(FILES, KEY, top='optional = ["QQ"]')


def test_a_pushed_source_names_the_variables_of_its_secrets_never_the_secrets() -> None:
    assert "needs [push]" in refused('[transport]\nkind = "push"', KEY)
    assert "push.secrets" in refused('[transport]\nkind = "push"\n[push]\nsecrets = ["whsec_abc"]', KEY)
    assert "auth" in refused(HTTP + 'auth = { kind = "bearer" }', KEY)


def test_columns_are_named_without_decoration_and_known_ones_are_those_that_mean_something() -> None:
    made = simple(
        TABLE,
        VERSION,
        '[money]\nprice = { from = "价格（万元）：", unit = "万元" }',
        top='ignore = ["备注"]\nvolatile = ["LSH"]',
    )
    assert made.known_columns() == {"BH", "MC", "GXSJ", "价格", "备注", "LSH"}
    assert made.needed_columns() == {"BH", "MC", "GXSJ", "价格"}


def test_a_folder_is_its_key_and_broken_files_are_named(tmp_path: Path) -> None:
    folder = tmp_path / "testing" / "other"
    folder.mkdir(parents=True)
    with pytest.raises(ManifestError, match="cannot be read"):
        load(folder)
    (folder / "manifest.toml").write_text("key = ", encoding="utf-8")
    with pytest.raises(ManifestError, match="not TOML"):
        load(folder)
    (folder / "manifest.toml").write_text(BASE + FILES + KEY + NAME, encoding="utf-8")
    with pytest.raises(ManifestError, match="the folder testing/other says"):
        load(folder)
    right = folder.rename(tmp_path / "testing" / "feed")
    assert load(right).key == "testing.feed"


def test_a_key_begins_with_its_department() -> None:
    with pytest.raises(ManifestError, match="must begin with its department"):
        parse(BASE.replace('department = "testing"', 'department = "other"') + FILES + KEY)
