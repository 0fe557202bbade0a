"""The documentation: pages written from the code are what the code says now, and links lead somewhere."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).parents[1]
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("studies/**/*.md")])
IMAGES = sorted(ROOT.glob("docs/images/*"))
LINK = re.compile(r"\]\(([^)\s]+)\)")
CODE = re.compile(r"```.*?```", flags=re.DOTALL)


@pytest.fixture(scope="module")
def reference() -> ModuleType:
    spec = importlib.util.spec_from_file_location("reference", ROOT / "docs" / "reference.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_reference_pages_are_what_the_code_says(reference: ModuleType) -> None:
    written = {name: (reference.PAGES / name).read_text(encoding="utf-8") for name in reference.pages()}
    assert written == reference.pages(), "run: make docs"


def test_no_page_is_left_over(reference: ModuleType) -> None:
    found = {path.relative_to(reference.PAGES).as_posix() for path in reference.PAGES.rglob("*.md")}
    assert found == {*reference.pages(), "study.md"}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_to_files_of_the_repository_lead_there(page: Path) -> None:
    links = LINK.findall(CODE.sub("", page.read_text(encoding="utf-8")))
    local = [link.partition("#")[0] for link in links if "://" not in link and not link.startswith(("#", "mailto:"))]
    assert [link for link in local if not (page.parent / link).exists()] == []


@pytest.mark.parametrize("image", IMAGES, ids=lambda image: image.name)
def test_images_are_small_and_shown(image: Path) -> None:
    assert image.stat().st_size <= 200_000
    assert any(image.name in page.read_text(encoding="utf-8") for page in PAGES)


def test_every_key_of_the_header_is_documented() -> None:
    page = (ROOT / "docs/reference/study.md").read_text(encoding="utf-8")
    modules = [ROOT / f"src/headwater/{name}.py" for name in ("settings", "assumptions", "budgets")]
    settings = "\n".join(path.read_text(encoding="utf-8") for path in modules)
    keys = set(re.findall(r'(?:study|content|given|b|s|\})(?:\))?(?:\.get\(|\[)"(\w+)"', settings))
    assert {"title", "amount_usd", "facility_kinds", "maximise", "basis"} <= keys
    assert [key for key in sorted(keys) if key not in page] == []
