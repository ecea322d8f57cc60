"""Questions for a person in the small city, and how they are answered."""

from __future__ import annotations

from typing import Any

from tests.support.client import Client
from tests.support.small_city import SmallCity, permit, rid, signed

NAMES = ("河西污水处理厂提标", "清水塘新能源电池厂房", "田心轨道装备检测中心")
SAYS = {"reason": "看过两份文件 👀"}


def sides(i: int) -> tuple[str, str]:
    """Give the two records of question `i`: a signed project and a permit of one name and nothing else in common."""
    return rid("commerce.signed", f"q{i}"), rid("housing.permits", f"q{i}")


def ask(city: SmallCity, n: int = len(NAMES)) -> None:
    """Land `n` questions, each dearer than the one before."""
    for i, name in enumerate(NAMES[:n]):
        city.land("commerce.signed", signed(f"q{i}", name, code="", investor="", amount=str(1000 * (i + 1))))
        city.land("housing.permits", permit(f"q{i}", name, code="", owner=""))
    city.drain()


def answer(item: dict[str, Any], verdict: str, **more: Any) -> dict[str, Any]:
    """Give the answer to a question that was shown."""
    return {"a": item["a"], "b": item["b"], "verdict": verdict, "seen": item["seen"], **more}


def questions(client: Client, **asked: Any) -> list[dict[str, Any]]:
    """Give the questions of a listing."""
    told = client.get("/reviews", **asked)
    assert told.status_code == 200, told.text
    items: list[dict[str, Any]] = told.json()["items"]
    return items
