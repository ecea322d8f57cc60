"""Records packed for comparing: one numpy struct each, equal in every process, and made for many at once.

Texts become 64-bit hashes and signatures of their bigrams, so that comparing touches no strings.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import chain
from typing import Any

import numpy as np
from numpy.typing import NDArray

from app.pipeline.matching.profile import Field, Profile

Vectors = NDArray[Any]
"""Packed records: a structured array, one row each."""
Columns = Mapping[str, Sequence[Any]]
"""What the records say, field by field, one entry a record.

ids, grams and digits: a text with one slot, else texts; measures: a number (nan) with one slot, else numbers; set: whole
numbers; small: one; numbers: (text, family, borne).
"""
_U8 = np.uint64
_GOLDEN = _U8(0x9E3779B97F4A7C15)
_READ = 200
"""Signs of a text whose bigrams are looked at: a text of a whole page would set every bit of its signature."""
_BLOOM = 4


def dtype(profile: Profile) -> np.dtype[Any]:
    """Give the layout of a packed record, little-endian and without gaps."""
    return np.dtype([(field.name, *_layout(field)) for field in profile.fields])


def _layout(field: Field) -> tuple[Any, ...]:
    k = field.slots
    if field.kind == "ids":
        return "<i8", (k,)
    if field.kind == "grams":
        return ([("bits", "<u8", (k, field.size // 64)), ("n", "<u2", (k,))],)
    if field.kind == "digits":
        return "u1", (k, field.size)
    if field.kind == "measures":
        return "<f8", (k,)
    if field.kind == "numbers":
        bloom = ("bloom", "<u8", (_BLOOM,))
        return ([("id", "<i8", (k,)), ("family", "u1", (k,)), ("borne", "<u4"), ("families", "<u4"), bloom],)
    return ("<u4",) if field.kind == "set" else ("u1",)


def vectors(profile: Profile, columns: Columns) -> Vectors:
    """Pack records; what does not fit the slots of a field is left out, the first stay."""
    n = len(columns[profile.fields[0].name])
    made = np.zeros(n, dtype(profile))
    hashed: list[tuple[Field, list[str]]] = []
    for field in profile.fields:
        column = columns[field.name]
        if field.kind == "ids":
            hashed.append((field, _slots(column, field.slots)))
        elif field.kind == "grams":
            bits = signatures(_slots(column, field.slots), field.size // 64)
            made[field.name]["bits"] = bits.reshape(n, field.slots, field.size // 64)
            made[field.name]["n"] = (
                np.bitwise_count(bits).sum(axis=1, dtype=np.uint16).reshape(n, field.slots)
            )
        elif field.kind == "digits":
            made[field.name] = _digits(column, field)
        elif field.kind == "measures":
            made[field.name] = _measures(column, field.slots)
        elif field.kind == "set":
            made[field.name] = [_mask(some) if some else 0 for some in column]
        elif field.kind == "small":
            made[field.name] = column
        else:
            hashed.append((field, _slots([[one[0] for one in some] for some in column], field.slots)))
            _numbers(made[field.name], column, field.slots)
    ids = hashes(list(chain.from_iterable(texts for _, texts in hashed)))
    at = 0
    for field, texts in hashed:
        part = ids[at : at + len(texts)].reshape(n, field.slots)
        at += len(texts)
        if field.kind == "ids":
            made[field.name] = part
        else:
            made[field.name]["id"] = part
            made[field.name]["bloom"] = _bloom(part)
    return made


def hashes(texts: Sequence[str]) -> NDArray[np.int64]:
    """Hash texts to 64 bits, the empty one to 0 and nothing else; the same everywhere and in any company."""
    codes, lengths, starts = _signs(texts)
    position = (np.arange(len(codes)) - np.repeat(starts, lengths)).astype(np.uint64)
    sums = np.zeros(len(codes) + 1, np.uint64)
    np.cumsum(_mix(codes.astype(np.uint64) | (position << _U8(32))), out=sums[1:])
    ends = starts + lengths
    found = _mix((sums[ends] - sums[starts]) ^ lengths.astype(np.uint64))
    found[found == 0] = 1
    found[lengths == 0] = 0
    return found.view(np.int64)


def signatures(texts: Sequence[str], words: int) -> NDArray[np.uint64]:
    """Give the signature of each text's bigrams in `words` words of 64 bits; a single sign stands for itself."""
    codes, lengths, _ = _signs([text[:_READ] for text in texts])
    found = np.zeros(len(texts) * words, np.uint64)
    if len(codes):
        row = np.repeat(np.arange(len(texts)), lengths)
        pairs = codes.astype(np.uint64) << _U8(21)
        inside = row[:-1] == row[1:]
        pairs[:-1] |= np.where(inside, codes[1:], 0).astype(np.uint64)
        telling = lengths[row] == 1
        telling[:-1] |= inside
        bit = ((pairs[telling] * _GOLDEN) >> _U8(40)) % _U8(64 * words)
        where = row[telling] * words + (bit >> _U8(6)).astype(np.int64)
        np.bitwise_or.at(found, where, _U8(1) << (bit & _U8(63)))
    return found.reshape(len(texts), words)


def _signs(texts: Sequence[str]) -> tuple[NDArray[np.uint32], NDArray[np.int64], NDArray[np.int64]]:
    """Give the code points of all texts in a row, and each text's length and place."""
    lengths = np.fromiter(map(len, texts), np.int64, len(texts))
    codes = np.frombuffer("".join(texts).encode("utf-32-le", "surrogatepass"), "<u4")
    return codes, lengths, np.cumsum(lengths) - lengths


def _mix(x: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Scatter 64 bits (the finalizer of splitmix64)."""
    x = x + _GOLDEN
    x ^= x >> _U8(30)
    x *= _U8(0xBF58476D1CE4E5B9)
    x ^= x >> _U8(27)
    x *= _U8(0x94D049BB133111EB)
    x ^= x >> _U8(31)
    return x


def _slots(column: Sequence[Any], slots: int) -> list[str]:
    """Lay texts out, as many a record as there are slots; the empty text fills up."""
    return list(column) if slots == 1 else _laid(column, slots, "")


def _laid(column: Sequence[Any], slots: int, blank: Any) -> list[Any]:
    """Lay values out, as many a record as there are slots; blanks fill up."""
    filling = [(blank,) * (slots - many) for many in range(slots + 1)]
    flat: list[Any] = []
    for some in column:
        if len(some) <= slots:
            flat += some
            flat += filling[len(some)]
        else:
            flat += some[:slots]
    return flat


def _digits(column: Sequence[Sequence[str]], field: Field) -> NDArray[np.uint8]:
    blank = b"\0" * field.size
    texts = _slots(column, field.slots)
    rows = [
        t.encode("ascii", "replace")[: field.size].ljust(field.size, b"\0") if t else blank for t in texts
    ]
    return np.frombuffer(b"".join(rows), np.uint8).reshape(len(column), field.slots, field.size)


def _measures(column: Sequence[Any], slots: int) -> NDArray[np.float64]:
    if slots == 1:
        return np.asarray(column, np.float64).reshape(-1, 1)
    return np.asarray(_laid(column, slots, np.nan), np.float64).reshape(-1, slots)


def _mask(some: Iterable[int]) -> int:
    """Give a set of whole numbers as bits; what is beyond the last is the last."""
    mask = 0
    for number in some:
        mask |= 1 << min(number, 31)
    return mask


def _numbers(made: Vectors, column: Sequence[Sequence[tuple[str, int, bool]]], slots: int) -> None:
    """Note the families of strong numbers and which of them are borne."""
    for i, some in enumerate(column):
        if not some:
            continue
        kept = some[:slots]
        made["family"][i, : len(kept)] = [family for _, family, _ in kept]
        made["borne"][i] = sum(1 << place for place, one in enumerate(kept) if one[2])
        made["families"][i] = _mask(family for _, family, _ in kept)


def _bloom(ids: NDArray[np.int64]) -> NDArray[np.uint64]:
    """Sum hashes up in a few bits: rows whose bits are apart share none."""
    bit = ids.view(np.uint64) & _U8(64 * _BLOOM - 1)
    found = np.zeros((len(ids), _BLOOM), np.uint64)
    present = ids != 0
    row, _ = np.nonzero(present)
    at = bit[present]
    np.bitwise_or.at(found, (row, (at >> _U8(6)).astype(np.intp)), _U8(1) << (at & _U8(63)))
    return found
