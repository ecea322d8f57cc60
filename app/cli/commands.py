"""The tree of commands: every name, option and help line of `hub`, and the function each calls."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from importlib import import_module
from typing import Any

Groups = Any
"""A level of the tree of commands; argparse keeps the name of this type to itself."""
Command = Callable[[argparse.Namespace], int | None]


def _later(place: str) -> Command:
    """Give a command that loads its room only when it is run."""
    module, _, name = place.partition(":")

    def run(options: argparse.Namespace) -> int | None:
        command: Command = getattr(import_module(f"app.cli.{module}"), name)
        return command(options)

    return run


def add_to(parser: argparse.ArgumentParser) -> None:
    """Put every command of the hub on the parser."""
    groups = parser.add_subparsers(required=True, metavar="COMMAND")
    _running(groups)
    _database(groups)
    _sources(groups)
    _errors(groups)
    _keys(groups)
    _audit(groups)
    _seal(groups)
    _matching(groups)
    _connectors(groups)


def _leaf(groups: Groups, name: str, place: str, about: str) -> argparse.ArgumentParser:
    leaf: argparse.ArgumentParser = groups.add_parser(name, help=about, description=about)
    leaf.set_defaults(run=_later(place), doing=name)
    return leaf


def _group(groups: Groups, name: str, about: str) -> Groups:
    inner: argparse.ArgumentParser = groups.add_parser(name, help=about, description=about)
    return inner.add_subparsers(required=True, metavar="COMMAND")


def _running(groups: Groups) -> None:
    demo = _leaf(groups, "demo", "demo:demo", "a whole simulated city through the hub")
    demo.add_argument("--once", action="store_true", help="end when the city is taken in, without staying")
    demo.add_argument("--projects", type=int, default=300)
    demo.add_argument("--seed", type=int, default=1)
    demo.add_argument("--days", type=int, default=1095, help="days of the city's history")
    demo.add_argument("--json", metavar="FILE", help="write the figures there")
    demo.add_argument(
        "--port", type=int, default=0, help="the API's port (default: HUB_PORT, a free one with --once)"
    )
    _leaf(groups, "up", "up:up", "serve and worker together, supervised")
    _leaf(groups, "serve", "serving:serve", "the JSON API")
    worker = _leaf(groups, "worker", "serving:worker", "scheduled pulls, pushes and the corridor")
    worker.add_argument(
        "--jobs",
        choices=("all", "pull", "normalize", "resolve", "send"),
        default="all",
        help="pull: speak with departments; normalize: read what landed, replays, rebuilds;"
        " resolve: find projects and make their documents; send: post changes to who subscribed; all: each of them, in HUB_WORKER_PROCESSES processes",
    )
    _leaf(groups, "process", "serving:process", "take in what waits, then end")
    _leaf(groups, "rebuild", "serving:rebuild", "derive everything again from memory and serve it")
    _replay(groups)


def _replay(groups: Groups) -> None:
    inner = _group(groups, "replay", "read again what sources have said, after their manifests were mended")
    others = "default: every source read under other rules than today's"
    plan = _jurisdiction(
        _leaf(inner, "plan", "replay:plan", "what today's manifests would make of it; changes nothing")
    )
    plan.add_argument("source", nargs="*", help=others)
    plan.add_argument("--json", metavar="FILE", help="write the plan there")
    run = _jurisdiction(_leaf(inner, "run", "replay:run", "take today's manifests up and read again"))
    run.add_argument("source", nargs="*", help=others)
    run.add_argument("--id", help="a replay that was planned, cancelled or failed, instead of sources")
    run.add_argument("--by", default="hub replay run", help="who asks for it")
    show = _jurisdiction(_leaf(inner, "show", "replay:show", "one replay, or the newest ones"))
    show.add_argument("id", nargs="?")
    _jurisdiction(_leaf(inner, "cancel", "replay:cancel", "end it after its chunk")).add_argument("id")


def _database(groups: Groups) -> None:
    inner = _group(groups, "db", "the hub's database")
    _leaf(inner, "upgrade", "database:upgrade", "bring the database to this version")
    _leaf(inner, "check", "database:check", "fail when code and migrated tables differ")
    _leaf(inner, "url", "database:url", "print the database's address, starting the embedded one if needed")
    _leaf(inner, "stop", "database:stop", "stop the embedded database")


def _sources(groups: Groups) -> None:
    inner = _group(groups, "sources", "the feeds of the departments")
    _jurisdiction(_leaf(inner, "list", "sources:show", "every source and how it stands"))
    bind = _jurisdiction(
        _leaf(inner, "bind", "sources:bind", "say where a source is and how often it is read")
    )
    bind.add_argument("source")
    bind.add_argument("--location", help="url, database url or folder; default: the manifest's variable")
    bind.add_argument("--every", type=int, metavar="SECONDS", help="default: the manifest's schedule")
    bind.add_argument("--unscheduled", action="store_true", help="read it only when asked")
    rename = _jurisdiction(_leaf(inner, "rename-key", "sources:rename_key", "a department re-keyed a record"))
    for name in ("source", "old_key", "new_key"):
        rename.add_argument(name)
    rename.add_argument("--by", required=True, help="who says so")
    sync = _jurisdiction(_leaf(groups, "sync", "sources:sync", "pull one source now and take it in"))
    sync.add_argument("source")


def _errors(groups: Groups) -> None:
    check = _jurisdiction(
        _leaf(
            groups,
            "check",
            "errors:check",
            "先检后交: what would become of a file or an address, row by row; nothing is kept; 1 when a row is refused",
        )
    )
    check.add_argument("what", metavar="FILE|URL")
    check.add_argument("--source", help="default: the one source whose columns the file has")
    check.add_argument("--json", action="store_true", help="print the whole report as JSON")
    check.add_argument("--return", dest="out", metavar="XLSX", help="write a copy with the faults marked")
    back = _jurisdiction(
        _leaf(groups, "errors", "errors:give_back", "write what was sent with its faults marked, as xlsx")
    )
    back.add_argument("what", metavar="FILE|DELIVERY")
    back.add_argument("--source", help="of a file; default: the one source whose columns it has")
    back.add_argument("--to", dest="out", metavar="XLSX", help="default: beside you, under its own name")


def _keys(groups: Groups) -> None:
    inner = _group(groups, "keys", "accounts and their API keys")
    add = _leaf(inner, "add", "keys:add", "make an account with its first key, which is shown once")
    _rights(_jurisdiction(add))
    follow = _jurisdiction(
        _leaf(
            inner, "follow", "keys:follow", "make the key that follows an account's present one, shown once"
        )
    )
    follow.add_argument("name")
    for leaf in (add, follow):
        leaf.add_argument("--days", type=int, help="how long it holds; default: until revoked")
    _jurisdiction(_leaf(inner, "list", "keys:show", "every key, and what its account may do"))
    _jurisdiction(_leaf(inner, "revoke", "keys:revoke", "take a key back")).add_argument("key_id")
    password = _leaf(
        inner, "password", "keys:password", "let an account log in by a password, which is shown once"
    )
    _jurisdiction(password).add_argument("name")
    subject = _leaf(inner, "subject", "keys:subject", "let an account log in by the provider of identities")
    _jurisdiction(subject).add_argument("name")
    subject.add_argument("subject", help="what the provider calls the person (`sub`)")
    _rights(_jurisdiction(_leaf(inner, "grant", "keys:grant", "give an account other rights")))
    _jurisdiction(_leaf(inner, "shut", "keys:shut", "shut an account with its keys")).add_argument("name")


def _audit(groups: Groups) -> None:
    inner = _group(groups, "audit", "what was done and refused")
    about = (
        "whether it stands as it was sealed; 1 where something was edited, deleted, inserted, swapped or cut"
    )
    verify = _jurisdiction(_leaf(inner, "verify", "audit:verify", about))
    verify.add_argument("--heads", metavar="FILE", help="heads kept elsewhere, by which a cut tail is found")
    _jurisdiction(_leaf(inner, "seal", "audit:seal", "seal what waits, where no worker runs"))
    _jurisdiction(_leaf(inner, "heads", "audit:heads", "the newest head, to keep elsewhere"))


def _seal(groups: Groups) -> None:
    inner = _group(groups, "seal", "encryption of what departments sent")
    secret = _leaf(
        inner,
        "key",
        "seal:secret",
        "print a fresh key: for HUB_SEAL_KEYS aes or sm4, for HUB_AUDIT_KEYS sha256 or sm3",
    )
    secret.add_argument("kind", choices=("aes", "sm4", "sha256", "sm3"))
    secret.add_argument("--id", help="its name, of small letters and digits; default: made up")
    again = _jurisdiction(
        _leaf(inner, "again", "seal:again", "write memory under the key in use, as the database's owner")
    )
    again.add_argument(
        "--open", action="store_true", help="also when there is no key: write it readable again"
    )


def _rights(leaf: argparse.ArgumentParser) -> None:
    leaf.add_argument("name", help="of the account: a person or a system")
    roles = "sender, reader, reviewer, department_admin, system_admin, security_admin or audit_admin"
    for option, about in (
        ("--role", roles),
        ("--department", "whose own rows it sees, as housing; or all"),
        ("--district", "whose projects it sees, as 430204; or all"),
    ):
        leaf.add_argument(option, action="append", default=[], help=f"{about}; may be repeated")


def _matching(groups: Groups) -> None:
    match = _group(groups, "match", "which records are one project")
    evaluate = _jurisdiction(
        _leaf(match, "eval", "matching:evaluate", "score the clusters against known truth")
    )
    evaluate.add_argument("--truth", required=True, metavar="CSV", help="columns source,key,project")
    evaluate.add_argument("--json", metavar="FILE")
    train = _jurisdiction(
        _leaf(
            match,
            "train",
            "models:train",
            "learn weights on this hub's records, and what they would change",
        )
    )
    train.add_argument(
        "--out", required=True, metavar="FILE", help="the model file to write; nothing is published"
    )
    train.add_argument(
        "--answers-only", action="store_true", help="correct the shipped model by people's answers alone"
    )
    train.add_argument(
        "--force", action="store_true", help="write it even where answers do not show that it is better"
    )
    publish = _jurisdiction(
        _leaf(match, "publish", "models:publish", "what a model would change; with --seen it is taken up")
    )
    publish.add_argument(
        "what", metavar="FILE|NUMBER|shipped", help="a model file, or a former one to return to"
    )
    publish.add_argument("--by", required=True, metavar="NAME", help="who publishes it")
    publish.add_argument("--reason", default="")
    publish.add_argument("--seen", metavar="RECEIPT", help="of the report that was read")
    _jurisdiction(_leaf(match, "models", "models:show", "the models published, and which one serves"))
    explain = _leaf(match, "explain", "matching:explain", "why two records score as they do")
    explain.add_argument("a", metavar="RECORD_ID")
    explain.add_argument("b", metavar="RECORD_ID")
    export = _group(groups, "export", "bulk export")
    clusters = _jurisdiction(
        _leaf(export, "clusters", "matching:export_clusters", "CSV source,key,project_id")
    )
    clusters.add_argument("--out", metavar="FILE", help="default: standard output")


def _connectors(groups: Groups) -> None:
    inner = _group(groups, "connectors", "folders that teach the hub a department's feed")
    _leaf(inner, "list", "workshop:show", "every connector found, and the broken ones")
    new = _leaf(inner, "new", "workshop:new", "make a feed's folder from the template")
    new.add_argument("key", help="department.feed")
    new.add_argument("--into", default="connectors/departments", metavar="FOLDER")
    new.add_argument("--transport", choices=("files", "http", "table", "singer", "push"), default="files")
    template = _leaf(inner, "template", "workshop:template", "make a third party's repository with one feed")
    template.add_argument("folder", metavar="FOLDER")
    template.add_argument("key", help="department.feed")
    record = _jurisdiction(
        _leaf(inner, "record", "workshop:record", "save one real page to sample/, persons taken out")
    )
    record.add_argument("feed", help="key or folder")
    record.add_argument("--rows", type=int, default=20, help="at most so many (default 20)")
    record.add_argument("--location", help="url, database url, folder, or the file of a pushed message")
    record.add_argument(
        "--force", action="store_true", help="write it in the place of a sample that is there"
    )
    check = _leaf(inner, "check", "workshop:check", "check feeds against the contract, rule by rule")
    check.add_argument("feed", nargs="*", help="key or folder; default: all")
    check.add_argument("--update", action="store_true", help="write expected.json anew; read the difference")


def _jurisdiction(leaf: argparse.ArgumentParser) -> argparse.ArgumentParser:
    leaf.add_argument("--jurisdiction", type=int, help="default: HUB_JURISDICTION")
    return leaf
