"""One answer to all questions of one case, kept as one decision if they stand as they were counted."""

from __future__ import annotations

from app.access.reach import Reach
from app.api import deciding
from app.api.deciding import Fault
from app.api.hub import Hub
from app.db import resolution, reviews, words
from app.db.session import Connection
from app.errors import BadRequest, NotFound
from app.pipeline.review.deciding import NewWord, Plan, judge
from schemas.api.decisions import DecisionView
from schemas.api.reviews import AnswerToAll, ReviewFilter

MOST = 500
"""Questions that are answered in one go."""


def answer(hub: Hub, jurisdiction: int, reach: Reach, new: AnswerToAll, by: str) -> DecisionView:
    """Keep one answer to all open questions of a case that are a reach's; raise Conflict where one is another by now."""
    query = ReviewFilter(cause=new.cause, alike=new.alike, contents=new.contents)

    def faults(connection: Connection, held: int) -> list[Fault]:
        deciding.check_upto(connection, held, new.upto)
        pairs = reviews.case(connection, held, reach, query, MOST + 1)
        ids = {rid for pair in pairs for rid in pair}
        known = {row.project_id for row in resolution.members_of(connection, held, ids)}
        found = [deciding.told(word) for word in words.newer_on(connection, held, new.upto, known, ids)]
        if reviews.seen_of(connection, held, reach, query) != new.seen:
            found.append(
                ("seen", f"{len(pairs)} questions of this case are asked by now, or some read otherwise")
            )
        return found

    def plan(connection: Connection, held: int) -> Plan:
        pairs = reviews.case(connection, held, reach, query, MOST + 1)
        if not pairs:
            raise NotFound(
                "nothing is asked of this case: it was answered, or its records say something else now"
            )
        if len(pairs) > MOST:
            raise BadRequest(
                f"more than {MOST} questions are of this case: answer `alike` or `contents` of it first"
            )
        return judge(connection, held, [NewWord(a, b, new.verdict) for a, b in pairs])

    return deciding.decide(hub, jurisdiction, new.reason, by, faults, plan)
