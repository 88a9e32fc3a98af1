"""The gaps of engines that run SQL: what each lacks, or answers differently from DuckDB."""

from __future__ import annotations

from sqlglot import exp

from harness.engines.gaps import BATCHES, TABLE_ORDER, Gap, cannot, not_yet
from harness.engines.polars.gaps import HEADER
from harness.engines.pyspark.gaps import OF_SPARK
from harness.engines.python.gaps import UNREAD_PATTERN
from harness.engines.sql.sessions.sqlite import FILES, FRACTIONS, RESERVED
from harness.engines.sql.shapes import clauses, numbers, subqueries, texts, totals
from harness.plan.tree.nodes import Aggregate, AsOfJoin, Join, Scan, Sort, Values, Window

ALWAYS_NULL = "a total of all rows whose aggregates are constants, or that has none"
READ_OTHERWISE = "SQL that its dialect would read as another query"
UNSPELT = "what has no spelling in its dialect"
NO_PARQUET = "Parquet files"

COMMON: tuple[Gap, ...] = (
    not_yet(exp.AggFunc, ALWAYS_NULL),
    not_yet(exp.Select, READ_OTHERWISE),
    not_yet(exp.Select, UNSPELT),
    cannot(exp.Intersect, "INTERSECT ALL and EXCEPT ALL", test=clauses.bag),
    cannot(exp.Interval, "intervals of a computed number", test=numbers.computed_interval),
    cannot(exp.Cast, "a float as a text", test=texts.float_as_text),
    cannot(exp.Cast, "a time as a text", test=texts.time_as_text),
    cannot(
        exp.TimeToStr,
        "a time in a format with fractions of a second",
        test=texts.fraction_in_format,
    ),
    cannot(
        exp.Round,
        "rounding to a computed place, or to more digits than there are",
        test=numbers.many_places,
    ),
    cannot(exp.Substring, "a part of a text from its end", test=texts.start_from_the_end),
    cannot(
        exp.Substring,
        "a part of a text of a length that may be below zero",
        test=texts.length_below_zero,
    ),
    cannot(
        exp.SplitPart,
        "a text split by what may be the empty text, or its part of a number that may be 0",
        test=texts.split_by_nothing,
    ),
    cannot(
        exp.RegexpReplace,
        "a dollar sign in what matches are replaced with",
        test=texts.dollar_in_replacement,
    ),
    cannot(exp.Like, "a backslash in a pattern of LIKE", test=texts.backslash_in_like),
    cannot(Aggregate, "groups of a constant", test=clauses.constant_key),
    cannot(exp.Lag, "a lag by NULL", test=clauses.shift_by_null),
    not_yet(exp.First),
    not_yet(exp.Last),
)
"""Gaps of every engine of this family."""

AS_OF = cannot(AsOfJoin, "ASOF JOIN", test=clauses.as_of)
UNSHARED_PATTERN = not_yet(exp.RegexpLike, UNREAD_PATTERN, test=texts.unshared_pattern)
GROUPS_REPLACED = cannot(
    exp.RegexpReplace,
    "groups in what matches are replaced with",
    test=texts.group_in_replacement,
)
FULL_JOINS = cannot(
    Sort,
    "an order of two FULL JOINs, of which it takes a key for constant",
    test=clauses.order_of_full_joins,
)
NULLABLE_UNION = cannot(
    exp.Union,
    "a condition that its own check takes for one that may be NULL",
    says=["Physical input schema should be the same"],
)
COUNT_IS_NULL = cannot(
    exp.Count,
    "whether a correlated subquery's count is NULL, for which it forgets the count",
    test=subqueries.count_that_is_null,
)
JOINED_CONSTANTS = cannot(
    exp.Sum,
    "sums of nothing but a join's constants, which it adds up before the join",
    test=totals.sums_of_joined_constants,
)
NOT_IN_OF_A_CONSTANT = cannot(
    exp.In, "NOT IN of a constant in a subquery", test=subqueries.not_in_of_a_constant
)
NEVER_NULL = cannot(
    Join,
    "a value of a subquery that is NULL only where it has no row, which it takes for never NULL",
    test=subqueries.never_null_of_no_rows,
    says=["is declared as non-nullable", "with null values to non-nullable"],
)
OTHERWISE = "SQL that it says that it does not have"

DATAFUSION: tuple[Gap, ...] = (
    *COMMON,
    cannot(
        exp.Window,
        "places in rows that a subquery sorts",
        "it drops that order",
        test=clauses.places_in_sorted_rows,
    ),
    TABLE_ORDER,
    AS_OF,
    cannot(
        Sort,
        "the first millions of groups in an order, for which it reserves memory at once",
        test=clauses.many_first_groups,
    ),
    cannot(exp.PercentileDisc),
    cannot(
        exp.PercentileCont,
        "a fraction of more than six digits, of which it reads six",
        test=numbers.fraction_of_many_digits,
    ),
    UNSHARED_PATTERN,
    cannot(
        exp.RegexpLike,
        "a backslash that a regular expression matches",
        "it looks for a pattern of LIKE, where a backslash is another character",
        test=texts.pattern_with_backslash,
    ),
    not_yet(exp.RegexpExtract),
    not_yet(exp.Bracket),
    not_yet(exp.StrToTime),
    cannot(
        Join,
        "NOT IN of a subquery beside OR, where something is NULL",
        test=subqueries.not_in_beside_or,
    ),
    NOT_IN_OF_A_CONSTANT,
    cannot(exp.Exists, "EXISTS or IN as a value", test=subqueries.subquery_as_value),
    cannot(
        exp.In,
        "a correlated subquery's value that IN looks up",
        test=subqueries.looked_up_of_own_rows,
    ),
    cannot(
        Join,
        "IN in ON, or a correlated subquery with a LIMIT or tied by anything but equalities",
        says=["Physical plan does not support logical expression"],
    ),
    cannot(
        Join,
        "a value looked up by a correlated subquery",
        says=["Invalid (non-executable) plan", "type_coercion"],
    ),
    cannot(
        Join,
        "NOT IN of a correlated subquery",
        test=subqueries.tied_not_in_beside_null,
        says=["null_aware anti join"],
    ),
    cannot(
        exp.In,
        "a value looked up, as another type, in a column that also ties the subquery",
        says=["Projections require unique expression names"],
    ),
    cannot(
        Sort,
        "ORDER BY a column beside an answer's column of its name",
        says=["ambiguous", "must appear in select list", "No field named"],
    ),
    cannot(exp.GroupConcat, "texts in several orders", says=["Conflicting ordering requirements"]),
    cannot(exp.Distinct, "DISTINCT in a deviation", says=["(DISTINCT) aggregations"]),
    cannot(exp.Sqrt, "the root of a negative number", says=["square root of a negative number"]),
    cannot(exp.Pow, "0 to a power below 0", says=["zero raised to a negative power"]),
    cannot(
        Aggregate,
        "a key of all grouping sets that has the name of one of some: its filters mix them up",
        test=clauses.grouping_by_one_name,
    ),
    cannot(Window, "a quantile over a partition", says=["OVER and WITHIN GROUP"]),
    cannot(exp.Window, "a window of the rows that belong to a row", test=subqueries.tied_window),
    cannot(
        Window,
        "a frame of values by a distance with a fraction",
        says=["frame offsets for RANGE"],
    ),
    cannot(Window, "a frame that ends before it begins", says=["Invalid window frame"]),
    cannot(Window, "a window over values of windows", says=["calls cannot be nested"]),
    cannot(Sort, "an order that its own check takes for lost", says=["SanityCheckPlan"]),
    NEVER_NULL,
    NULLABLE_UNION,
    FULL_JOINS,
    JOINED_CONSTANTS,
    COUNT_IS_NULL,
    cannot(
        exp.Cast,
        "a time before 1678 or after 2261, in nanoseconds",
        says=[
            *("to Nanosecond", "to Timestamp(ns)", "Execution error: Timestamp "),
            *("Timestamp out of range", "Cannot cast to Interval"),
        ],
    ),
    cannot(
        Aggregate,
        "aggregates that differ by a cast alone",
        says=["duplicate unqualified field name"],
    ),
    cannot(
        exp.Select,
        OTHERWISE,
        says=["not implemented", "Invalid function", "upported", "window frame", "ParserError"],
    ),
)
POLARS_SQL: tuple[Gap, ...] = (
    *COMMON,
    cannot(exp.Lateral),
    not_yet(exp.DateBin),
    cannot(exp.IgnoreNulls),
    AS_OF,
    cannot(
        exp.Where,
        "a condition without FROM",
        "it does not apply it",
        test=clauses.condition_without_from,
    ),
    *map(
        cannot,
        (
            *(exp.AnyValue, exp.StddevPop, exp.VariancePop, exp.Contains, exp.Repeat),
            *(exp.RegexpExtract, exp.Bracket, exp.DateFromParts, exp.StrToTime),
        ),
    ),
    not_yet(exp.ArgMax),
    not_yet(exp.ArgMin),
    cannot(Scan, HEADER),
    UNSHARED_PATTERN,
    cannot(exp.StrPosition, reason="it counts bytes"),
    cannot(exp.Substring, "a part of a text of a computed length", test=texts.computed_length),
    cannot(exp.Replace, "a replacement by what is computed", test=texts.computed_replacement),
    cannot(exp.SplitPart, "a text split by what is computed", test=texts.computed_split),
    cannot(exp.Pad, "padding with more than one character", says=["PAD fill value"]),
    cannot(exp.Trim, "trim of a column's characters", says=["SQLInterfaceError: expression col("]),
    cannot(exp.Cast, "a text as a condition", test=texts.text_as_condition),
    cannot(exp.Cast, "a text that is no whole number", says=["conversion from `str`"]),
    cannot(exp.Distinct, "DISTINCT in a deviation", says=["unexpected use of DISTINCT"]),
    cannot(
        Aggregate,
        "a computed key by the name of what is aggregated",
        test=clauses.key_named_as_a_value,
    ),
    cannot(
        Aggregate,
        "a subquery in a key of GROUP BY",
        says=["not currently supported in the GROUP BY"],
    ),
    cannot(
        Join,
        "EXISTS beside OR, or tied by anything but equal columns",
        says=["EXISTS subquery is not"],
    ),
    cannot(
        Join, "a column of an outer query in this place", says=["no table or struct column named"]
    ),
    cannot(
        Join,
        "keys of unlike types",
        says=["datatypes of join keys", "'join_where' cannot compare"],
    ),
    cannot(Join, "a column tied twice", says=["joining with repeated key names"]),
    cannot(Window, "a frame of values", test=clauses.frame_of_values),
    cannot(
        Window,
        "an aggregate of a frame that does not end with the row",
        test=clauses.frame_past_the_row,
        says=["with window frame", "with ORDER BY in OVER"],
    ),
    cannot(Window, "a moving extreme of texts", says=["rolling_"]),
    cannot(
        exp.Select,
        OTHERWISE,
        says=[
            *("SQLInterfaceError", "SQLSyntaxError", "ColumnNotFoundError", "SchemaError"),
            *("InvalidOperationError", "DuplicateError", "dynamic pattern"),
        ],
    ),
)

POSTGRES: tuple[Gap, ...] = (
    *COMMON,
    cannot(exp.IgnoreNulls),
    TABLE_ORDER,
    AS_OF,
    GROUPS_REPLACED,
    cannot(exp.TryCast),
    not_yet(exp.Bracket),
    cannot(Scan, NO_PARQUET, "it has no reader of them"),
    cannot(exp.Identifier, "a name of more than 63 bytes", test=texts.long_name),
    cannot(exp.Div, "a division by zero", says=["division by zero"]),
    cannot(exp.Mod, "a remainder of floats", test=numbers.float_remainder),
    cannot(exp.Like, "a computed pattern of LIKE", test=texts.computed_pattern),
    cannot(exp.RegexpLike, "a regular expression that it reads otherwise", test=texts.perl_only),
    cannot(
        exp.RegexpReplace,
        "a regular expression of which it takes the longest match",
        test=texts.longest_or_first,
    ),
    cannot(exp.TimeToStr, "a format with other letters", test=texts.other_letters),
    cannot(exp.Ln, "the logarithm of 0 or less", says=["cannot take logarithm"]),
    cannot(exp.Sqrt, "the root of a negative number", says=["cannot take square root"]),
    cannot(
        exp.Pow,
        "a power that is infinite or no number",
        says=["zero raised to a negative power", "a negative number raised to"],
    ),
    cannot(exp.Cast, "a number that passes its type", says=["out of range"]),
    cannot(
        exp.Select,
        OTHERWISE,
        says=[
            *("ERROR:  function ", "ERROR:  operator does not exist", "ERROR:  syntax error"),
            *("not implemented", "not supported", "is only supported with", "cannot cast type"),
            *("must appear in", "could not determine polymorphic type", "is ambiguous"),
            *("non-integer constant in", "cannot be matched", "invalid regular expression"),
        ],
    ),
)
HYPER: tuple[Gap, ...] = (
    *COMMON,
    cannot(
        exp.Window,
        "places in rows that a subquery sorts",
        "it drops that order",
        test=clauses.places_in_sorted_rows,
    ),
    COUNT_IS_NULL,
    not_yet(exp.DateBin),
    TABLE_ORDER,
    AS_OF,
    GROUPS_REPLACED,
    cannot(exp.ArgMax),
    cannot(exp.ArgMin),
    not_yet(exp.Bracket),
    not_yet(exp.RegexpExtract),
    cannot(Window, "joined texts of a window, in an order", says=["order specification invalid"]),
    cannot(
        Join, "NOT IN of a subquery where something may be NULL", test=subqueries.not_in_beside_null
    ),
    cannot(exp.Mul, "a float times 0, which is NaN for infinity", test=numbers.float_times_zero),
    cannot(exp.Add, "constants in a row, which it computes first", test=numbers.constants_in_a_row),
    cannot(exp.TimeToStr, "a format with other letters", test=texts.other_letters),
    cannot(exp.Ln, "the logarithm of 0 or less", says=["cannot take logarithm"]),
    cannot(exp.Pow, "0 to a power below 0", says=["zero raised to a negative power"]),
    cannot(Window, "a quantile over a partition", test=clauses.quantile_over),
    cannot(Window, "DISTINCT over a partition", says=["holistic aggregates are disabled"]),
    cannot(
        exp.Select,
        OTHERWISE,
        says=[
            *("not supported", "does not exist", "could not deduce expression type"),
            *("non-integer constant in GROUP BY", "can only reference the projection"),
        ],
    ),
)

SQLITE: tuple[Gap, ...] = (
    *COMMON,
    cannot(exp.Lateral),
    cannot(exp.IgnoreNulls),
    TABLE_ORDER,
    AS_OF,
    cannot(
        exp.Union,
        "columns of dates beside ones of timestamps",
        "its timestamps are texts with a time, also at midnight",
        test=numbers.days_beside_times,
    ),
    cannot(
        Values,
        "integers beside floats",
        "a column of them has values of both kinds",
        test=numbers.unlike_constants,
    ),
    *map(
        cannot,
        (
            *(exp.Corr, exp.Median, exp.PercentileCont, exp.PercentileDisc, exp.TryCast),
            *(exp.Stddev, exp.StddevPop, exp.StddevSamp, exp.Variance, exp.VariancePop),
            *(exp.RegexpLike, exp.RegexpReplace, exp.RegexpExtract, exp.Reverse, exp.Repeat),
            *(exp.Pad, exp.SplitPart, exp.Bracket, exp.ConcatWs, exp.ArgMax, exp.ArgMin),
            *(exp.StrToTime,),
        ),
    ),
    cannot(Scan, FILES, "it reads databases of its own"),
    cannot(Scan, FRACTIONS, "its functions of times know none"),
    cannot(Scan, RESERVED, "such tables are its own"),
    cannot(exp.Upper, reason="it knows ASCII only"),
    cannot(exp.Lower, reason="it knows ASCII only"),
    cannot(exp.ILike, reason="it knows ASCII only"),
    cannot(exp.Greatest, reason="with a NULL it is NULL"),
    cannot(exp.Least, reason="with a NULL it is NULL"),
    cannot(exp.Mod, "a remainder of floats", test=numbers.float_remainder),
    cannot(exp.Div, "a division by floats, of which it knows no -0.0", test=numbers.float_divisor),
    cannot(
        exp.Pow,
        "a power below 0 of floats, of which it knows no -0.0",
        test=numbers.float_to_power_below_0,
    ),
    cannot(exp.Cast, "a text as a condition", test=texts.text_as_condition),
    cannot(exp.Right, "the last 2^30 characters, or more", test=texts.right_of_very_many),
    cannot(exp.TimeToStr, "a format with names, or with other letters", test=texts.with_names),
    cannot(
        exp.GroupConcat,
        "string_agg with ORDER BY",
        "its versions before 3.44 lack it",
        test=texts.ordered_texts,
    ),
    cannot(Aggregate, "ROLLUP, CUBE and GROUPING SETS", test=clauses.several_groupings),
    cannot(Window, "a frame of values of times", test=clauses.frame_of_times),
    cannot(exp.Sum, "a sum beyond 64 bits", says=["integer overflow"]),
    cannot(
        exp.Select,
        OTHERWISE,
        says=[
            *("no such function", "syntax error", "may not be used", "misuse of"),
            *("ORDER BY term does not match", "not supported", "unsupported"),
        ],
    ),
)
PYSPARK: tuple[Gap, ...] = (
    *COMMON,
    not_yet(exp.DateBin),
    TABLE_ORDER,
    *OF_SPARK,
    AS_OF,
    GROUPS_REPLACED,
    not_yet(exp.Bracket),
    cannot(exp.Exists, "EXISTS or IN as a value", test=subqueries.subquery_as_value),
    cannot(
        Join,
        "NOT IN of a subquery beside OR, where something is NULL",
        test=subqueries.not_in_beside_or,
    ),
    cannot(exp.Like, "a computed pattern of LIKE", test=texts.computed_pattern),
    cannot(exp.RegexpLike, "a regular expression that it reads otherwise", test=texts.not_java),
    cannot(exp.TimeToStr, "a format with other letters", test=texts.other_letters),
    cannot(exp.TimeToStr, "the day of a year in a format", test=texts.day_of_year_in_format),
    cannot(
        Aggregate,
        "a key of GROUPING, or of an order after DISTINCT, that is not shown by this name",
        says=["UNRESOLVED_COLUMN"],
    ),
    cannot(
        Aggregate,
        "ROLLUP, CUBE and a total beside groups",
        "of no rows they have no total",
        test=clauses.total_of_all,
    ),
    cannot(exp.Right, "the end of a text of a computed length", test=texts.computed_right),
    cannot(
        Join,
        "a value looked up, for each row of a subquery, by no equality",
        says=["LeftSingle join"],
    ),
    cannot(
        Join,
        "a subquery in an aggregate of a correlated subquery",
        says=["Cannot generate code for expression: outer("],
    ),
    cannot(exp.Select, OTHERWISE, says=["AnalysisException", "ParseException"]),
)
IN_MEMORY = "tables in memory"
ORDER_IN_FILES = "an order of rows that are written"

SAIL: tuple[Gap, ...] = (
    *COMMON,
    cannot(
        exp.Window,
        "places in rows that a subquery sorts",
        "it drops that order",
        test=clauses.places_in_sorted_rows,
    ),
    cannot(exp.Lateral),
    NULLABLE_UNION,
    FULL_JOINS,
    JOINED_CONSTANTS,
    cannot(Aggregate, "a subquery in a key of GROUP BY", test=subqueries.key_with_subquery),
    not_yet(exp.DateBin),
    BATCHES,
    AS_OF,
    cannot(Scan, IN_MEMORY, "it reads files"),
    NOT_IN_OF_A_CONSTANT,
    cannot(
        Window,
        "joined texts of a window, in an order",
        says=['Identifier("LISTAGG")'],
    ),
    cannot(Sort, ORDER_IN_FILES, "it deals them out to several files"),
    GROUPS_REPLACED,
    not_yet(exp.Bracket),
    cannot(exp.RegexpLike, "a regular expression that it reads otherwise", test=texts.not_rust),
    cannot(exp.TimeToStr, "a format with other letters", test=texts.other_letters),
    cannot(exp.TimeToStr, "the day of a year in a format", test=texts.day_of_year_in_format),
    cannot(
        Join,
        "NOT IN of a subquery beside OR, where something is NULL",
        test=subqueries.not_in_beside_or,
    ),
    cannot(
        Join,
        "NOT IN of a correlated subquery, or IN as a value",
        test=subqueries.correlated_in_as_a_value,
    ),
    cannot(exp.In, "IN of a subquery, compared or tested for NULL", test=subqueries.in_compared),
    cannot(exp.Union, "columns of integers beside ones of floats", test=numbers.unlike_columns),
    cannot(exp.Div, "a division by zero", says=["ivision by zero", "divide by zero"]),
    cannot(exp.Pow, "0 to a power below 0", says=["zero raised to a negative power"]),
    cannot(exp.Interval, "an interval in quarters", says=["found QUARTER"]),
    cannot(
        exp.CTE,
        "a sum or mean of floats in a WITH that is read twice, which it computes twice",
        test=numbers.float_sum_read_twice,
    ),
    cannot(exp.Window, "a window of the rows that belong to a row", test=subqueries.tied_window),
    cannot(Window, "a frame of values of dates", test=clauses.frame_of_days),
    NEVER_NULL,
    cannot(
        Join,
        "a value looked up by a correlated subquery",
        says=["Correlated scalar subquery must be aggregated", "attribute ObjectName"],
    ),
    cannot(
        Join,
        "IN in ON, or a correlated subquery with a LIMIT or tied by anything but equalities",
        says=["Physical plan does not support logical expression"],
    ),
    cannot(
        exp.In,
        "a value looked up, as another type, in a column that also ties the subquery",
        says=["Projections require unique expression names"],
    ),
    cannot(Sort, "an order by an aggregate that is not shown", says=["No field named"]),
    cannot(exp.Distinct, "DISTINCT in a deviation", says=["(DISTINCT) aggregations"]),
    cannot(
        exp.Select, OTHERWISE, says=["AnalysisException", "ParseException", "UnsupportedOperation"]
    ),
)
TIMES_IN_FILES = "times written to a file"

CHDB: tuple[Gap, ...] = (
    *COMMON,
    cannot(
        exp.Window,
        "places in rows that a subquery sorts",
        "it drops that order",
        test=clauses.places_in_sorted_rows,
    ),
    cannot(exp.Lateral),
    not_yet(exp.DateBin),
    TABLE_ORDER,
    not_yet(AsOfJoin, "ASOF JOIN", test=clauses.as_of),
    GROUPS_REPLACED,
    cannot(Scan, TIMES_IN_FILES, "it gives them a time zone"),
    cannot(
        Join, "NOT IN of a subquery where something may be NULL", test=subqueries.not_in_beside_null
    ),
    cannot(
        Join,
        "of the rows that belong to a row, what is not NULL where there are none",
        test=subqueries.computed_of_own_rows,
    ),
    cannot(
        Join,
        "a subquery in an aggregate of a correlated subquery",
        test=subqueries.aggregated_of_own_rows,
    ),
    cannot(exp.Exists, "EXISTS or IN as a value", test=subqueries.subquery_as_value),
    cannot(
        Aggregate,
        "ROLLUP, CUBE and GROUPING SETS",
        "of no rows they have no total",
        test=clauses.several_groupings,
    ),
    cannot(exp.Union, "columns of integers beside ones of floats", test=numbers.unlike_columns),
    cannot(exp.Cast, "a condition as a text", test=texts.condition_as_text),
    cannot(exp.In, "dates among timestamps", says=["Type mismatch in IN"]),
    not_yet(exp.Bracket),
    not_yet(exp.ConcatWs),
    not_yet(exp.RegexpExtract),
    cannot(exp.Trim, "trim of a column's characters", says=["Expected: const String"]),
    cannot(
        Window,
        "a frame of values",
        "NULL is near to numbers there, and no interval is a distance",
        test=clauses.frame_of_values,
    ),
    cannot(Window, "a frame that ends before it begins", says=["does not precede the frame end"]),
    cannot(Join, "EXISTS or IN beside a full join", test=subqueries.full_join_and_subquery),
    cannot(
        exp.CTE,
        "a sum or mean of floats in a WITH that is read twice, which it computes twice",
        test=numbers.float_sum_read_twice,
    ),
    cannot(Window, "windows of which it loses a column", says=["NOT_FOUND_COLUMN_IN_BLOCK"]),
    cannot(Join, "an outer join by no equality", says=["INVALID_JOIN_ON_EXPRESSION"]),
    cannot(exp.TimeToStr, "a format with names, or with other letters", test=texts.with_names),
    cannot(
        exp.Coalesce, "one value of integers and floats", says=["no supertype", "Illegal types"]
    ),
    cannot(
        exp.Select,
        OTHERWISE,
        says=[
            *("NOT_IMPLEMENTED", "UNKNOWN_FUNCTION", "UNSUPPORTED_METHOD", "SYNTAX_ERROR"),
            *("UNKNOWN_AGGREGATE_FUNCTION", "NOT_AN_AGGREGATE"),
        ],
    ),
)
