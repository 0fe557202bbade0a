"""What the how-to on the API shows, run as it stands there: Python, R and curl against a site that answers."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.web.driving import served

from headwater import workshop
from headwater.forum import Forum, open_forum
from headwater.library import Library
from headwater.web.app import create_app

SHOWN = "http://127.0.0.1:8000"
PASSWORD = "correct horse battery"  # noqa: S105


@pytest.fixture(scope="module")
def forum(root: Path, toy_results: Path, tmp_path_factory: pytest.TempPathFactory) -> Forum:
    """A site with accounts; Toytown comes with it, in place of Djibouti."""
    folder = tmp_path_factory.mktemp("examples")
    shutil.copytree(root / "tests" / "toytown" / "study", folder / "packaged" / "djibouti")
    shutil.copytree(toy_results, folder / "home" / "results" / "djibouti")
    return open_forum(folder / "home", packaged=folder / "packaged", is_alone=False)


@pytest.fixture(scope="module")
def site(library: Library, forum: Forum) -> Iterator[str]:
    """Its address."""
    with served(create_app(library, forum=forum)) as address:
        yield address


@pytest.fixture
def example(root: Path, site: str):
    """The code of the how-to in a language, with the address of the site in it."""
    page = (root / "docs" / "how-to" / "use-the-api.md").read_text(encoding="utf-8")

    def found(tongue: str) -> str:
        (code,) = re.findall(rf"```{tongue}\n(.*?)```", page, flags=re.DOTALL)
        return code.replace(SHOWN, site)

    return found


def run(command: list[str], code: str, folder: Path, **environment: str) -> str:
    """What a program says; fails with what it complains about."""
    told = subprocess.run(  # noqa: S603 (the how-to's own)
        command, input=code, env=os.environ | environment, cwd=folder, capture_output=True, text=True, check=False
    )
    assert told.returncode == 0, told.stderr
    return told.stdout


def by_rule(told: str) -> dict[str, float]:
    """Figures that a program printed after the names of rules."""
    return {
        rule: float(sum_usd)
        for rule, sum_usd in re.findall(r"(trapezoid|triangle|rectangle|loglinear) +([\d.]+)", told)
    }


def test_python_reads_a_result(example, tmp_path: Path) -> None:
    told = run([sys.executable, "-"], example("python"), tmp_path)
    assert set(by_rule(told)) == {"trapezoid", "triangle", "rectangle", "loglinear"}
    assert min(by_rule(told).values()) > 0


@pytest.mark.slow
def test_r_reads_the_same(example, tmp_path: Path) -> None:
    if not shutil.which("Rscript"):
        pytest.skip("R is missing: apt-get install --no-install-recommends r-base-core")
    told = run(["Rscript", "-"], example("r"), tmp_path)
    assert by_rule(told) == pytest.approx(by_rule(run([sys.executable, "-"], example("python"), tmp_path)), rel=1e-5)
    assert len(by_rule(told)) == 4


def test_curl_replaces_a_table_and_runs_it(example, forum: Forum, site: str, tmp_path: Path) -> None:
    if not shutil.which("curl"):
        pytest.skip("curl is missing")
    admin = forum.set_up(forum.setup_code(), "admin", PASSWORD)
    workshop.copy_study(forum, admin, "djibouti", "mine")
    secret = forum.make_token(admin, "of the example", may_write=True, days=1)
    commands = re.sub(r"^\$ ", "", example("console"), flags=re.MULTILINE)
    names = {"SITE": f"{site}/api/v1", "HEADWATER_TOKEN": secret}
    told = run(["bash", "-e", "-o", "pipefail"], commands.replace("curl ", "curl --fail-with-body "), tmp_path, **names)
    assert (tmp_path / "zones.csv").read_text(encoding="utf-8").startswith("zone_id,")
    assert "queued" in told
