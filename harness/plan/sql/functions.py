"""Rewrites DuckDB's many functions to the fewer ones that a plan has."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence, Set
from typing import Any

from sqlglot import exp

from harness.plan.facts.kinds import COMPARISONS, TIMESTAMPS, is_literal
from harness.plan.facts.windows import ignoring_nulls, placed
from harness.plan.sql.expansions import expanded

Expression = exp.Expr
Rewrite = Callable[[Any], Expression]


def by_name(tree: Expression) -> None:
    """Changes the tree in place: DuckDB's functions, as ``prefix``, become those of a plan.

    Also rewrites functions that sqlglot parses to a form of its own.
    """
    for call in reversed(list(tree.find_all(exp.Anonymous))):  # the inner ones first
        known = NAMED.get(call.name.lower())
        if known is not None and len(call.expressions) == known[0]:
            call.replace(known[1](call.expressions) or call)
        elif not isinstance(call.parent, _AROUND_AGGREGATES):
            call.replace(expanded(call.name, call.expressions) or call)
    for e in reversed(list(tree.find_all(*_FORMS))):
        e.replace(_FORMS[type(e)](e))


_AROUND_AGGREGATES = (exp.Window, exp.Filter, exp.WithinGroup)
"""What is about an aggregate, and not about an expression of aggregates."""


def _date(e: exp.Date) -> Expression:
    more = e.this is None or e.args.get("zone") or e.expressions
    return e if more else exp.Cast(this=e.this, to=exp.DataType.build("DATE"))


def _data_first(e: exp.TimeToStr) -> Expression:
    """Rewrites ``strftime('%Y', day)`` to ``strftime(day, '%Y')``: DuckDB takes either order."""
    text = e.this
    if isinstance(text, exp.Literal) and text.is_string:
        return exp.TimeToStr(this=e.args["format"], format=text)
    return e


def _within_group(e: exp.WithinGroup) -> Expression:
    """Rewrites ``percentile_cont(0.5) within group (order by x)`` to ``quantile_cont(x, 0.5)``."""
    key = e.expression.expressions[0]
    if not isinstance(e.this, (exp.PercentileCont, exp.PercentileDisc)) or key.args.get("desc"):
        return e
    return type(e.this)(this=key.this, expression=e.this.this)


def _extract(e: exp.Extract) -> Expression:
    return expanded(e.name, [e.expression]) or e


def _substring(e: exp.Substring) -> Expression:
    """Rewrites ``substring(s, -2)``, the last two characters, and ``substring(s, 0, 3)``."""
    start, length = e.args["start"], e.args.get("length")
    if is_literal(start, "0"):
        if length is None:
            text: Expression = e.this
            return text
        if not _is_whole(length):
            return e
        fewer = max(int(length.name) - 1, 0)
        return exp.Left(this=e.this, expression=exp.Literal.number(fewer))
    if not isinstance(start, exp.Neg) or not _is_whole(start.this):
        return e
    last = exp.Right(this=e.this, expression=start.this)
    whole = length is None or (_is_whole(length) and int(length.name) >= int(start.this.name))
    return last if whole else e


def _right(e: exp.Right) -> Expression:
    """Rewrites ``right(s, -2)``, all but the first two characters, to ``substring(s, 3)``."""
    count = e.expression
    if not isinstance(count, exp.Neg) or not _is_whole(count.this):
        return e
    return exp.Substring(this=e.this, start=exp.Literal.number(int(count.this.name) + 1))


def _is_whole(e: Expression) -> bool:
    return isinstance(e, exp.Literal) and e.is_int


_FORMS: dict[type[Expression], Rewrite] = {
    exp.Date: _date,
    exp.Extract: _extract,
    exp.WeekOfYear: lambda e: exp.Week(this=e.this),
    exp.Substring: _substring,
    exp.Right: _right,
    exp.Escape: lambda e: _escaped(e) or e,
    exp.DateTrunc: lambda e: exp.TimestampTrunc(this=e.this, unit=exp.var(e.args["unit"].name)),
    exp.TimeToStr: _data_first,
    exp.TimeToUnix: lambda e: expanded("epoch", [e.this]) or e,
    exp.WithinGroup: _within_group,
}


def _escaped(e: exp.Escape) -> Expression | None:
    """Rewrites ``s like '10!%%' escape '!'`` to ``starts_with(s, '10%')``, others to patterns.

    Returns None if it is not known what is escaped.
    """
    test, escape = e.this, e.expression
    if not (test.expression.is_string and escape.is_string and len(escape.name) == 1):
        return None
    pieces = re.findall(f"{re.escape(escape.name)}.?|.", test.expression.name, re.DOTALL)
    if pieces and pieces[-1] == escape.name:
        return None
    texts = [piece[-1] for piece in pieces]
    wild = [len(piece) == 1 and piece in "%_" for piece in pieces]
    found = _of_pieces(test, texts, wild)
    return exp.Not(this=found) if test.args.get("negate") else found


def _of_pieces(test: exp.Like | exp.ILike, texts: list[str], wild: list[bool]) -> Expression:
    """Returns a LIKE without ESCAPE; ``texts`` are its characters, ``wild`` those that are not."""
    first, last = (len(texts) > 1 and wild[end] and texts[end] == "%" for end in (0, -1))
    literal = exp.Literal.string("".join(texts[first : len(texts) - last]))
    if not any(c in "%_" for c, joker in zip(texts, wild, strict=True) if not joker):
        return type(test)(this=test.this, expression=exp.Literal.string("".join(texts)))
    if isinstance(test, exp.Like) and not any(wild[first : len(texts) - last]):
        return _PARTS[first, last](this=test.this, expression=literal)
    jokers = {"%": ".*", "_": "."}
    pairs = zip(texts, wild, strict=True)
    pattern = "".join(jokers[c] if joker else re.escape(c) for c, joker in pairs)
    options = exp.Literal.string("si" if isinstance(test, exp.ILike) else "s")
    return exp.RegexpFullMatch(
        this=test.this, expression=exp.Literal.string(pattern), options=options
    )


_PARTS: dict[tuple[bool, bool], type[Expression]] = {
    (False, False): exp.EQ,
    (False, True): exp.StartsWith,
    (True, False): exp.EndsWith,
    (True, True): exp.Contains,
}
"""Whether anything may come before a text, and after it -> the test for that text."""


def _part(arguments: Sequence[Expression]) -> Expression | None:
    if not (isinstance(arguments[0], exp.Literal) and arguments[0].is_string):
        return None  # a list of parts, which the plan layer does not have
    return exp.Extract(this=exp.var(arguments[0].name), expression=arguments[1])


NAMED: dict[str, tuple[int, Callable[[Sequence[Expression]], Expression | None]]] = {
    "date_part": (2, _part),
    "datepart": (2, _part),
    "weekday": (1, lambda a: exp.Extract(this=exp.var("dow"), expression=a[0])),
    "strlen": (1, lambda a: exp.ByteLength(this=a[0])),
    "prefix": (2, lambda a: exp.StartsWith(this=a[0], expression=a[1])),
    "suffix": (2, lambda a: exp.EndsWith(this=a[0], expression=a[1])),
    "mean": (1, lambda a: exp.Avg(this=a[0])),
    "favg": (1, lambda a: exp.Avg(this=a[0])),
    "arbitrary": (1, lambda a: exp.AnyValue(this=a[0])),
}


def _log(e: exp.Log) -> Expression:
    if e.expression is not None:
        return e
    return exp.Log(this=exp.Literal.number(10), expression=e.this)


def _interval(unit: str) -> Rewrite:
    return lambda e: exp.Interval(this=e.this, unit=exp.var(unit))


def _times(e: exp.Mul) -> Expression:
    """Rewrites ``n * interval 1 day`` to ``interval (n) day``."""
    interval, count = e.this, e.expression
    if isinstance(count, exp.Interval):
        interval, count = count, interval
    if not isinstance(interval, exp.Interval) or not is_literal(interval.this, "1"):
        return e
    return exp.Interval(this=count, unit=interval.args.get("unit"))


_OPTIONS: dict[type[Expression], str] = {
    exp.RegexpLike: "flag",
    exp.RegexpReplace: "modifiers",
    exp.RegexpExtract: "parameters",
}
_NEWLINES = "smnp"
"""Options that say whether a dot matches a newline; the last one counts, and only ``s`` means yes.
"""


def _flagged(e: Expression) -> Expression:
    """Moves a regular expression's options into the pattern: ``(?i)a``."""
    flag = _OPTIONS[type(e)]
    options = e.args.get(flag)
    if options is not None and e.expression.is_string:
        last, case = ([c for c in options.name if c in few][-1:] for few in (_NEWLINES, "ci"))
        inline = "i" * (case == ["i"]) + "s" * (last == ["s"])
        rest = "".join(c for c in options.name if c not in "ci" + _NEWLINES)
        pattern = f"(?{inline})" * bool(inline) + e.expression.name
        e.set("expression", exp.Literal.string(pattern))
        e.set(flag, exp.Literal.string(rest) if rest else None)
    return e


def _full_match(e: Expression) -> Expression:
    """Rewrites SIMILAR TO, and other matches of a whole text, to a match of ``^(?:a)$`` for ``a``.

    A pattern that is computed is left.
    """
    if not e.expression.is_string:
        return e
    options = e.args.get("options")
    pattern = exp.Literal.string(f"^(?:{e.expression.name})$")
    return _flagged(exp.RegexpLike(this=e.this, expression=pattern, flag=options))


def _aggregate(kind: type[Expression]) -> Rewrite:
    return lambda e: kind(this=e.this)


def _formatted(form: str) -> Rewrite:
    return lambda e: exp.TimeToStr(this=e.this, format=exp.Literal.string(form))


def _replaced(e: exp.Replace) -> Expression:
    """Drops ``replace`` of an empty text, which DuckDB never finds and some libraries do."""
    texts = (e.expression, e.args.get("replacement"))
    nothing = (
        all(isinstance(text, exp.Literal) and text.is_string for text in texts)
        and not e.expression.name
    )
    return e.this if nothing else e


_PERIODS = {(7, "DAY"): "WEEK", (3, "MONTH"): "QUARTER", (12, "MONTH"): "YEAR"}
"""Widths of buckets that are one of a longer unit."""


def _bucket(e: exp.DateBin) -> Expression:
    """Rewrites ``time_bucket`` of one unit to date_trunc; buckets begin at the same times.

    Of a date DuckDB returns a date.
    """
    width, moment = e.this, e.expression
    unit = width.args.get("unit") if isinstance(width, exp.Interval) else None
    if unit is None or not isinstance(width.this, exp.Literal) or not width.name.isdecimal():
        return e
    found = unit.name if width.name == "1" else _PERIODS.get((int(width.name), unit.name))
    if found is None:
        return e
    start = exp.TimestampTrunc(this=moment, unit=exp.var(found))
    if moment.type is None or not moment.type.is_type("date"):
        return start
    return e if found in _OF_DAY else exp.Cast(this=start, to=exp.DataType.build("DATE"))


_OF_DAY = ("HOUR", "MINUTE", "SECOND")


def _of_text(e: exp.Bracket) -> Expression:
    """Rewrites ``s[2]`` and ``s[2:3]`` of a text to ``substring``; places count from 1 in DuckDB.

    sqlglot counts a single place from 0.
    """
    (place,) = e.expressions
    if e.this.type is None or not e.this.is_type(*exp.DataType.TEXT_TYPES):
        return e
    first, last = (place.this, place.expression) if isinstance(place, exp.Slice) else (place, place)
    if not (_is_whole(first) and _is_whole(last)) or (place is not first and first.name == "0"):
        return e
    start = int(first.name) + (place is first)
    length = int(last.name) - int(first.name) + 1
    numbers = (exp.Literal.number(number) for number in (start, max(length, 0)))
    return exp.Substring(this=e.this, **dict(zip(("start", "length"), numbers, strict=True)))


def _trunc(e: exp.Trunc) -> Expression:
    if e.args.get("decimals") is not None:
        return e
    known = e.this.type
    if known is None or not known.is_type(*exp.DataType.INTEGER_TYPES, *exp.DataType.FLOAT_TYPES):
        return e
    whole = known.is_type(*exp.DataType.INTEGER_TYPES)
    spelt = e.this if whole else expanded("trunc", [e.this])
    assert spelt is not None, "trunc is written out"
    made = spelt.unnest()
    made.type = known  # for a function around it
    return made


def _truncated(e: exp.TimestampTrunc) -> Expression:
    """Rewrites ``date_trunc('hour', day)`` to ``cast(day as timestamp)``: a day has no hours."""
    of_time = e.args["unit"].name.upper() in ("HOUR", "MINUTE", "SECOND")
    if not (of_time and e.this.is_type(exp.DType.DATE)):
        return e
    return exp.cast(e.this, exp.DType.TIMESTAMP)


REWRITES: dict[type[Expression], Rewrite] = {
    exp.Bracket: _of_text,
    exp.Trunc: _trunc,
    exp.DateBin: _bucket,
    exp.RespectNulls: lambda e: e.this if isinstance(e.parent, exp.Window) else e,
    exp.TimestampTrunc: _truncated,
    exp.Window: lambda e: placed(ignoring_nulls(e)),
    exp.Log: _log,
    exp.ToDays: _interval("DAY"),
    exp.Mul: _times,
    exp.DateAdd: lambda e: exp.Add(this=e.this, expression=e.expression),
    exp.Replace: _replaced,
    exp.RegexpLike: _flagged,
    exp.RegexpReplace: _flagged,
    exp.RegexpExtract: _flagged,
    exp.RegexpFullMatch: _full_match,
    exp.SimilarTo: _full_match,
    exp.LogicalAnd: _aggregate(exp.Min),
    exp.LogicalOr: _aggregate(exp.Max),
    exp.Quantile: lambda e: exp.PercentileDisc(this=e.this, expression=e.args["quantile"]),
    exp.Dayname: _formatted("%A"),
    exp.Monthname: _formatted("%B"),
}


# ---------------------------------------------------------------------- constants


def moments(tree: Expression) -> None:
    """Changes the tree in place: constant dates become timestamps beside an interval.

    That is where the interval is added or subtracted; DuckDB's result is a timestamp, too.
    """
    for sum_ in tree.find_all(exp.Add, exp.Sub):
        day = sum_.this
        if isinstance(sum_.expression, exp.Interval) and _is_constant(day, {exp.DType.DATE}):
            day.set("to", exp.DataType.build("TIMESTAMP"))


def _is_constant(e: Expression, types: Set[exp.DType]) -> bool:
    """True if an expression is a text cast to one of these types, of dates or timestamps."""
    literal = isinstance(e, exp.Cast) and isinstance(e.this, exp.Literal) and e.this.is_string
    return literal and e.args["to"].this in types


def midnight(e: Expression) -> Expression:
    """Rewrites a constant that dates only are compared with to a date if it is a midnight.

    ``day < timestamp '2020-01-01 00:00:00'`` -> ``day < date '2020-01-01'``. Among the members of
    IN, to which timestamps are compared, a constant date becomes a timestamp.
    """
    if not isinstance(e, (*COMPARISONS, exp.Between, exp.In)):
        return e
    operands = [x for x in e.iter_expressions() if isinstance(x, Expression)]
    others = [x for x in operands if not _is_constant(x, {*TIMESTAMPS, exp.DType.DATE})]
    if others and all(x.is_type(exp.DType.DATE) for x in others):
        for moment in operands:
            if _is_constant(moment, TIMESTAMPS) and moment.this.name[10:] in _MIDNIGHTS:
                moment.replace(_constant(moment.this.name[:10], "DATE"))
    elif isinstance(e, exp.In) and others and all(x.is_type(*TIMESTAMPS) for x in others):
        for day in operands:
            if _is_constant(day, {exp.DType.DATE}):
                day.replace(_constant(f"{day.this.name} 00:00:00", "TIMESTAMP"))
    return e


def _constant(text: str, kind: str) -> Expression:
    return exp.Cast(this=exp.Literal.string(text), to=exp.DataType.build(kind))


_MIDNIGHTS = ("", " 00:00:00", "T00:00:00")
