"""Codes and certificate numbers in the forms the field prints them; nobody real can own one of the credit codes."""

from __future__ import annotations

import random
from collections import Counter
from datetime import date, timedelta

_ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"
_OUTER = (1, 3, 9, 27, 19, 26, 16, 17, 20, 29, 25, 13, 8, 24, 10, 30, 28)
_INNER = (3, 7, 9, 10, 5, 8, 4, 2)


def outer_check(first17: str) -> str:
    """The check character of GB 32100-2015 over the first 17 characters."""
    total = sum(_ALPHABET.index(c) * w for c, w in zip(first17, _OUTER, strict=True))
    return _ALPHABET[(31 - total % 31) % 31]


def inner_check(first8: str) -> str:
    """The check character of GB 11714 over the 8 characters of the body code."""
    total = sum((int(c) if c.isdigit() else ord(c) - 55) * w for c, w in zip(first8, _INNER, strict=True))
    rest = 11 - total % 11
    return {10: "X", 11: "0"}.get(rest, str(rest))


def credit_code(kind: str, region: str, serial: int) -> str:
    """An 18-character credit code, outer check right and inner check wrong, so that no real body owns it.

    `kind` is the two leading characters (91 enterprise, 12 public institution); a serial below 28 million is never repeated.
    """
    spread = serial * 7_368_787 % 31**5
    text = ""
    for _ in range(5):
        spread, digit = divmod(spread, 31)
        text = _ALPHABET[digit] + text
    body = "MA4" + text
    wrong = "3" if inner_check(body) != "3" else "7"
    first17 = kind + region + body + wrong
    return first17 + outer_check(first17)


class Registrar:
    """Gives out every number of the city once; the order of asking decides, so ask in one fixed order.

    A `dense` registrar has room for a million projects: permits of one day go on in the older classes of works.
    """

    def __init__(self, letter: str, dense: bool = False) -> None:
        self._letter = letter
        self._dense = dense
        self._counts: Counter[tuple[object, ...]] = Counter()
        self._codes: set[str] = set()
        self.codes: list[str] = []

    def next(self, *series: object) -> int:
        """1, 2, 3, … within the series."""
        self._counts[series] += 1
        return self._counts[series]

    def project_code(self, rng: random.Random, region: str, on: date, kind: str = "01") -> str:
        """An unused project code 项目代码 of the generation since November 2020."""
        while True:
            code = f"{on:%y%m}-{region}-04-{kind}-{rng.randint(100_000, 999_999)}"
            if code not in self._codes:
                self._codes.add(code)
                self.codes.append(code)
                return code

    def signing(self, on: date) -> str:
        """招商编号, `ZS2024-037`."""
        return f"ZS{on.year}-{self.next('ZS', on.year):03d}"

    def signing_contract(self, district: str, on: date) -> str:
        """招商合同编号, `株石招合〔2024〕7号`."""
        letter = self._letter + district[0]
        return f"{letter}招合〔{on.year}〕{self.next('ZSHT', letter, on.year)}号"

    def supervision(self, region: str, on: date) -> str:
        """土地电子监管号, `4302042024B00056`."""
        return f"{region}{on.year}B{self.next('DZJGH', region, on.year):05d}"

    def land_contract(self, on: date, allocated: bool) -> str:
        """出让合同 or 划拨决定书 number."""
        word = "划" if allocated else "合"
        return f"{self._letter}土{word}字〔{on.year}〕{self.next('HTBH', word, on.year):03d}号"

    def land_approval(self, on: date) -> str:
        """用地批复 document number, `（2024）政国土字第123号`."""
        return f"（{on.year}）政国土字第{self.next('PFWH', on.year):03d}号"

    def parcel(self, on: date) -> str:
        """宗地编号, `[2024]网挂第012号`."""
        return f"[{on.year}]网挂第{self.next('ZDBH', on.year):03d}号"

    def planning(self, letter: str, region: str, on: date) -> str:
        """地字第…YG…号 or 建字第…GG…号, the national form in use since December 2023, for every year here."""
        scheme = {"地": "YG", "建": "GG"}[letter]
        number = self.next(scheme, on.year) * 7_919 % 10_000_000
        return f"{letter}字第{region}{on.year}{scheme}{number:07d}号"

    def construction(self, region: str, on: date, municipal: bool) -> str:
        """施工许可证编号, 18 digits; a day has 99 of them (dense: 99 of every class), then the next day's begin."""
        if self._dense:
            return self._dense_construction(region, on, municipal)
        while self._counts["SGXK", region, on] >= 99:
            on += timedelta(days=1)
        return f"{region}{on:%Y%m%d}{self.next('SGXK', region, on):02d}{'02' if municipal else '01'}"

    def _dense_construction(self, region: str, on: date, municipal: bool) -> str:
        classes = ("02", "17", "18", "99") if municipal else ("01", *(f"{n:02d}" for n in range(3, 17)))
        while True:
            for works_class in classes:
                if self._counts["SGXK", region, on, works_class] < 99:
                    serial = self.next("SGXK", region, on, works_class)
                    return f"{region}{on:%Y%m%d}{serial:02d}{works_class}"
            on += timedelta(days=1)

    def completion(self, on: date) -> str:
        """竣工验收备案编号, `株竣备〔2024〕012号`."""
        return f"{self._letter}竣备〔{on.year}〕{self.next('JGBA', on.year):03d}号"

    def local_works(self, region: str, on: date) -> str:
        """工程代码 of a city system that does not know the project code."""
        return f"GC{region}{on.year}{self.next('GC', region, on.year):05d}"
