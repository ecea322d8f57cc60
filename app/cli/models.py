"""Commands about the model by which records are compared: learn one, publish one, see which were."""

from __future__ import annotations

import argparse
from dataclasses import asdict

from app.cli.hub import opened
from app.cli.matching import to_be
from app.db import jurisdictions, rule_sets
from app.errors import BadRequest, Conflict
from app.learning.change import Change, change
from app.learning.held_out import HeldOut
from app.learning.hub import Hub
from app.learning.offers import in_force, offered, receipt
from app.learning.proposal import proposal
from app.pipeline.matching.model import write_model
from app.pipeline.matching.published import FEATURES
from app.pipeline.scoring import fits
from app.terminal import table

MOST_SHOWN = 20


def train(options: argparse.Namespace) -> None:
    """Learn a model on this hub's own records and answers, tell how it does and what it would change, and write it to a file.

    What answers do not show to be better than the model in force is written only by force.
    """
    out = to_be(options.out)
    runtime, jurisdiction = opened(options)
    with runtime.database.read() as connection:
        hub = Hub(connection, jurisdiction)
        _, now = in_force(connection, jurisdiction)
    levels = None if options.answers_only else hub.levels()
    try:
        model, told, doubt = proposal(hub.answers(), levels, now.model, f"hub {jurisdiction}")
    except ValueError as error:
        raise BadRequest(str(error)) from error
    if told:
        _show_held_out(told)
    _show(change(hub, now.model, model))
    if doubt and not options.force:
        raise BadRequest(f"未写出模型 nothing is written: {doubt}; --force writes it all the same")
    out.write_text(write_model(model), encoding="utf-8")
    print(f"Nothing is published: {out} is a proposal; `hub match publish {out}` takes it up")


def publish(options: argparse.Namespace) -> None:
    """Show what a model would change, and take it up once a person says to have read that."""
    if not options.by.strip():
        raise BadRequest("请说明是谁发布 say who publishes it: --by NAME")
    runtime, jurisdiction = opened(options)
    with runtime.database.read() as connection:
        number, now = in_force(connection, jurisdiction)
        then = offered(connection, jurisdiction, options.what)
        if then.fingerprint == now.fingerprint:
            raise Conflict(f"{options.what} 已在使用 is in force already (rule set {number})")
        hub = Hub(connection, jurisdiction)
    told = change(hub, now.model, then.model)
    _show(told)
    read = receipt(now, then)
    if options.seen is None:
        print(f"尚未发布。读过后请加 nothing is published yet: say that you have read this by --seen {read}")
        return
    if options.seen != read:
        raise Conflict(f"这份报告不是您读过的那份 this is not the report you have read: it is --seen {read}")
    with runtime.database.begin() as connection:
        held = jurisdictions.hold(connection, jurisdiction)
        if in_force(connection, jurisdiction)[0] != number:
            raise Conflict("刚有人发布了模型，请重新查看 somebody has just published one: look again")
        given = rule_sets.publish(
            connection, held, then.text, FEATURES, then.fingerprint, asdict(told), options.reason, options.by
        )
    print(
        f"已发布第 {given} 号 published as rule set {given}: workers derive everything anew, and the former serves until then;"
        f" `hub match publish {number or 'shipped'}` goes back"
    )


def show(options: argparse.Namespace) -> None:
    """Print the models published, newest first, and which one serves."""
    runtime, jurisdiction = opened(options)
    with runtime.database.read() as connection:
        found = rule_sets.published(connection, jurisdiction, MOST_SHOWN)
        serving = rule_sets.standing(connection, jurisdiction)
    serves = serving.number if serving else rule_sets.SHIPPED
    rows: list[tuple[object, ...]] = [
        (
            one.number,
            one.at.isoformat(timespec="seconds"),
            one.by,
            one.reason,
            "shipped" if one.model is None else one.fingerprint[:8],
            ("serving" if one.number == serves else "") if fits(one) else "set aside: train anew",
        )
        for one in found
    ]
    rows.append((rule_sets.SHIPPED, "", "", "", "shipped", "" if serves else "serving"))
    print(table(("no", "at", "by", "reason", "model", "state"), rows))


def _show_held_out(told: HeldOut) -> None:
    rows: list[tuple[object, ...]] = [
        (name, *(f"{figure:.4f}" for figure in figures))
        for name, figures in (("log-loss", told.loss), ("F1", told.f1))
    ]
    print(table((f"on {told.answers} answers not learned from", "now", "then"), rows))


def _show(told: Change) -> None:
    rows: list[tuple[object, ...]] = [
        ("projects", *told.projects),
        ("questions for people", *told.questions),
        ("words its own score speaks against", *told.against),
    ]
    print(table(("", "now", "then"), rows))
    print(
        f"{told.records} records, {told.moved} in other company: {told.split} projects split, {told.merged} merged;"
        f" {told.words} words of people stand"
    )
