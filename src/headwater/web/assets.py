"""Style, script and pictures of the pages, under addresses that hold a hash of their content.

What such an address returns never changes, so a browser asks for it once. Third-party files are in `static/vendor`,
put there by the build; without them pages work too.
"""

from __future__ import annotations

import gzip
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

STATIC = Path(__file__).parent / "static"
MEDIA = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
    ".png": "image/png",
    ".ico": "image/x-icon",
}
FOREVER = "public, max-age=31536000, immutable"


@dataclass(frozen=True)
class Asset:
    """One static file.

    Attributes
    ----------
    address
        Where it is served, with a hash of its content.
    content, compressed
        As it is, and by gzip; the latter is empty where it would not be smaller.
    media
        Its media type.
    """

    address: str
    content: bytes
    compressed: bytes
    media: str


@cache
def assets() -> Mapping[str, Asset]:
    """Every static file by its name within `static/`, read once."""
    found = {}
    for path in sorted(STATIC.rglob("*")):
        if path.suffix not in MEDIA or not path.is_file():
            continue
        name, content = path.relative_to(STATIC).as_posix(), path.read_bytes()
        mark = hashlib.sha256(content).hexdigest()[:10]
        stem = name[: -len(path.suffix)]
        found[name] = Asset(
            f"/static/{stem}.{mark}{path.suffix}", content, _compressed(path, content), MEDIA[path.suffix]
        )
    return found


@cache
def by_address() -> Mapping[str, Asset]:
    """Every static file by its address."""
    return {asset.address: asset for asset in assets().values()}


def asset(name: str) -> str:
    """Address of a static file; "" where it is not there.

    Examples
    --------
    >>> asset("vendor/nothing.js")
    ''
    """
    found = assets().get(name)
    return found.address if found else ""


def _compressed(path: Path, content: bytes) -> bytes:
    beside = path.with_name(path.name + ".gz")
    if beside.is_file():
        ready = beside.read_bytes()
        if gzip.decompress(ready) == content:
            return ready
    if path.suffix == ".png":
        return b""
    made = gzip.compress(content, 9, mtime=0)
    return made if len(made) < len(content) else b""
