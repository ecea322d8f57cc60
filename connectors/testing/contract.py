"""The rules of the contract by name and tier, and what checking a feed against them tells."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from connectors import registry
from connectors.manifest import ManifestError
from connectors.testing import rules
from connectors.testing.errors_named import names_errors
from connectors.testing.feed import Feed, NotConcerned, NothingSeen, opened
from connectors.testing.pushing import takes_signed_pushes
from connectors.testing.resuming import resumes

Tier = Literal["bronze", "silver", "gold"]
TIERS: tuple[Tier, ...] = ("bronze", "silver", "gold")


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule of the contract: from which tier on it is demanded, and the function that tells what is wrong."""

    name: str
    tier: Tier
    find_wrong: Callable[[Feed], str | None]

    @property
    def says(self) -> str:
        """What the rule promises, in a sentence."""
        return (self.find_wrong.__doc__ or "").strip()


@dataclass(frozen=True, slots=True)
class RuleResult:
    """Whether a feed keeps a rule: `n/a` does not concern it.

    `open` is not kept and not demanded of its tier, or nobody knows, for the sample has nothing to look at; C2 tells that.
    """

    rule: str
    state: Literal["kept", "broken", "exempt", "open", "n/a"]
    message: str


def _manifest_holds(feed: Feed) -> str | None:
    """The manifest is valid, has an owner, and its key is its folder."""
    return None if feed.manifest.owner.strip() else "the manifest names no owner"


RULES = {
    rule.name: rule
    for rule in (
        Rule("C1", "bronze", _manifest_holds),
        Rule("C2", "bronze", rules.gives_rows),
        Rule("C3", "bronze", rules.keys_hold),
        Rule("C4", "bronze", rules.repeats),
        Rule("C5", "bronze", rules.as_expected),
        Rule("C6", "silver", rules.columns_known),
        Rule("C7", "silver", rules.refuses_strange),
        Rule("C8", "silver", names_errors),
        Rule("C9", "gold", resumes),
        Rule("C10", "gold", takes_signed_pushes),
    )
}


def demanded(tier: Tier) -> tuple[str, ...]:
    """Give the rules a tier demands: its own and those of the tiers below it."""
    return tuple(name for name, rule in RULES.items() if TIERS.index(rule.tier) <= TIERS.index(tier))


def feeds() -> list[str]:
    """Give the keys of every source that can be found."""
    return sorted(registry.discover().sources)


def check(
    feed: str | Path, *, update: bool = False, only: Collection[str] = RULES.keys()
) -> list[RuleResult]:
    """Check a feed, by key or folder, against the contract; `update` writes `expected.json` anew first.

    The manifest's tier says which rules are demanded; of these it may exempt itself, each with a reason.
    """
    try:
        return _checked(_source(feed), update=update, only=only)
    except ManifestError as error:
        return [RuleResult("C1", "broken", str(error))]


def _checked(
    source: registry.Source, *, update: bool = False, only: Collection[str] = RULES.keys()
) -> list[RuleResult]:
    try:
        made = opened(source)
    except Exception as error:  # noqa: BLE001 - whatever a feed's own code does, its author wants to read it
        told = [
            RuleResult("C1", "kept", RULES["C1"].says),
            RuleResult("C2", "broken", f"the sample cannot be read: {type(error).__name__}: {error}"),
        ]
        others = [name for name in RULES if name in only and name not in {"C1", "C2"}]
        return [*told, *(RuleResult(name, "open", "the sample cannot be read") for name in others)]
    if update:
        made.expected_file.write_text(made.told(), encoding="utf-8")
    return [_result(made, rule) for name, rule in RULES.items() if name in only]


def broken(results: list[RuleResult]) -> list[str]:
    """Give what is not kept, for a test to compare with []."""
    return [f"{result.rule}: {result.message}" for result in results if result.state == "broken"]


@dataclass(frozen=True, slots=True)
class Case:
    """One rule for one feed; its text names both, which makes it the id of a test."""

    source: registry.Source
    rule: str

    def __str__(self) -> str:
        return f"{self.source.manifest.key}-{self.rule}"

    def broken(self) -> list[str]:
        """Give what is not kept, [] where the rule is kept, exempt, or does not concern the feed."""
        return broken(_checked(self.source, only={self.rule}))


def contract_cases(*keys: str) -> list[Case]:
    """Give a case for each feed and each rule its tier demands, of all feeds that can be found or of these."""
    found = registry.discover().sources
    for key in keys:
        _known(found, key)
    return [Case(found[key], rule) for key in keys or found for rule in demanded(found[key].manifest.tier)]


def _source(feed: str | Path) -> registry.Source:
    if isinstance(feed, Path):
        return registry.source_in(feed)
    found = registry.discover().sources
    _known(found, feed)
    return found[feed]


def _known(found: Collection[str], key: str) -> None:
    if key not in found:
        raise ManifestError(f"there is no source {key}; there are {', '.join(sorted(found))}")


def _result(feed: Feed, rule: Rule) -> RuleResult:
    try:
        wrong = rule.find_wrong(feed)
    except NotConcerned as why:
        return RuleResult(rule.name, "n/a", str(why))
    except NothingSeen as why:
        if rule.name not in feed.manifest.exempt:
            return RuleResult(rule.name, "open", str(why))
        wrong = str(why)
    except Exception as error:  # noqa: BLE001 - as above: a feed's own code may raise anything
        wrong = f"{type(error).__name__}: {error}"
    if wrong is None:
        return RuleResult(rule.name, "kept", rule.says)
    if rule.name in feed.manifest.exempt:
        return RuleResult(rule.name, "exempt", feed.manifest.exempt[rule.name])
    asked = rule.name in demanded(feed.manifest.tier)
    return RuleResult(rule.name, "broken" if asked else "open", wrong)
