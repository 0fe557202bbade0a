"""Build hook: takes two front-end libraries out of the packages that carry them; nothing third-party is committed.

Runs whenever Headwater is built or installed, in an environment that has `django-htmx` and `maplibre`
(`build-system.requires`). Where one of them is missing, pages do without it: everything works without JavaScript.
"""

from __future__ import annotations

import gzip
import importlib.util
from pathlib import Path

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

TAKEN = {
    "htmx.js": ("django_htmx", "static/django_htmx/htmx-2.min.js"),
    "maplibre-gl.js": ("maplibre", "srcjs/maplibre-gl.js"),
    "maplibre-gl.css": ("maplibre", "srcjs/maplibre-gl.css"),
}
"""File to write, the package that carries it, and where."""


class FrontEnd(BuildHookInterface):
    """Copies the files, with a compressed copy of each beside it."""

    PLUGIN_NAME = "custom"

    def initialize(self, version: str, build_data: dict) -> None:  # noqa: ARG002
        """Before the build: fill `web/static/vendor`."""
        vendor = Path(self.root) / "src" / "headwater" / "web" / "static" / "vendor"
        vendor.mkdir(parents=True, exist_ok=True)
        for name, (package, inside) in TAKEN.items():
            found = importlib.util.find_spec(package)
            if found is None or not found.submodule_search_locations:
                continue
            content = (Path(found.submodule_search_locations[0]) / inside).read_bytes()
            (vendor / name).write_bytes(content)
            (vendor / f"{name}.gz").write_bytes(gzip.compress(content, mtime=0))
