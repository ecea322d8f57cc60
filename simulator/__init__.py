"""A city that never was: departments' systems with known truth, for the demo, tests, benches and faults.

Imports neither the hub nor its connectors and shares no word list with its matcher; the truth leaves
this package only as `truth.csv`.

    words, areas, numbers   what names and certificates are made of
    facts, timeline         true projects and the days of their lives
    lexicon, families,      what is richer in the hard city: vocabulary, kinds of projects with phases, zones and
      naming                  sister products, names as people write them
    defects                 what is wrong with the hard city, twenty ways at stated rates
    prepared                the prepared cases beside the first seven
    towns, stream           cities of either difficulty, growing; cities too large to be held
    saying, incidents       how departments garble them, and what befalls a record later
    records/                what each department writes down, version by version: the core feeds, and those of a full city
    city                    all of it at a present day that can be advanced
    systems/                folders, databases, HTTP interface and push that really run
    feeds, run              everything written, everything served: `python -m simulator write|run --dir DIR`
"""
