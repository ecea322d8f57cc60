from __future__ import annotations

from pathlib import Path

import pytest

from connectors.registry import VARIABLE
from connectors.testing import RULES, broken, check, contract_cases, demanded, feeds
from tests.connectors.manifests import BASE, FILES, KEY, PUSH

GOLD = BASE + 'tier = "gold"\n'

FIELDS = '[fields]\nname = { from = "MC", required = true }\nstatus = { from = "ZT", lookup = "s" }\n[lookup.s]\n"1" = "one"\n'
SAMPLE = "BH,MC,ZT\n1,甲,1\n"


def feed(
    root: Path, manifest: str = GOLD + FILES + KEY + FIELDS, sample: str = SAMPLE, code: str = ""
) -> Path:
    folder = root / "testing" / "feed"
    (folder / "sample").mkdir(parents=True)
    (folder / "manifest.toml").write_text(manifest, encoding="utf-8")
    (folder / "sample" / "a.csv").write_text(sample, encoding="utf-8")
    if code:
        head = "from connectors.manifest_connector import ManifestConnector\nclass FeedConnector(ManifestConnector):\n"
        (folder / "connector.py").write_text(head + code, encoding="utf-8")
    return folder


def rules(folder: Path) -> list[str]:
    return [line.split(":")[0] for line in broken(check(folder))]


def test_a_good_feed_keeps_every_rule_once_its_expectation_is_written(tmp_path: Path) -> None:
    folder = feed(tmp_path)
    assert rules(folder) == ["C5"]
    assert broken(check(folder, update=True)) == []
    assert {result.rule: result.state for result in check(folder)} == {
        name: "n/a" if name == "C10" else "kept" for name in RULES
    }


def test_a_feed_without_a_sample_is_told_to_record_one(tmp_path: Path) -> None:
    folder = feed(tmp_path)
    (folder / "sample" / "a.csv").unlink()
    states = {result.rule: result.state for result in check(folder)}
    assert (states["C2"], states["C8"], states["C9"]) == ("broken", "open", "open")
    assert "hub connectors record" in broken(check(folder))[0]


@pytest.mark.parametrize("tier", ["bronze", "gold"])
@pytest.mark.parametrize(("road", "sample"), [(FILES, None), (FILES, "BH,MC,ZT\n"), (PUSH, None)])
def test_a_rule_that_looked_at_no_row_is_open_and_never_kept(
    tmp_path: Path, tier: str, road: str, sample: str | None
) -> None:
    folder = feed(tmp_path, f'{BASE}tier = "{tier}"\n{road}{KEY}{FIELDS}', sample or "")
    if sample is None:
        (folder / "sample" / "a.csv").unlink()
    results = {result.rule: result for result in check(folder)}
    assert results["C2"].state == "broken"
    assert {results[rule].state for rule in ("C3", "C4", "C5", "C6", "C7")} == {"open"}
    assert {results[rule].state for rule in ("C9", "C10")} == {"open", "n/a"}
    assert "the sample has no row" in results["C3"].message


def test_a_sample_that_cannot_be_read_leaves_the_table_whole(tmp_path: Path) -> None:
    results = check(feed(tmp_path, sample="BH,MC,ZT,XZL\n1,甲,1,x\n"))
    states = {result.rule: result.state for result in results}
    assert states == dict.fromkeys(RULES, "open") | {"C1": "kept", "C2": "broken"}


def test_an_unknown_key_and_a_wrong_manifest_break_the_first_rule(tmp_path: Path) -> None:
    assert "there is no source" in broken(check("no.such"))[0]
    assert rules(feed(tmp_path, BASE + FILES + KEY + "[nonsense]\n")) == ["C1"]


@pytest.mark.parametrize(
    ("sample", "broken_rules"),
    [
        ("BH,MC,ZT\n", ["C2"]),
        ("BH,MC,ZT\n1,甲,1\n,乙,1\n", ["C3", "C5"]),
        ("BH,MC,ZT,XZL\n1,甲,1,x\n", ["C2"]),
    ],
)
def test_a_sample_that_says_nothing_or_something_else_is_told(
    tmp_path: Path, sample: str, broken_rules: list[str]
) -> None:
    assert rules(feed(tmp_path, sample=sample)) == broken_rules


COUNTING = """    calls = 0
    def normalize(self, raws):
        type(self).calls += 1
        for outcome in super().normalize(raws):
            yield outcome if type(self).calls % 2 else type(outcome)(())
"""
SWALLOWING = """    def normalize(self, raws):
        for outcome in super().normalize(raws):
            yield type(outcome)(outcome.statements, ())
"""


def test_code_that_answers_differently_or_swallows_doubts_is_found(tmp_path: Path) -> None:
    folder = feed(tmp_path / "a", code=COUNTING)
    assert "C4" in rules(folder)
    folder = feed(tmp_path / "b", code=SWALLOWING)
    check(folder, update=True)
    assert rules(folder) == ["C7"]


def test_a_change_of_meaning_shows_against_the_expectation(tmp_path: Path) -> None:
    folder = feed(tmp_path)
    check(folder, update=True)
    text = (folder / "manifest.toml").read_text(encoding="utf-8")
    (folder / "manifest.toml").write_text(text.replace('"1" = "one"', '"1" = "two"'), encoding="utf-8")
    assert rules(folder) == ["C5"]


def test_an_exemption_needs_its_reason_and_is_shown(tmp_path: Path) -> None:
    exempt = BASE + 'exempt = { C5 = "the sample changes daily" }\n' + FILES + KEY + FIELDS
    results = check(feed(tmp_path, exempt))
    assert broken(results) == []
    assert [(r.rule, r.message) for r in results if r.state == "exempt"] == [
        ("C5", "the sample changes daily")
    ]
    assert rules(feed(tmp_path / "b", exempt.replace("the sample changes daily", ""))) == ["C1"]


def test_a_tier_demands_its_own_rules_and_those_below_it(tmp_path: Path) -> None:
    assert demanded("bronze") == ("C1", "C2", "C3", "C4", "C5")
    assert set(demanded("silver")) - set(demanded("bronze")) == {"C6", "C7", "C8"}
    assert set(demanded("gold")) - set(demanded("silver")) == {"C9", "C10"}
    states = {}
    for tier in ("bronze", "silver"):
        folder = feed(tmp_path / tier, f'{BASE}tier = "{tier}"\n{FILES}{KEY}{FIELDS}', code=SWALLOWING)
        check(folder, update=True)
        states[tier] = next(result.state for result in check(folder) if result.rule == "C7")
    assert states == {"bronze": "open", "silver": "broken"}


def test_a_rule_that_is_no_rule_or_is_the_manifest_itself_allows_no_exemption(tmp_path: Path) -> None:
    for name in ("C1", "C11", "the_sample"):
        exempt = f'{BASE}exempt = {{ {name} = "we would rather not" }}\n{FILES}{KEY}{FIELDS}'
        assert rules(feed(tmp_path / name, exempt)) == ["C1"]


RAISING = """    def normalize(self, raws):
        raise KeyError("the author's own mistake")
        yield
"""


def test_what_a_feeds_own_code_raises_is_told_and_ends_no_check(tmp_path: Path) -> None:
    found = broken(check(feed(tmp_path, code=RAISING)))
    assert 'C4: KeyError: "the author\'s own mistake"' in found


def test_every_rule_says_what_it_promises_in_a_sentence() -> None:
    assert all(rule.says.endswith(".") and "\n" not in rule.says for rule in RULES.values())


def test_a_third_party_gets_a_case_for_each_rule_its_tier_demands(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = feed(tmp_path, f'{BASE}tier = "silver"\n{FILES}{KEY}{FIELDS}')
    check(folder, update=True)
    monkeypatch.setenv(VARIABLE, str(tmp_path))
    cases = contract_cases("testing.feed")
    assert [str(case) for case in cases] == [f"testing.feed-C{number}" for number in range(1, 9)]
    assert [case.broken() for case in cases] == [[]] * 8
    (folder / "expected.json").unlink()
    assert [case.rule for case in cases if case.broken()] == ["C5"]
    assert {case.source.manifest.key for case in contract_cases()} == set(feeds())
    with pytest.raises(ValueError, match=r"there is no source no\.such"):
        contract_cases("no.such")
