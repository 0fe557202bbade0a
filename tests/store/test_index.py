"""The hub's one file: written whole, read by many, refused when it is not what it should be."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from headwater.catalogue.graph import Link
from headwater.catalogue.query import parse_query
from headwater.catalogue.records import Record
from headwater.catalogue.vocabulary import Value
from headwater.errors import InputError, SourceError
from headwater.store.index import VERSION, Index, open_index, write_index
from headwater.words import speaking

VOCABULARIES = {
    "sectors": {
        "water": Value("water", {"en": "Water and sanitation", "zh": "水和环境卫生"}, {"en": "Pipes"}, "judgement")
    },
    "phases": {"finance": Value("finance", {"en": "Finance", "zh": "融资"}, {}, "judgement", upstream=False)},
}


def record(kind: str, name: str, en: str, zh: str, **fields: Any) -> Record:
    given = {"title": {"en": en, "zh": zh}, "summary": {"en": "", "zh": ""}, "sources": [{"title": "Secret source"}]}
    return Record(kind, name, given | fields)


RECORDS = {
    each.key: each
    for each in (
        record("organisation", "unep", "UN Environment Programme", "联合国环境规划署", short="UNEP", country="KE"),
        record("tool", "invest", "InVEST", "InVEST 生态系统服务模型", also={"en": ["habitat quality"],
               "zh": ["生境质量"]}, sectors=["water"], organisations=["unep"], licence="Apache-2.0"),
        record("tool", "money", "Sustainable finance guide", "可持续融资指南",
               summary={"en": "On investing and investments, for people who invest in infrastructure."},
               use_when=[{"en": "Money is short.", "zh": "资金不足时。", "basis": "judgement"}],
               outcome={"fr": "Des évaluations financières", "ru": "Оценки дорог", "ar": "تقييم الطرق",
                        "es": "Evaluación"}),
        record("case", "dam", "A dam", "水坝", countries=["GH"],
               body={"en": "It held [water](https://example.org/hidden).", "zh": "蓄水。"}),
    )
}  # fmt: skip
LINKS = [Link("organisation/unep", "publishes", "tool/invest", "judgement")]


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Index]:
    path = tmp_path_factory.mktemp("hub") / "a folder?#%" / "hub.sqlite"
    write_index(path, RECORDS, LINKS, VOCABULARIES, meta={"content": "abc"})
    with open_index(path) as opened:
        yield opened


def found(index: Index, typed: str, language: str = "en") -> list[str]:
    places, scores = index.search(parse_query(typed), language=language)
    keys = list(index.records)
    ranked = sorted(zip(-scores, places, strict=True))
    return [keys[place].partition("/")[2] for _score, place in ranked]


# --- what is written is read --------------------------------------------------------------------------------------


def test_what_is_written_is_read(index: Index) -> None:
    assert dict(index.records) == RECORDS
    assert list(index.records) == list(RECORDS)
    assert index.links == LINKS
    assert index.vocabularies == VOCABULARIES
    assert index.read_meta() == {"content": "abc"}


def test_anyone_can_read_the_tables(index: Index) -> None:
    file = sqlite3.connect(index.path)
    assert file.execute("SELECT json ->> '$.title.zh' FROM records WHERE key = 'case/dam'").fetchone() == ("水坝",)
    assert file.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    file.close()


def test_the_same_content_gives_the_same_file(tmp_path: Path) -> None:
    for name in ("a", "b"):
        write_index(tmp_path / name, RECORDS, LINKS, VOCABULARIES)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


def test_an_index_of_nothing_finds_nothing(tmp_path: Path) -> None:
    write_index(tmp_path / "empty", {}, [], {})
    with open_index(tmp_path / "empty") as index:
        assert found(index, "") == found(index, "water") == found(index, "-water") == []


def test_a_failed_build_leaves_the_earlier_file(tmp_path: Path) -> None:
    path = tmp_path / "hub.sqlite"
    write_index(path, RECORDS, LINKS, VOCABULARIES)
    before = path.read_bytes()
    with pytest.raises(TypeError):
        write_index(path, {"tool/x": Record("tool", "x", {"title": {"en": "x"}, "odd": object()})}, [], {})
    assert path.read_bytes() == before
    assert [each.name for each in tmp_path.iterdir()] == ["hub.sqlite"]


def test_half_a_surrogate_pair_in_content_is_no_text(tmp_path: Path) -> None:
    write_index(tmp_path / "hub", {"term/x": record("term", "x", "a\ud800b water", "水")}, [], {})
    with open_index(tmp_path / "hub") as index:
        assert found(index, "water") == ["x"]


# --- search -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("typed", "names"),
    [
        ("", {"unep", "invest", "money", "dam"}),
        ("水", {"invest", "dam"}),  # the title of its sector; its own title
        ("生态 InVEST", {"invest"}),
        ("habitat", {"invest"}),
        ("生境质量", {"invest"}),
        ("UNEP", {"unep", "invest"}),  # its publisher
        ("环境规划署", {"unep", "invest"}),
        ("sanitation", {"invest"}),
        ("Apache", {"invest"}),
        ("money", {"money"}),
        ("资金", {"money"}),
        ("evaluation", {"money"}),
        ("évaluation", {"money"}),
        ("evaluaciones", {"money"}),
        ("дорога", {"money"}),
        ("طرق", {"money"}),
        ("Ghana", {"dam"}),
        ("加纳", {"dam"}),
        ("肯尼亚", {"unep"}),
        ("held", {"dam"}),
        ("hidden", set()),  # an address
        ("Secret", set()),  # a source
        ("judgement", set()),
        ("water -dam", {"invest"}),
        ("-水", {"unep", "money"}),
        ('"water dam"', set()),
        ("programme 水", {"invest"}),
        ("environment programme nothing", set()),
    ],
)
def test_search(index: Index, typed: str, names: set[str]) -> None:
    assert set(found(index, typed)) == names


def test_a_name_weighs_most(index: Index) -> None:
    assert found(index, "invest") == ["invest", "money"]


def test_phrases_do_not_run_from_one_text_into_the_next(index: Index) -> None:
    assert found(index, '"InVEST habitat"') == []
    assert found(index, "模型生境") == []


def test_the_readers_language_weighs_more(tmp_path: Path) -> None:
    both = {"title": {"en": "x", "zh": "x"}, "sources": []}
    records = {
        f"term/{name}": Record("term", name, both | {"summary": {name: "SDG"}}) for name in ("en", "zh")
    } | {f"term/o{i}": Record("term", f"o{i}", both | {"summary": {"en": "other"}}) for i in range(5)}  # fmt: skip
    write_index(tmp_path / "hub", records, [], {})
    with open_index(tmp_path / "hub") as index:
        assert found(index, "SDG", "en") == ["en", "zh"]
        assert found(index, "SDG", "zh") == ["zh", "en"]


def test_counting(index: Index) -> None:
    assert index.count(parse_query("水")) == 2
    assert index.count(parse_query("")) == 4


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.text(st.characters(codec=None), max_size=80))
def test_any_string_can_be_searched_for(index: Index, typed: str) -> None:
    assert set(found(index, typed)) <= {each.record_id for each in RECORDS.values()}


def test_connections_of_threads_that_are_gone_are_closed(index: Index) -> None:
    def search() -> None:
        index.search(parse_query("flood"))

    for _ in range(20):
        thread = threading.Thread(target=search)
        thread.start()
        thread.join()
    assert len(index._open) <= 3


def test_many_threads_search_at_once(index: Index) -> None:
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _i: tuple(sorted(found(index, "水"))), range(200)))
    assert set(answers) == {("dam", "invest")}


def test_nothing_can_be_written_through_a_reading_connection(index: Index) -> None:
    with pytest.raises(sqlite3.OperationalError, match="readonly"):
        index._connection().execute("DELETE FROM records")


# --- files that will not do ---------------------------------------------------------------------------------------


@pytest.fixture
def path(tmp_path: Path) -> Path:
    write_index(tmp_path / "hub.sqlite", RECORDS, LINKS, VOCABULARIES)
    return tmp_path / "hub.sqlite"


def told(error: type[Exception], path: Path) -> str:
    messages = []
    for code in ("en", "zh"):
        with speaking(code), pytest.raises(error) as caught:
            open_index(path)
        messages.append(str(caught.value))
    assert messages[0] != messages[1]
    assert str(path) in messages[0]
    return messages[0]


def test_a_missing_file(tmp_path: Path) -> None:
    assert "headwater hub build" in told(SourceError, tmp_path / "none.sqlite")


def test_a_folder(tmp_path: Path) -> None:
    assert "cannot be read" in told(SourceError, tmp_path)


@pytest.mark.parametrize("content", [b"", b"word\n", b"\x00" * 5000], ids=["empty", "text", "zeros"])
def test_a_file_of_another_kind(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "x").write_bytes(content)
    assert "not an index" in told(InputError, tmp_path / "x")


def test_a_database_of_somebody_else(tmp_path: Path) -> None:
    file = sqlite3.connect(tmp_path / "x")
    file.execute("CREATE TABLE meta (name, value)")
    file.commit()
    file.close()
    assert "not an index" in told(InputError, tmp_path / "x")


def test_a_file_of_another_version(path: Path) -> None:
    file = sqlite3.connect(path)
    file.execute(f"PRAGMA user_version = {VERSION + 1}")
    file.close()
    assert "another version" in told(SourceError, path)


@pytest.mark.parametrize("kept", [50, 4096, 0.5, 0.99])
def test_a_file_cut_short(path: Path, kept: float) -> None:
    content = path.read_bytes()
    path.write_bytes(content[: int(kept if kept > 1 else kept * len(content))])
    assert "damaged" in told(SourceError, path)


def test_a_file_overwritten_in_part(path: Path) -> None:
    content = path.read_bytes()
    for start in range(4096, len(content), 4096):
        path.write_bytes(content[:start] + b"\xff" * 4096 + content[start + 4096 :])
        try:
            with open_index(path) as index:
                _read_all(index)
        except SourceError as error:
            assert "damaged" in str(error)  # noqa: PT017


def test_json_that_is_not(path: Path) -> None:
    file = sqlite3.connect(path)
    file.execute("UPDATE records SET json = '{'")
    file.commit()
    file.close()
    with open_index(path) as index, pytest.raises(SourceError, match="damaged"):
        _read_all(index)


def _read_all(index: Index) -> Mapping[str, Record]:
    found(index, "水 -water")
    assert index.links
    assert index.vocabularies
    return index.records


# --- when it is replaced or closed --------------------------------------------------------------------------------


def test_an_open_index_answers_as_before_when_the_file_is_replaced_and_says_so(path: Path) -> None:
    with open_index(path) as index:
        assert index.is_current()
        write_index(path, {}, [], {})
        assert not index.is_current()
        assert set(found(index, "水")) == {"invest", "dam"}
        with ThreadPoolExecutor(1) as pool, pytest.raises(SourceError, match="replaced"):
            pool.submit(found, index, "水").result()
    path.unlink()
    assert not index.is_current()


def test_a_closed_index_says_so(path: Path) -> None:
    index = open_index(path)
    index.close()
    index.close()
    with pytest.raises(SourceError, match="closed"):
        index.search(parse_query("水"))
