"""Splink as a contestant, in its own environment: standard library, Splink and DuckDB only.

It gets the hub's prepared values and the hub's block keys, so that what differs is the model alone; its levels are those
that suit these values best by hand. `python splink_peer.py JOB` reads one JSON job and writes one CSV per city and way.
"""

from __future__ import annotations

import json
import logging
import sys
from contextlib import suppress
from pathlib import Path
from time import process_time
from typing import Any

import duckdb
from splink import DuckDBAPI, Linker, block_on

logging.getLogger("splink").setLevel(logging.ERROR)

Settings = dict[str, Any]
_COLUMNS = {
    "unique_id": "BIGINT", "project": "BIGINT", "code": "VARCHAR", "uscc": "VARCHAR[]", "owner": "VARCHAR[]",
    "brand": "VARCHAR", "owner_grams": "VARCHAR[]", "core": "VARCHAR", "grams": "VARCHAR[]", "rest": "VARCHAR[]",
    "phase": "BIGINT[]", "zone": "VARCHAR", "quantity": "VARCHAR[]", "district": "VARCHAR", "amount": "DOUBLE",
    "area": "DOUBLE", "address": "VARCHAR", "street": "VARCHAR[]", "bears": "VARCHAR[]", "cites": "VARCHAR[]",
    "keys": "BIGINT[]", "day": "BIGINT", "house": "VARCHAR[]", "spots": "VARCHAR[]", "dates": "VARCHAR[]",
    "milestones": "VARCHAR[]", "land": "DOUBLE[]", "floors": "DOUBLE[]", "works_class": "VARCHAR",
}  # fmt: skip
_IMPOSSIBLE = 1e-5
"""What a level without an example among matches is worth; left alone it would count for nothing."""


def run(job: dict[str, Any]) -> dict[str, float]:
    """Train on one city and score the others, or score once more under what was learned; give the CPU seconds of each."""
    folder = Path(job["folder"])
    if "train" not in job:
        said = json.loads((folder / "settings.json").read_text())[job["way"]] | _blocked()
        return {"predict": _predict(folder / f"{job['city']}.jsonl", said, None)}
    costs: dict[str, float] = {}
    train = folder / f"{job['train']}.jsonl"
    settings: dict[str, Settings] = {}
    began = process_time()
    em = _by_expectation(train)
    costs["train em"] = process_time() - began
    settings["em"], settings["em-fixed"] = em, _fixed(em)
    for way, comparisons in (("labels", _comparisons()), ("labels-all", _comparisons() + _further())):
        began = process_time()
        settings[way] = _by_labels(train, comparisons)
        costs[f"train {way}"] = process_time() - began
    for way, said in settings.items():
        for city in job["cities"]:
            out = folder / f"{city}-{way}.csv"
            costs[f"predict {way} {city}"] = _predict(folder / f"{city}.jsonl", said, out)
    kept = {
        way: {name: value for name, value in said.items() if name not in _blocked()}
        for way, said in settings.items()
    }
    (folder / "settings.json").write_text(json.dumps(kept))
    return costs


def _linker(path: Path, settings: Settings) -> tuple[Any, Any]:
    con = duckdb.connect()
    columns = ", ".join(f"'{name}': '{kind}'" for name, kind in _COLUMNS.items())
    con.execute(f"CREATE TABLE told AS SELECT * FROM read_json('{path}', columns={{{columns}}})").fetchall()
    database = DuckDBAPI(con)
    held = database.register(con.table("told"), dataset_display_name="records")
    return con, Linker(held, settings)


def _predict(path: Path, settings: Settings, out: Path | None) -> float:
    con, linker = _linker(path, settings)
    began = process_time()
    found = linker.inference.predict(threshold_match_weight=-20)
    spent = process_time() - began
    if out is None:
        return spent
    name = found.physical_name
    con.execute(
        f"COPY (SELECT unique_id_l, unique_id_r, match_probability FROM {name}) TO '{out}' (HEADER false)"
    ).fetchall()
    return spent


def _by_expectation(path: Path) -> Settings:
    _, linker = _linker(path, _settings(_comparisons()))
    training = linker.training
    training.estimate_probability_two_random_records_match(
        [block_on("code"), block_on("core", "district")], recall=0.6
    )
    training.estimate_u_using_random_sampling(max_pairs=3e6, seed=1)
    for rule in (block_on("code"), block_on("core", "district"), block_on("brand", "district")):
        # a level that no match shows becomes exactly 0 on the way, and Splink refuses that: the other rules go on
        with suppress(ValueError):
            training.estimate_parameters_using_expectation_maximisation(rule)
    said: Settings = linker.misc.save_model_to_json()
    return _known(said)


def _fixed(settings: Settings) -> Settings:
    """Give the settings with conflicts that no match showed made as good as impossible."""
    fixed: Settings = json.loads(json.dumps(settings))
    for comparison in fixed["comparisons"]:
        for level in comparison["comparison_levels"]:
            if not level.get("is_null_level") and "conflict" in level["label_for_charts"]:
                level["m_probability"] = _IMPOSSIBLE
    return fixed


def _by_labels(path: Path, comparisons: list[Settings]) -> Settings:
    """Give m, u and prior as they are among the labelled blocked pairs."""
    plain = _settings(comparisons)
    plain["retain_intermediate_calculation_columns"] = plain["retain_matching_columns"] = True
    plain["additional_columns_to_retain"] = ["project"]
    con, linker = _linker(path, plain)
    name = linker.inference.predict(threshold_match_weight=-50).physical_name
    same = "project_l = project_r"
    matches, all_pairs = con.execute(f"SELECT count(*) FILTER ({same}), count(*) FROM {name}").fetchall()[0]
    for comparison in plain["comparisons"]:
        column = f"gamma_{comparison['output_column_name']}"
        counts = con.execute(
            f"SELECT {column}, count(*) FILTER ({same}), count(*) FILTER (NOT ({same})) FROM {name} GROUP BY 1"
        ).fetchall()
        held = {gamma: (yes, no) for gamma, yes, no in counts if gamma >= 0}
        yes_all, no_all = (max(1, sum(one[i] for one in held.values())) for i in (0, 1))
        told = [level for level in comparison["comparison_levels"] if not level.get("is_null_level")]
        for gamma, level in zip(range(len(told) - 1, -1, -1), told, strict=True):
            yes, no = held.get(gamma, (0, 0))
            level["m_probability"] = max(yes / yes_all, _IMPOSSIBLE)
            level["u_probability"] = max(no / no_all, _IMPOSSIBLE)
    # the prior is that of blocked pairs, which is what is scored
    plain["probability_two_random_records_match"] = matches / all_pairs
    plain["retain_intermediate_calculation_columns"] = plain["retain_matching_columns"] = False
    return plain


def _known(said: Settings) -> Settings:
    """Give trained settings with every level known: what training never saw is as good as neutral."""
    for comparison in said["comparisons"]:
        for level in comparison["comparison_levels"]:
            if not level.get("is_null_level"):
                for name in ("m_probability", "u_probability"):
                    value = level.get(name)
                    # neutral where training saw nothing, as Splink itself scores such a level
                    level[name] = max(value, _IMPOSSIBLE) if isinstance(value, float) else 0.05
    return said


def _settings(comparisons: list[Settings]) -> Settings:
    return {
        "link_type": "dedupe_only",
        **_blocked(),
        "comparisons": comparisons,
        "retain_matching_columns": False,
        "retain_intermediate_calculation_columns": False,
        "max_iterations": 10,
    }


def _further() -> list[Settings]:
    """Give comparisons of whatever else the hub compares; they hang on one another, which the model takes for chance."""

    def shared(name: str) -> str:
        return f"list_has_any({name}_l, {name}_r)"

    def empty(name: str) -> str:
        return f"len({name}_l) = 0 OR len({name}_r) = 0"

    def any_within(name: str, factor: float) -> str:
        near = f"len(list_filter({name}_r, lambda y: greatest(x, y) <= {factor} * least(x, y))) > 0"
        return f"len(list_filter({name}_l, lambda x: {near})) > 0"

    return [
        _one("house", empty("house"), {"same": shared("house")}),
        _one("spots", empty("spots"), {"same": shared("spots")}),
        _one("dates", empty("dates"), {"shared": shared("dates"), "unlike": shared("milestones")}),
        *(
            _one(
                name,
                empty(name),
                {
                    ".3 %": any_within(name, 1.003),
                    "5 %": any_within(name, 1.05),
                    "1.5": any_within(name, 1.5),
                },
            )
            for name in ("land", "floors")
        ),
    ]


def _blocked() -> Settings:
    return {"blocking_rules_to_generate_predictions": [block_on("keys", arrays_to_explode=["keys"])]}


def _comparisons() -> list[Settings]:
    """Give the comparisons, first level that applies."""

    def jaccard(name: str) -> str:
        both = f"len(list_intersect({name}_l, {name}_r))"
        return f"{both} / greatest(1.0, len({name}_l) + len({name}_r) - {both})"

    def overlap(name: str) -> str:
        return f"len(list_intersect({name}_l, {name}_r)) / greatest(1.0, least(len({name}_l), len({name}_r)))"

    def empty(name: str) -> str:
        return f"len({name}_l) = 0 OR len({name}_r) = 0"

    def missing(name: str) -> str:
        return f"{name}_l IS NULL OR {name}_r IS NULL"

    def shared(name: str) -> str:
        return f"list_has_any({name}_l, {name}_r)"

    def within(name: str, factor: float) -> str:
        return f"greatest({name}_l, {name}_r) <= {factor} * least({name}_l, {name}_r)"

    return [
        _one("code", missing("code"), {"equal": "code_l = code_r", "near": "levenshtein(code_l, code_r) <= 1"}),
        _one("owner", empty("owner"), {
            "uscc": shared("uscc"), "equal": shared("owner"),
            "brand and like": f"brand_l = brand_r AND {overlap('owner_grams')} >= 0.5",
            "brand": "brand_l = brand_r", "like": f"{overlap('owner_grams')} >= 0.5",
            "other, code unknown": empty("uscc"),
        }),
        _one("name", empty("grams"), {
            "equal": "core_l = core_r", "jac .7": f"{jaccard('grams')} >= 0.7", "ov .85": f"{overlap('grams')} >= 0.85",
            "jac .5": f"{jaccard('grams')} >= 0.5", "ov .6": f"{overlap('grams')} >= 0.6",
            "ov .4": f"{overlap('grams')} >= 0.4", "ov .2": f"{overlap('grams')} >= 0.2",
        }),
        _one("rest", empty("rest"), {
            "ov .85": f"{overlap('rest')} >= 0.85", "ov .3": f"{overlap('rest')} >= 0.3",
        }),
        _one("phase", "len(phase_l) = 0 AND len(phase_r) = 0", {
            "same": shared("phase"), "conflict": "len(phase_l) > 0 AND len(phase_r) > 0",
            "first against none": "list_contains(phase_l, 1) OR list_contains(phase_r, 1)",
        }),
        _one("zone", missing("zone"), {"same": "zone_l = zone_r"}, other="conflict"),
        _one("quantity", empty("quantity"), {"equal": shared("quantity")}),
        _one("district", missing("district"), {"equal": "district_l = district_r"}),
        _one("amount", missing("amount"), {
            "1 %": within("amount", 1.01), "10 %": within("amount", 1.1), "1.6": within("amount", 1.6),
            "20": within("amount", 20),
        }),
        _one("area", missing("area"), {".2 %": within("area", 1.002), "10 %": within("area", 1.1)}),
        _one("address", empty("street"), {
            "equal": "address_l = address_r", "jac .65": f"{jaccard('street')} >= 0.65",
            "ov .65": f"{overlap('street')} >= 0.65", "ov .3": f"{overlap('street')} >= 0.3",
        }),
        _one("day", missing("day"), {
            str(days): f"abs(day_l - day_r) <= {days}" for days in (200, 450, 850)
        }),
        _one("number", "len(bears_l) + len(cites_l) = 0 OR len(bears_r) + len(cites_r) = 0", {
            "borne": shared("bears"),
            "cited": "list_has_any(bears_l, cites_r) OR list_has_any(cites_l, bears_r)", "together": shared("cites"),
        }),
    ]  # fmt: skip


def _one(name: str, null: str, levels: dict[str, str], other: str = "else") -> Settings:
    return {
        "output_column_name": name,
        "comparison_levels": [
            {"sql_condition": null, "label_for_charts": "null", "is_null_level": True},
            *({"sql_condition": said, "label_for_charts": label} for label, said in levels.items()),
            {"sql_condition": "ELSE", "label_for_charts": other},
        ],
    }


if __name__ == "__main__":
    print(json.dumps(run(json.loads(Path(sys.argv[1]).read_text(encoding="utf-8")))))
