"""A number of rows -> page views of many sites, with the long tails that traffic has."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from harness.data.generators.base import (
    ByBatch,
    Flags,
    Integers,
    RowsParams,
    columns,
    numbered,
    pick,
    skewed,
    sparse,
)
from harness.data.generators.words import sentences

FIRST = np.datetime64("2026-03-01T00:00:00")
DAYS = 31
SITES, PAGES, REGIONS = 5_000, 100_000, 3_000
SECTIONS = ("news", "shop", "forum", "video", "maps", "jobs")
SYSTEMS = ("Android", "iOS", "Windows", "macOS", "Linux")
DEVICES = ("Orchid 4", "Orchid 5", "Pine S", "Pine X", "Quartz 10", "Quartz 11", "Reed")
LANGUAGES = ("en", "de", "fr", "es", "pt", "ja", "hi", "ar")
WIDTHS = np.array([360, 390, 768, 1280, 1366, 1440, 1920, 2560])


SCHEMAS = {
    "hits": columns("""
        hit_id int64, seen_at timestamp, seen_on date, visitor_id int64, address int64,
        site_id int64, page string, title string, referrer string?, phrase string?,
        search_engine int64, campaign string?, region_id int64, language string,
        browser int64, system string, device string?, width int64, height int64,
        is_mobile boolean, is_reload boolean, is_bounce boolean, took_ms int64?,
        depth int64, spent float64?
    """)
}


class Web(ByBatch[RowsParams]):
    """One table ``hits``, about in time order; a visitor's rows are anywhere in it.

    Visitors, sites, pages, regions and words have long tails. Of ten hits four have no referrer,
    eight no search phrase and nine no campaign.
    """

    name = "web"
    params = RowsParams
    tables = SCHEMAS

    def version(self) -> str:
        return "1"

    def rows(self, params: RowsParams) -> Mapping[str, int]:
        return {"hits": params.rows}

    def make(
        self, table: str, random: np.random.Generator, params: RowsParams, start: int, rows: int
    ) -> list[pa.Array]:
        numbers = np.arange(start, start + rows)
        moments = FIRST + _seconds(random, numbers, params.rows)
        site = skewed(random, SITES, rows)
        return [
            pa.array(numbers + 1),
            pa.array(moments.astype("datetime64[us]")),
            pa.array(moments.astype("datetime64[D]")),
            *_visitors(random, params, rows),
            pa.array(site),
            *_pages(random, site),
            *_searches(random, rows),
            sparse(random, 0.9, numbered("campaign-", skewed(random, 200, rows))),
            pa.array(skewed(random, REGIONS, rows)),
            pick(random, LANGUAGES, rows),
            *_machines(random, rows),
            *_behaviour(random, rows),
        ]


def _seconds(random: np.random.Generator, numbers: Integers, rows: int) -> Integers:
    """Returns the second of each hit; they are up to an hour out of order."""
    span = DAYS * 86_400 - 3_600
    return numbers * span // rows + random.integers(0, 3_600, len(numbers))


def _visitors(random: np.random.Generator, params: RowsParams, rows: int) -> list[pa.Array]:
    """Draws visitors, and returns them with the IP address of each."""
    visitor = skewed(random, max(10, params.rows // 4), rows)
    return [pa.array(visitor * 7_919 + 10**12), pa.array(visitor % 65_521 + 3_000_000_000)]


def _pages(random: np.random.Generator, site: Integers) -> list[pa.Array]:
    rows = len(site)
    page = numbered("/", skewed(random, PAGES, rows))
    host = numbered("https://site", site)
    url = pc.binary_join_element_wise(host, ".example/", pick(random, SECTIONS, rows), page, "")
    return [url, sentences(random, rows, 2, 5)]


def _searches(random: np.random.Generator, rows: int) -> list[pa.Array]:
    """Draws referrers, phrases and search engines; the engine is 0 if there is no phrase."""
    searched = random.random(rows) < 0.2
    engine = np.where(searched, skewed(random, 12, rows), 0)
    searching = numbered("https://search", engine)
    linking = numbered("https://site", skewed(random, SITES, rows))
    host = pc.if_else(pa.array(searched), searching, linking)
    referrer = pc.binary_join_element_wise(
        host, ".example/?from=", pick(random, SECTIONS, rows), ""
    )
    phrase = sentences(random, rows, 1, 4, 5_000)
    return [
        _where(searched | (random.random(rows) < 0.5), referrer),
        _where(searched, phrase),
        pa.array(engine),
    ]


def _machines(random: np.random.Generator, rows: int) -> list[pa.Array]:
    """Draws browsers, systems, devices and screens, and whether each is mobile."""
    mobile = random.random(rows) < 0.55
    system = np.where(mobile, random.integers(0, 2, rows), random.integers(2, 5, rows))
    width = WIDTHS[np.where(mobile, random.integers(0, 3, rows), random.integers(3, 8, rows))]
    return [
        pa.array(skewed(random, 40, rows)),
        pa.array(SYSTEMS).take(pa.array(system)),
        _where(mobile, pick(random, DEVICES, rows)),
        pa.array(width),
        pa.array(np.where(mobile, width * 2, width * 9 // 16)),
        pa.array(mobile),
    ]


def _behaviour(random: np.random.Generator, rows: int) -> list[pa.Array]:
    bounced = random.random(rows) < 0.35
    depth = np.where(bounced, 1, skewed(random, 60, rows))
    spent = np.round(random.random(rows) * 90 + 5, 2)
    return [
        pa.array(random.random(rows) < 0.06),
        pa.array(bounced),
        sparse(random, 0.03, pa.array(skewed(random, 20_000, rows, 0.8))),
        pa.array(depth),
        _where(random.random(rows) < 0.02, pa.array(spent)),
    ]


def _where(held: Flags, values: pa.Array) -> pa.Array:
    """Returns the values where the flag is set, and NULL elsewhere."""
    return pc.if_else(pa.array(held), values, None)
