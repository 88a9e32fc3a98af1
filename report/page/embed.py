"""Data and scripts -> text that is safe inside an HTML page, and the policy that allows it."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Iterable
from typing import Any

from markupsafe import Markup

_IN_SCRIPT = {ord(character): f"\\u{ord(character):04x}" for character in "<>&\u2028\u2029"}


def json_for_script(value: Any) -> Markup:
    """Returns JSON (also valid JavaScript) that cannot end its <script> or open a comment."""
    text = json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    return Markup(text.translate(_IN_SCRIPT))


def script(text: str) -> Markup:
    """Returns JavaScript that cannot end its <script> element; its strings keep their values."""
    return Markup(text.replace("</script", "<\\/script").replace("<!--", "<\\!--"))


def content_security_policy(scripts: Iterable[str]) -> str:
    """Returns a page's Content-Security-Policy: only these scripts run, and nothing is fetched."""
    hashes = " ".join(f"'sha256-{_sha256(text)}'" for text in scripts)
    return (
        f"default-src 'none'; script-src {hashes}; style-src 'unsafe-inline'; img-src data:; "
        "base-uri 'none'; form-action 'none'"
    )


def _sha256(text: str) -> str:
    return base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
