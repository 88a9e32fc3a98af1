"""A program's text -> HTML with its words marked by kind, small enough for hundreds of programs."""

from __future__ import annotations

from functools import cache

from markupsafe import Markup, escape
from pygments.lexer import Lexer
from pygments.lexers import get_lexer_by_name
from pygments.token import Token, _TokenType

KINDS = (
    (Token.Comment, "c"),
    (Token.Keyword, "k"),
    (Token.Operator.Word, "k"),
    (Token.Literal.String, "s"),
    (Token.Literal.Number, "m"),
    (Token.Name.Function, "f"),
    (Token.Name.Builtin, "f"),
)
"""Kinds of token that are marked, and their class in static/page.css; all others stay plain."""


def highlight(text: str, language: str) -> Markup:
    """The text, escaped and marked; stripped of its tags, it is the text again."""
    tokens = _lexer(language).get_tokens_unprocessed(text)
    return Markup("").join(_marked(kind, part) for _, kind, part in tokens)


def _marked(kind: _TokenType, part: str) -> Markup:
    name = next((name for token, name in KINDS if token in kind.split()), None)
    if name is None or not part.strip():
        return escape(part)
    return Markup("<i class={}>{}</i>").format(name, part)


@cache
def _lexer(language: str) -> Lexer:
    return get_lexer_by_name(language)
