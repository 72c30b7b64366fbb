"""Reading SQL that others wrote into trees, within bounds: the one place where it is parsed."""

from __future__ import annotations

import sqlglot
from sqlglot import exp
from sqlglot.dialects.dialect import Dialect
from sqlglot.tokenizer_core import TokenType

MAX_CHARACTERS = 500_000
# The parser descends; beyond this the process would end, not raise.
MAX_DEPTH = 150
_OPENING = {TokenType.L_PAREN, TokenType.L_BRACKET, TokenType.L_BRACE}
_CLOSING = {TokenType.R_PAREN, TokenType.R_BRACKET, TokenType.R_BRACE}


class NotReadError(Exception):
    """Why a text is not read as SQL."""


def statements(sql: str, dialect: str = "duckdb") -> list[exp.Expr]:
    """The statements in a text; raises NotReadError where it is no SQL, or beyond the bounds."""
    if len(sql) > MAX_CHARACTERS:
        raise NotReadError(f"the SQL has more than {MAX_CHARACTERS:,} characters")
    try:
        speaker = Dialect.get_or_raise(dialect)
        tokens = speaker.tokenize(sql)
        depth = 0
        for token in tokens:
            depth += (token.token_type in _OPENING) - (token.token_type in _CLOSING)
            if depth > MAX_DEPTH:
                raise NotReadError("nested too deeply")
        return [tree for tree in speaker.parser().parse(tokens, sql) if tree is not None]
    except sqlglot.errors.SqlglotError as error:
        said = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise NotReadError(f"not SQL: {said}") from error
    except RecursionError as error:
        raise NotReadError("nested too deeply") from error
