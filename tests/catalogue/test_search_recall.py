"""Search finds all that it should and nothing else, against a reference that reads every text."""

from __future__ import annotations

import random
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from tests.catalogue.reference import CHINESE, ENGLISH, Reference

from headwater.catalogue.query import parse_query
from headwater.catalogue.records import Record
from headwater.curation import read_content
from headwater.store.index import open_index, write_index


class Searched:
    """Answers of the search itself."""

    def __init__(self, path: Path, records: Mapping[str, Record], vocabularies: Any) -> None:
        write_index(path, records, [], vocabularies)
        self.index, self.keys = open_index(path), list(records)

    def __call__(self, query: str) -> set[str]:
        return {self.keys[place] for place in self.index.search(parse_query(query)).places}


# --- real content -------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def real(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Reference, Searched]]:
    content = read_content(root / "content")
    vocabularies = content.words.vocabularies
    searched = Searched(tmp_path_factory.mktemp("real") / "hub.sqlite", content.records, vocabularies)
    yield Reference(content.records, vocabularies), searched
    searched.index.close()


@pytest.mark.parametrize("query", CHINESE + ENGLISH)
def test_search_finds_all_that_it_should_and_nothing_else(query: str, real: tuple[Reference, Searched]) -> None:
    reference, searched = real
    wanted, found = reference(query), searched(query)
    assert found - wanted == set(), "precision"
    assert wanted - found == set(), "recall"


def test_the_queries_ask_for_something(real: tuple[Reference, Searched]) -> None:
    answered = [query for query in CHINESE + ENGLISH if real[0](query)]
    assert len(CHINESE) == len(ENGLISH) == 20
    assert len(answered) >= 36, set(CHINESE + ENGLISH) - set(answered)


# --- a generated corpus -------------------------------------------------------------------------------------------

PIECES = (
    "water supply", "Water-supply", "the watersupply", "roads and bridges", "a bridge", "bridge, road",
    "cost–benefit analysis", "costbenefit", "life cycle", "life-cycle", "lifecycles", "HDM-4", "HDM4 model", "CO2",
    "CO₂ emissions", "SDG 9.1", "SDG 9 and 1.9", "1,000 km", "1000 m²", "PM2.5", "2.5 or 25", "Évaluation",
    "evaluations", "country's plan", "plans", "planning", "InVEST", "invest", "investments", "U.N.", "UN", "水",
    "供水系统", "水和环境卫生", "系统，水", "基础设施", "基础、设施", "基于自然的解决方案", "自然", "InVEST模型",
    "InVEST 的模型", "模型", "“绿色”基础设施", "𠀀水", "气候风险", "气候\n风险", "2030年", "30年", "SDG指标9.1",
    "climate risk", "climate; risk", "risk of climate",
)  # fmt: skip

ASKED = (
    "水", "供水", "系统水", "水系统", "基础设施", "绿色基础设施", "自然", "模型", "InVEST 模型", "InVEST模型",
    "invest", "𠀀", "𠀀水", "气候风险", "30年", "2030年", "SDG指标", "指标 9.1", "water", "water-supply",
    "watersupply", '"water supply"', "bridges", '"bridge road"', '"roads and bridges"', "roads and bridges",
    "cost-benefit", "costbenefit", '"cost benefit"', "life-cycle", "lifecycle", '"life cycles"', "HDM-4", "HDM4",
    '"hdm 4"', "CO2", "9.1", "1.9", "9", "1000", "PM2.5", "25", "evaluation", "planning", "countries", "UN",
    "climate risk", '"climate risk"', "水 water", "水 -water", "-水", "-water -水",
)  # fmt: skip


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Reference, Searched]]:
    chance = random.Random(20261128)  # noqa: S311
    records = {}
    for number in range(400):
        said = [" ".join(chance.sample(PIECES, chance.randint(1, 2))) for _ in range(3)]
        fields = {"title": {"en": said[0], "zh": said[1]}, "summary": {"en": said[2]}, "sources": []}
        record = Record("term", f"t{number}", fields)
        records[record.key] = record
    searched = Searched(tmp_path_factory.mktemp("made") / "hub.sqlite", records, {})
    yield Reference(records, {}), searched
    searched.index.close()


@pytest.mark.parametrize("query", ASKED)
def test_search_agrees_with_the_reference_on_awkward_text(query: str, made: tuple[Reference, Searched]) -> None:
    reference, searched = made
    assert searched(query) == reference(query)


def test_search_agrees_with_the_reference_on_parts_of_texts(made: tuple[Reference, Searched]) -> None:
    reference, searched = made
    chance = random.Random(7)  # noqa: S311
    runs = [run for piece in PIECES for run in re.findall("[一-鿿]+", piece)]
    for _ in range(200):
        run = chance.choice(runs)
        start = chance.randrange(len(run))
        query = run[start : start + chance.randint(1, 4)]
        if chance.random() < 0.5:
            query += chance.choice((" ", " -")) + chance.choice(("water", "risk", "InVEST", "模", "SDG"))
        assert searched(query) == reference(query), query
