"""What SQL may not say where rows are spread by jurisdiction (measured on a cluster), told from SQL text and SQLAlchemy calls.

A line that must break a rule says so beside it: `# sql-lint: allow <rule> — <reason>`.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

VOLATILE = (
    r"\b(gen_random_uuid|uuid_generate_v\d|uuidv\d|random|nextval|setval|clock_timestamp|timeofday)\s*\("
)
ALLOW = re.compile(r"#\s*sql-lint:\s*allow\s+([a-z-]+)\s*[—–-]+\s*(\S.{9,})")
SQL = re.compile(
    r"^\s*(with\s+(recursive\s+)?\w+.*\bas\b|select\b|insert\s+into|update\s+\S+.*\bset\b|delete\s+from|merge\s+into|truncate\b"
    r"|create\s+\w+|alter\s+\w+|drop\s+\w+|copy\s+\S+|lock\s+table|grant\s+\w+|revoke\s+\w+)",
    re.IGNORECASE | re.DOTALL,
)
SAFE_NAMES = {"schema", "table", "tables", "quoted", "column", "columns", "placeholders"}
KEYS = {"UniqueConstraint": 0, "PrimaryKeyConstraint": 0, "ForeignKeyConstraint": 0}
KEY_OPERATIONS = {"create_unique_constraint": 2, "create_primary_key": 2, "create_foreign_key": 3}


@dataclass(frozen=True)
class Violation:
    """A rule broken on a line of a file, with the words that break it."""

    rule: str
    line: int
    text: str


def _sets(statement: str) -> Iterator[str]:
    """The SET lists of an UPDATE or an upsert."""
    for found in re.finditer(r"\bset\b(?! (local|session|constraints|transaction))(.*)", statement):
        yield re.split(r"\b(where|from|returning)\b", found.group(2))[0]


def _is_update(statement: str) -> bool:
    return bool(re.search(r"(^|\()\s*(with\b.*)?update\b|\bas \(\s*update\b|do update set", statement))


def _column_keys(statement: str) -> bool:
    columns = re.findall(
        r"[(,]\s*(\w+) [\w ()]*?\b(?:primary key|unique|references)\b(?!\s*[(\w]*\s*using)", statement
    )
    words = {"constraint", "primary", "unique", "foreign", "check", "jurisdiction", "exclude"}
    return any(column not in words for column in columns)


def _unled_key(statement: str) -> bool:
    if re.search(r"create (local |global )?temp", statement):
        return False
    if re.search(r"\b(primary key|unique|foreign key)\s*\(\s*(?!\"?jurisdiction\b)", statement):
        return True
    if re.search(r"create unique index\b[^(]*\(\s*(?!\"?jurisdiction\b)", statement):
        return True
    return statement.startswith("create table") and _column_keys(statement)


def _locks_without_jurisdiction(statement: str) -> bool:
    return bool(re.search(r"\bfor (no key )?(update|share)\b", statement)) and not re.search(
        r"\bjurisdiction\b\s*(=|in\b)|[(,]\s*(\w+\.)?jurisdiction\b[^()]*\)\s*(=|in\b)", statement
    )


TEXT_RULES: dict[str, Callable[[str], object]] = {
    "trigger": lambda s: re.search(r"\bcreate (or replace )?(constraint )?trigger\b", s),
    "cascade": lambda s: re.search(r"\bon (delete|update) (cascade|set null|set default)\b", s),
    "merge": lambda s: re.search(r"\bmerge into\b", s),
    "rollup": lambda s: re.search(r"\b(rollup|cube)\s*\(|\bgrouping sets\b", s),
    "lock": _locks_without_jurisdiction,
    "advisory": lambda s: re.search(r"\bpg_(try_)?advisory\w*", s),
    "volatile": lambda s: _is_update(s) and any(re.search(VOLATILE, part) for part in _sets(s)),
    "identity-order": lambda s: re.search(r"\border by ([\w.]+,\s*)*(\w+\.)?(id|ctid|oid|xmin)\b(?!\.)", s),
    "moved-jurisdiction": lambda s: (
        _is_update(s)
        and any(re.search(r"(^|,|\()\s*(\w+\.)?\"?jurisdiction\b[^=,]*[=,]", part) for part in _sets(s))
    ),
    "unled-key": _unled_key,
}


def lint(source: str) -> list[Violation]:
    """Every rule that this Python source breaks without saying why, by line."""
    tree = ast.parse(source)
    lines = source.splitlines()
    statements = [node for node in ast.walk(tree) if isinstance(node, ast.stmt)]
    found = [violation for text, node in _texts(tree) for violation in _lint_text(text, node)]
    found += [violation for node in ast.walk(tree) for violation in _lint_node(node, statements)]
    kept = {(v.rule, v.line): v for v in found if v.rule not in _allowed(lines, v.line, statements)}
    return sorted(kept.values(), key=lambda v: (v.line, v.rule))


def lint_sql(text: str) -> list[Violation]:
    """Every rule that this SQL script breaks."""
    return [Violation(rule, 1, statement) for statement in split(text) for rule in _broken(statement)]


def split(text: str) -> list[str]:
    """The statements of an SQL text, without comments, in lower case, one space between words."""
    bare = re.sub(r"--[^\n]*|/\*.*?\*/", " ", text, flags=re.DOTALL)
    return [" ".join(part.lower().split()) for part in bare.split(";") if part.strip()]


def _broken(statement: str) -> list[str]:
    return [rule for rule, breaks in TEXT_RULES.items() if breaks(statement)]


def _texts(tree: ast.AST) -> Iterator[tuple[str, ast.Constant | ast.JoinedStr]]:
    """String constants that are no docstrings, and f-strings with `{}` for what is put in."""
    inner = {
        id(part)
        for node in ast.walk(tree)
        if isinstance(node, ast.JoinedStr)
        for part in ast.walk(node)
        if part is not node
    }
    told = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in inner | told:
            yield node.value, node
        elif isinstance(node, ast.JoinedStr) and id(node) not in inner | told:
            parts = (part.value if isinstance(part, ast.Constant) else "{}" for part in node.values)
            yield "".join(str(part) for part in parts), node


def _lint_text(text: str, node: ast.Constant | ast.JoinedStr) -> Iterator[Violation]:
    statements = split(text) if SQL.search(text) else [s for s in split(text) if _shouts(text)]
    for statement in statements:
        for rule in _broken(statement):
            yield Violation(rule, node.lineno, statement[:120])
    if isinstance(node, ast.JoinedStr) and SQL.search(text):
        for part in node.values:
            if isinstance(part, ast.FormattedValue) and not _fixed(part.value):
                yield Violation("built-text", node.lineno, ast.unparse(part.value))


def _shouts(text: str) -> bool:
    """A piece of SQL rather than a sentence: it holds two of SQL's words in capitals."""
    return bool(re.search(r"\b[A-Z]{2,}\s+[A-Z]{2,}\b|\b[A-Z]{4,}\s*\(|pg_\w+\(", text))


def _fixed(value: ast.expr) -> bool:
    """Whether what is put into SQL text is the program's own: a constant, a name of a table or piece, never a value."""
    if isinstance(value, ast.Name | ast.Attribute):
        name = value.id if isinstance(value, ast.Name) else value.attr
        return (
            name.isupper() or name in SAFE_NAMES or name.endswith(("_sql", "_schema", "_table", "_columns"))
        )
    return isinstance(value, ast.Constant)


def _lint_node(node: ast.AST, statements: list[ast.stmt]) -> Iterator[Violation]:
    """SQLAlchemy and Alembic calls that end as SQL the text rules would refuse."""
    if not isinstance(node, ast.Call):
        return
    name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
    given = {keyword.arg: keyword.value for keyword in node.keywords if keyword.arg}
    shown = ast.unparse(node)[:120]
    around = ast.unparse(_enclosing(node, statements))
    for option in ("ondelete", "onupdate"):
        value = given.get(option)
        if isinstance(value, ast.Constant) and str(value.value).upper() in {
            "CASCADE",
            "SET NULL",
            "SET DEFAULT",
        }:
            yield Violation("cascade", node.lineno, shown)
    if name == "with_for_update" and "jurisdiction" not in around:
        yield Violation("lock", node.lineno, shown)
    if name in KEYS and not _led(node.args[: 1 if name == "ForeignKeyConstraint" else None]):
        yield Violation("unled-key", node.lineno, shown)
    if name in KEY_OPERATIONS and not _led(node.args[KEY_OPERATIONS[name] :][:1]):
        yield Violation("unled-key", node.lineno, shown)
    if _true(given.get("unique")) and not (
        name in {"Index", "create_index"} and _led(_index_columns(name, node))
    ):
        yield Violation("unled-key", node.lineno, shown)
    if name in {"rollup", "cube", "grouping_sets"}:
        yield Violation("rollup", node.lineno, shown)
    if "advisory" in name and name.startswith("pg_"):
        yield Violation("advisory", node.lineno, shown)
    if name in {"values", "set_"} and "jurisdiction" in given and re.search(r"\bupdate\(", around):
        yield Violation("moved-jurisdiction", node.lineno, shown)


def _enclosing(node: ast.Call, statements: list[ast.stmt]) -> ast.AST:
    holders = [
        s for s in statements if s.lineno <= node.lineno and (s.end_lineno or 0) >= (node.end_lineno or 0)
    ]
    return min(holders, key=lambda s: ((s.end_lineno or 0) - s.lineno, -s.lineno), default=node)


def _index_columns(name: str, node: ast.Call) -> list[ast.expr]:
    return node.args[2:3] if name == "create_index" else node.args[1:]


def _led(columns: list[ast.expr]) -> bool:
    """Whether the first column named is jurisdiction; a star or a name is the catalogue test's to judge."""
    if not columns:
        return True
    first = columns[0]
    if isinstance(first, ast.List | ast.Tuple):
        return _led(list(first.elts))
    if isinstance(first, ast.Constant):
        return first.value == "jurisdiction"
    return isinstance(first, ast.Starred | ast.Name) or "jurisdiction" in ast.unparse(first)


def _true(value: ast.expr | None) -> bool:
    return isinstance(value, ast.Constant) and value.value is True


def _allowed(lines: list[str], line: int, statements: list[ast.stmt]) -> set[str]:
    """The rules that a reasoned comment lifts on the line, the one above it, or the rest of its statement."""
    ends = [
        s.end_lineno or line
        for s in statements
        if s.lineno <= line <= (s.end_lineno or 0) and not hasattr(s, "body")
    ]
    near = lines[max(line - 2, 0) : max(ends, default=line)]
    return {found.group(1) for text in near if (found := ALLOW.search(text))}
