"""List the strings of the interface that have no Chinese translation, as PO entries ready to fill in."""

from __future__ import annotations

import ast
import re
import sys
from pathlib import Path

from headwater.words import catalogue

PACKAGE = Path(__file__).parents[1] / "src" / "headwater"
IN_TEMPLATE = re.compile(r"""\b_\(\s*("(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')""")


def messages(package: Path = PACKAGE) -> dict[str, str]:
    """Every literal passed to `_` or `later` in the package and its templates, with a place where it stands.

    Raises
    ------
    ValueError
        If something other than a literal is passed: it could not be translated.
    """
    found: dict[str, str] = {}
    for path in sorted(package.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") in {"_", "later"} and node.args:
                text, place = node.args[0], f"{path.relative_to(package)}:{node.lineno}"
                if not isinstance(text, ast.Constant):
                    raise ValueError(f"{place}: _() takes a literal")
                found.setdefault(str(text.value), place)
    for path in sorted(package.rglob("*.html")):
        for match in IN_TEMPLATE.finditer(path.read_text(encoding="utf-8")):
            found.setdefault(str(ast.literal_eval(match.group(1))), str(path.relative_to(package)))
    return found


def quoted(text: str) -> str:
    """Text as PO writes it."""
    return '"' + text.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n") + '"'


def main() -> int:
    """Print what is missing; 1 if anything is."""
    known = catalogue("zh")
    missing = {text: place for text, place in messages().items() if text not in known}
    for text, place in missing.items():
        print(f'#: {place}\nmsgid {quoted(text)}\nmsgstr ""\n')
    return 1 if missing else 0


if __name__ == "__main__":
    sys.exit(main())
