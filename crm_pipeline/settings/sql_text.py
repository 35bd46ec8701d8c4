"""What a query says, as far as that shows in its text: its placeholders, and whether it is one select.

Belongs here: finding words outside of quotes and comments, by dialect. Does not belong here: what placeholders stand
for, asking a database (`sources.databases`).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Literal

Dialect = Literal["postgresql", "mysql", "sqlite", "other"]
PLACEHOLDERS = ("since", "until", "date")

_DOUBLED = {"text": r"'(?:[^']|'')*'", "name": r'"(?:[^"]|"")*"'}
_ESCAPED = {"text": r"'(?:[^'\\]|\\.|'')*'", "name": r'"(?:[^"\\]|\\.|"")*"'}
_BLOCK = r"/\*.*?\*/"
_NESTED_BLOCK = r"/\*(?:[^/*]|\*(?!/)|/(?!\*)|/\*(?:[^*]|\*(?!/))*\*/)*\*/"  # one level, as people comment out comments
_LINE = r"--[^\n]*"
# What holds no words of the query, the more special form first.
_SILENT: Mapping[Dialect, tuple[str, ...]] = {
    "postgresql": (
        r"\b[eE]'(?:[^'\\]|\\.|'')*'",
        *_DOUBLED.values(),
        r"\$(?P<tag>[^\W\d]\w*)?\$.*?\$(?(tag)(?P=tag))\$",
        _LINE,
        _NESTED_BLOCK,
    ),
    "mysql": (*_ESCAPED.values(), "`(?:[^`]|``)*`", r"--(?=\s|$)[^\n]*", r"\#[^\n]*", _BLOCK),
    "sqlite": (*_DOUBLED.values(), "`(?:[^`]|``)*`", r"\[[^\]]*\]", _LINE, _BLOCK),
    "other": (*_DOUBLED.values(), "`(?:[^`]|``)*`", _LINE, _BLOCK),
}
_PLACEHOLDER = rf"(?<![:\w]):(?P<placeholder>{'|'.join(PLACEHOLDERS)})\b"
# What begins something silent that does not end. A `$` that begins none stands in names, and in MySQL anywhere.
_OPEN = r"['`]|\"|/\*"
_OPEN_DOLLAR = r"|(?<!\w)\$(?:[^\W\d]\w*)?\$"
_TOKENS = {
    dialect: re.compile(
        rf"(?P<silent>{'|'.join(silent)})|{_PLACEHOLDER}|(?P<end>;)"
        rf"|(?P<open>{_OPEN}{_OPEN_DOLLAR if dialect == 'postgresql' else ''})",
        re.DOTALL,
    )
    for dialect, silent in _SILENT.items()
}


def placeholders(sql: str, dialect: Dialect) -> frozenset[str]:
    """Those of `PLACEHOLDERS` that stand outside of quotes and comments."""
    return frozenset(match["placeholder"] for match in _tokens(sql, dialect) if match["placeholder"])


def filled(sql: str, dialect: Dialect, literals: Mapping[str, str]) -> str:
    """The query with each placeholder replaced by its literal."""
    return _TOKENS[dialect].sub(lambda match: literals[match["placeholder"]] if match["placeholder"] else match[0], sql)


def one_select(sql: str, dialect: Dialect) -> str:
    """The query without a semicolon at its end.

    Raises:
        ValueError: it is not one statement that begins with SELECT or WITH, or a quote or comment is not closed.
    """
    spans = [(match.start(), match.end(), match) for match in _tokens(sql, dialect)]
    if any(match["open"] for _, _, match in spans):
        raise ValueError("expected quotes and comments that are closed")
    spoken = list(sql)
    for start, end, match in spans:
        if match["silent"] and match[0][0] in "-#/":  # a comment
            spoken[start:end] = " " * (end - start)
    text = "".join(spoken)
    ends = [start for start, _, match in spans if match["end"]]
    if not re.match(r"[\s(]*(?:select|with)\b", text, re.IGNORECASE) or any(
        text[end:].strip("; \t\r\n") for end in ends
    ):
        raise ValueError("expected one select: SELECT … or WITH … SELECT …")
    return sql[: ends[0]] if ends else sql


def _tokens(sql: str, dialect: Dialect) -> Iterator[re.Match[str]]:
    return _TOKENS[dialect].finditer(sql)
