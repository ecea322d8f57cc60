"""Under which rules the derived drawer stands, and who may write into it.

A drawer stands under one set of common rules and, source by source, under that source's own. Other common rules ask
for a rebuild; where only sources' own rules are others, they are taken up at once for what is read from then on,
and a replay reads again what was read before.
"""

from __future__ import annotations

from collections.abc import Mapping

from app.db import jurisdictions, records, source_rules
from app.db.jurisdictions import Held, Stands
from app.db.session import Connection
from app.db.source_rules import SourceRules
from app.errors import RulesChanged
from app.pipeline.rules import Rules


def check_rules(connection: Connection, held: Held, rules: Rules) -> None:
    """Refuse to write into a derived drawer that stands under other rules; a fresh one is marked with ours."""
    if held.fingerprint == "":
        stand(connection, held, rules)
    elif held.fingerprint != rules.fingerprint:
        raise RulesChanged(_told(connection, held, rules))


def hold_to_normalize(connection: Connection, jurisdiction: int, rules: Rules) -> Stands:
    """Let nobody else normalize, or change the rules, until the transaction ends: who lands or resolves goes on beside.

    Gives how the jurisdiction stands. A drawer that stands under other rules is refused, a fresh one marked with ours.
    """
    if jurisdictions.stands(connection, jurisdiction).fingerprint != rules.fingerprint:
        # who needs both rows takes the jurisdiction's first
        check_rules(connection, jurisdictions.hold(connection, jurisdiction), rules)
    records.hold_progress(connection, jurisdiction)
    now = jurisdictions.stands(connection, jurisdiction)
    if now.fingerprint != rules.fingerprint:
        raise RulesChanged(_told(connection, now, rules))
    return now


def _told(connection: Connection, held: Stands, rules: Rules) -> str:
    if held.common != rules.common:
        return _rebuild(held.jurisdiction)
    others = ", ".join(_others(connection, held, rules))
    return (
        f"jurisdiction {held.jurisdiction} reads {others} under other rules than this process knows: start it"
        f" again, or take up its rules by `hub replay run {others.replace(',', '')}`"
    )


def check_common(connection: Connection, jurisdiction: int, rules: Rules) -> None:
    """Refuse to compare with a drawer that only a rebuild could bring under these rules."""
    stands = jurisdictions.stands(connection, jurisdiction)
    if stands.fingerprint and stands.common != rules.common:
        raise RulesChanged(_rebuild(jurisdiction))


def _rebuild(jurisdiction: int) -> str:
    return f"jurisdiction {jurisdiction} was derived under other rules: run `hub rebuild`"


def stand(connection: Connection, held: Held, rules: Rules, *, generation: int | None = None) -> None:
    """Note that the whole drawer stands under these rules, and its generation after a swap."""
    jurisdictions.mark(
        connection, held, fingerprint=rules.fingerprint, common=rules.common, generation=generation
    )
    source_rules.set_all(connection, held.jurisdiction, rules.sources)


def take_up(connection: Connection, held: Held, rules: Rules) -> list[str]:
    """Let every source be read under these rules from now on, and give those whose replay is due by that.

    Whoever works under the former rules writes no more. Raises RulesChanged where only a rebuild helps.
    """
    if held.fingerprint == "" or held.common != rules.common:
        check_rules(connection, held, rules)
        return []
    if held.fingerprint == rules.fingerprint:
        return []
    # what is normalized under the former rules is written before
    records.hold_progress(connection, held.jurisdiction)
    others = _others(connection, held, rules)
    due = source_rules.heard(connection, held.jurisdiction, others)
    source_rules.set_some(
        connection, held.jurisdiction, {key: rules.sources.get(key, "") for key in others}, due
    )
    jurisdictions.mark(connection, held, fingerprint=rules.fingerprint, common=rules.common)
    return sorted(due)


def differing(connection: Connection, jurisdiction: int, rules: Rules) -> list[str]:
    """Give the sources of which some records were read under other rules than these; none of a fresh drawer."""
    stands = source_rules.read(connection, jurisdiction)
    left = {*_unlike(stands, rules), *(key for key, said in stands.items() if said.due)}
    return sorted(source_rules.heard(connection, jurisdiction, left) if stands else ())


def _others(connection: Connection, held: Stands, rules: Rules) -> list[str]:
    """Give the sources that stand under other rules than these, those no longer installed included."""
    return _unlike(source_rules.read(connection, held.jurisdiction), rules)


def _unlike(stands: Mapping[str, SourceRules], rules: Rules) -> list[str]:
    was = {key: said.fingerprint for key, said in stands.items()}
    return sorted(key for key in {*was, *rules.sources} if was.get(key, "") != rules.sources.get(key, ""))
