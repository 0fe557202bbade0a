"""The chapter on loss of service, on a district small enough to count."""

from __future__ import annotations

import dataclasses
import re
from html.parser import HTMLParser
from itertools import product
from pathlib import Path

import geopandas as gpd
import pandas as pd
import pytest
from shapely.geometry import LineString, Point, box

from headwater.reports.content import ReportContent
from headwater.reports.disruption import disruption
from headwater.reports.document import render
from headwater.reports.propagation import DIRECT, UNKNOWN, chains, spread, worst
from headwater.reports.summaries import sides
from headwater.settings import Service, StudyHeader
from headwater.words import speaking

CASES = [("rcp4p5", 2030, 1.0), ("rcp8p5", 2080, 1.6)]
NAMES = {
    "electricity": ("Electricity", "电力"), "water": ("Drinking water", "饮用水"),
    "mobile": ("Mobile network", "移动网络"),
    "hospital": ("Hospital care", "医院服务"),
}  # fmt: skip
EXPECTED = {"electricity": (700.0, 700.0), "water": (620.0, 200.0), "mobile": (300.0, 60.0), "hospital": (450.0, 150.0)}
"""Expected annual people with dependencies, and without."""


class Tags(HTMLParser):
    """Notes every tag that is not closed in order."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.faults: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:  # noqa: ARG002
        if tag != "meta":
            self.open.append(tag)

    def handle_startendtag(self, _tag: str, _attrs: list[tuple[str, str | None]]) -> None:
        pass

    def handle_endtag(self, tag: str) -> None:
        if not self.open or self.open.pop() != tag:
            self.faults.append(tag)


def _service(key: str, kinds: tuple[str, ...]) -> Service:
    english, chinese = NAMES[key]
    return Service(key, kinds, "settlement", {"en": english, "zh": chinese})


def _system() -> dict[str, pd.DataFrame]:
    assets = gpd.GeoDataFrame(
        [
            ("plant", "Riverside power plant", "energy", "gas_plant", 40.0, "MW", Point(0.1, 0.1)),
            ("sub", "Riverside substation", "energy", "substation", None, None, Point(0.3, 0.2)),
            ("works", "Mill Lane waterworks", "water", "water_works", None, None, Point(0.6, 0.2)),
            ("mast", "Hilltop mast", "digital", "mast", None, None, Point(0.7, 0.7)),
            ("hosp", "District hospital", "social", "hospital", None, None, Point(0.5, 0.5)),
        ],
        columns=["asset_id", "name", "sector", "kind", "capacity", "capacity_unit", "geometry"],
        crs=4326,
    )  # fmt: skip
    links = gpd.GeoDataFrame(
        [
            ("line", "sub", "works", "energy", "power_line", LineString([(0.3, 0.2), (0.6, 0.2)])),
            ("bridge", "works", "hosp", "transport", "road_primary", LineString([(0.6, 0.2), (0.5, 0.5)])),
            ("lane", "mast", "hosp", "transport", "road_tertiary", LineString([(0.7, 0.7), (0.5, 0.5)])),
        ],
        columns=["link_id", "from_asset_id", "to_asset_id", "sector", "kind", "geometry"],
        crs=4326,
    )
    zones = gpd.GeoDataFrame(
        {
            "zone_id": ["r", "h", "f"], "name": ["Riverside", "Hilltop", "Farside"], "kind": "settlement",
            "population": [3000.0, 1000.0, 500.0],
        },
        geometry=[box(0, 0, 0.5, 0.5), box(0.5, 0.4, 1, 1), box(0.5, 0, 1, 0.4)], crs=4326,
    )  # fmt: skip
    areas = pd.DataFrame({"area_id": ["quay"], "name": ["Fire at the quay"]})
    return {"assets": assets, "links": links, "zones": zones, "areas": areas}


def _dependences() -> dict[str, pd.DataFrame]:
    areas = pd.DataFrame(
        [
            (zone, service, people, people * per_head, unit, 1.0 if way != "none" else 0.0, way)
            for service, unit, per_head, ways in (
                ("electricity", "MW", 0.005, ("network", "network", "network")),
                ("water", "people", 1.0, ("network", "network", "none")),
                ("mobile", "people", 1.0, ("nearest", "nearest", "none")),
                ("hospital", "people", 1.0, ("network", "network", "network")),
            )
            for (zone, people), way in zip((("r", 3000.0), ("h", 1000.0), ("f", 500.0)), ways, strict=True)
        ],
        columns=["zone_id", "service", "population", "demand", "unit", "served_share", "way"],
    )
    needs = pd.DataFrame(
        [
            ("works", "electricity", 4.0, "pumps", True, "judgement", None),
            ("mast", "electricity", 6.0, "masts", True, "source", "roads"),
            ("hosp", "water", 8.0, None, True, "source", "roads"),
            ("hosp", "mobile", 24.0, "calls", False, "judgement", None),
        ],
        columns=["asset_id", "service", "backup_h", "rule_id", "is_met", "basis", "source_id"],
    )
    rules = pd.DataFrame(
        [
            ("pumps", "water", "water_works", "electricity", 5000.0, 4.0, None, "judgement", None, "Pumps.", "水泵。"),
            ("masts", "digital", "mast", "electricity", 5000.0, 6.0, True, "source", "roads", "", ""),
            ("calls", "social", "hospital", "mobile", None, 24.0, True, "judgement", None, "", ""),
            ("trains", "transport", "any", "electricity", None, None, False, "judgement", None, "", ""),
        ],
        columns=["rule_id", "applies_to_sector", "applies_to_kind", "service", "max_distance_m", "backup_h", "is_on",
                 "basis", "source_id", "note", "note_zh"],
    )  # fmt: skip
    return {"service_areas": areas, "needs": needs, "dependency_rules": rules}


def _failures() -> dict[str, pd.DataFrame]:
    rows = [
        ("plant", "electricity", "assets", "energy", "gas_plant", 4500.0, 4500.0, 108_000.0),
        ("plant", "water", "assets", "energy", "gas_plant", 0.0, 4000.0, 80_000.0),
        ("plant", "mobile", "assets", "energy", "gas_plant", 0.0, 4000.0, 72_000.0),
        ("plant", "hospital", "assets", "energy", "gas_plant", 0.0, 4500.0, 54_000.0),
        ("line", "electricity", "links", "energy", "power_line", 500.0, 500.0, None),
        ("line", "water", "links", "energy", "power_line", 0.0, 4000.0, None),
        ("works", "water", "assets", "water", "water_works", 4000.0, 4000.0, 96_000.0),
        ("works", "hospital", "assets", "water", "water_works", 0.0, 4500.0, 72_000.0),
        ("mast", "mobile", "assets", "digital", "mast", 4000.0, 4000.0, 24_000.0),
        ("hosp", "hospital", "assets", "social", "hospital", 4500.0, 4500.0, 648_000.0),
        ("bridge", "hospital", "links", "transport", "road_primary", 500.0, 500.0, 84_000.0),
        ("lane", "hospital", "links", "transport", "road_tertiary", 0.0, 0.0, 0.0),
    ]
    failures = pd.DataFrame(
        rows,
        columns=["item_id", "service", "table", "sector", "kind", "population_without_direct", "population_without",
                 "user_hours_lost"],
    )  # fmt: skip
    causes = pd.DataFrame(
        [
            ("plant", "works", 1, "electricity", "plant", 4.0),
            ("plant", "mast", 1, "electricity", "plant", 6.0),
            ("plant", "hosp", 2, "water", "works", 12.0),
            ("line", "works", 1, "electricity", "line", 4.0),
            ("works", "hosp", 1, "water", "works", 8.0),
        ],
        columns=["item_id", "stopped_id", "step", "service", "because_of_id", "hour"],
    )
    return {"failures": failures, "causes": causes}


def _events() -> dict[str, pd.DataFrame]:
    events, curves, zones, groups, expected = [], [], [], [], []
    for (scenario, epoch, factor), service, on in product(CASES, EXPECTED, (True, False)):
        case = {"hazard": "river_flood", "scenario": scenario, "model": "MIROC5", "epoch": epoch}
        key = {"service": service, "with_cascade": on}
        people = EXPECTED[service][0 if on else 1] * factor
        span = {"_low": 0.9, "": 1.0, "_high": 1.1}
        expected.append(
            {**case, **key, "ead_rule": "rectangle", "samples": 1000, "uncovered_share": 0.05}
            | {f"population_without_per_yr{end}": people * size for end, size in span.items()}
            | {f"user_hours_lost_per_yr{end}": people * 20 * size for end, size in span.items()}
        )
        for period, size in ((10, 0.5), (50, 2.0), (100, 3.0), (1000, 4.0)):
            most = people * size
            layer = {"layer_id": f"{scenario}_{period}"}
            events.append(
                {**layer, **case, "return_period_yr": float(period), **key, "samples": 1000, "items_failed": size,
                 "population_without": most, "population_without_se": most / 40, "population_without_p05": most / 2,
                 "population_without_p95": most * 1.5, "user_hours_lost": most * 24}
            )  # fmt: skip
            curves += [
                {**layer, **key, "hour": hour, "population_without": most * left}
                for hour, left in (
                    (0.0, 0.4),
                    (4.0, 0.8),
                    (12.0, 1.0),
                    (24.0, 0.6),
                    (72.0, 0.1),
                    (168.0, 0.0),
                    (720.0, 0.0),
                )
            ]
        zones += [
            {**case, **key, "zone_id": zone, "population": size, "population_without_per_yr": people * share,
             "user_hours_lost_per_yr": people * share * 20}
            for zone, size, share in (("r", 3000.0, 0.85), ("h", 1000.0, 0.15), ("f", 500.0, 0.0))
        ]  # fmt: skip
        groups += [
            {**case, **key, "group": group, "population": size, "population_without_per_yr": people * share,
             "known_share": known}
            for group, size, share, known in (("female", 2300.0, 0.5, 1.0), ("poor", 900.0, 0.3, 0.75))
        ]  # fmt: skip
    for on, people in ((True, 2600.0), (False, 1100.0)):
        events.append(
            {"layer_id": "quay", "hazard": "any", "service": "water", "with_cascade": on, "samples": 1,
             "items_failed": 2.0, "population_without": people, "population_without_se": 0.0,
             "population_without_p05": people, "population_without_p95": people, "user_hours_lost": people * 30}
        )  # fmt: skip
    repairs = pd.DataFrame(
        [
            (layer, item, place, start, end, chance)
            for layer in ("rcp8p5_1000", "quay")
            for item, place, start, end, chance in (("plant", 1, 0.0, 24.0, 1.0), ("line", 2, 24.0, 60.0, 0.4))
        ],
        columns=["layer_id", "item_id", "place", "start_h", "end_h", "chance"],
    )
    return {
        "event_disruptions": pd.DataFrame(events), "recovery_curves": pd.DataFrame(curves), "repairs": repairs,
        "zone_disruptions": pd.DataFrame(zones), "group_disruptions": pd.DataFrame(groups),
        "expected_disruptions": pd.DataFrame(expected),
    }  # fmt: skip


LOSSES = (
    "service_areas", "needs", "dependency_rules", "failures", "causes", "event_disruptions", "recovery_curves",
    "repairs", "zone_disruptions", "group_disruptions", "expected_disruptions", "areas",
)  # fmt: skip


@pytest.fixture
def district(header: StudyHeader, content: ReportContent) -> ReportContent:
    """A district whose power plant, waterworks and hospital depend on each other."""
    services = (
        _service("electricity", ("gas_plant",)), _service("water", ("water_works",)), _service("mobile", ("mast",)),
        _service("hospital", ("hospital",)),
    )  # fmt: skip
    tables = {**_system(), **_dependences(), **_failures(), **_events()}
    return ReportContent(dataclasses.replace(header, services=services), tables, content.sources)


@pytest.fixture
def html(district: ReportContent) -> str:
    """The page in English."""
    return render(district, language="en")


def test_page_is_well_formed_in_both_languages(district: ReportContent) -> None:
    for language in ("en", "zh"):
        html = render(district, language=language)
        page = Tags(html)
        assert page.faults == []
        ids = re.findall(r'\bid="([^"]+)"', html)
        assert len(ids) == len(set(ids))
        assert not re.search(r"\b(nan|None|NaT|<NA>)\b", re.sub(r"<style>.*?</style>", "", html, flags=re.DOTALL))
        assert "<script" not in html


def test_nothing_computed_says_what_to_add(content: ReportContent) -> None:
    (note,) = disruption(content).blocks
    assert note.kind == "empty"
    assert "dependency_rules" in note.words


@pytest.mark.slow
@pytest.mark.parametrize("name", LOSSES)
def test_any_one_table_may_be_absent_or_empty(district: ReportContent, name: str) -> None:
    without = {key: table for key, table in district.tables.items() if key != name}
    assert "</html>" in render(dataclasses.replace(district, tables=without), language="en")
    empty = {**district.tables, name: district.tables[name].iloc[:0]}
    assert "</html>" in render(dataclasses.replace(district, tables=empty), language="en")


def test_tables_are_not_changed(district: ReportContent) -> None:
    before = {name: table.copy() for name, table in district.tables.items()}
    render(district, language="en")
    for name, table in district.tables.items():
        pd.testing.assert_frame_equal(pd.DataFrame(table), pd.DataFrame(before[name]))


def test_every_column_shown_is_of_a_schema(root: Path, district: ReportContent) -> None:
    for name in LOSSES:
        known = set(pd.read_csv(root / "src/headwater/schemas" / f"{name}.csv")["column"])
        assert set(district.table(name).columns) <= known, name


def test_single_figures_are_of_one_case(html: str) -> None:
    cards = dict(re.findall(r'card-label">([^<]+)</p>\s*<p class="card-value">([^<]+)<', html))
    assert cards["Drinking water: people a year who lose it"] == "992"  # 620 times 1.6, the larger case
    assert cards["Electricity: people a year who lose it"] == "1,120"


def test_what_dependencies_add_is_said_in_words(html: str) -> None:
    assert (
        "95 %: 893–1,090. Without dependencies 320; another 672 (68% of the whole) lose it only through dependencies."
        in html
    )
    assert re.search(r"1,120 people a year \(95 %: 1,010–1,230\)\. In these events dependencies add nothing\.", html)


def test_every_case_is_in_the_table_none_averaged(html: str) -> None:
    table = html[html.index("Expected annual loss of service, every case") :]
    table = table[: table.index("</table>")]
    assert table.count("RCP 4.5 · MIROC5 · 2030") == 4
    assert table.count("RCP 8.5 · MIROC5 · 2080") == 4
    assert ">620<" in table
    assert ">992<" in table
    assert ">806<" not in table  # their mean


def test_services_and_dependencies_are_listed(html: str) -> None:
    table = html[html.index("<span>The services") :]
    table = table[: table.index("</table>")]
    assert re.search(r"Drinking water<.*?Waterworks 1<.*?not limited<.*?4,500<.*?4,500<.*?4,000<", table, re.DOTALL)
    assert "over the network: 2; not at all: 1" in table
    assert re.search(r">40<.*?>22\.5<.*?>MW<", table, re.DOTALL)
    needs = html[html.index("<span>What needs what") :]
    needs = needs[: needs.index("</table>")]
    assert "everything (switched off)" in needs
    assert needs.count("judgement") == 3
    assert "source: Roads" in needs
    assert "given by the study, asset by asset" in needs
    assert "1 dependencies are not met even when nothing fails" in html


def test_every_value_assumed_is_listed_with_its_bounds_and_basis(district: ReportContent) -> None:
    repair = {"hazard": "any", "sector": "energy", "kind": "any", "repair_h": 48.0, "basis": "judgement"}
    stops = {"hazard": "river_flood", "sector": "transport", "kind": "road", "fails_from": 0.3, "basis": "judgement"}
    tables = district.tables | {
        "recovery": pd.DataFrame([repair | {"repair_h_low": 12.0, "repair_h_high": 96.0}]),
        "fragility": pd.DataFrame([stops | {"fails_from_low": 0.1, "fails_from_high": 0.5}]),
    }
    text = render(dataclasses.replace(district, tables=tables), language="en")
    cells = re.sub(r"<[^>]+>", "|", text)
    assert re.search(r"Energy: everything else\|+repair after any hazard\|+48 h\|+12–96\|+judgement", cells)
    assert re.search(r"Road\|+stops from this intensity: River flood\|+0\.3( m)?\|+0\.1–0\.5\|+judgement", cells)


def test_losses_spread_through_what_the_suppliers_lack(district: ReportContent) -> None:
    suppliers = {service.service_id: service.facility_kinds for service in district.header.services}
    kinds = district.components()["kind"]
    flows = spread(district.table("failures"), district.table("causes"), suppliers, kinds)
    found = flows.set_index(["sector", "via", "service"])["people"].to_dict()
    assert found == {
        ("energy", DIRECT, "electricity"): 5000.0,
        ("energy", "electricity", "water"): 8000.0,
        ("energy", "electricity", "mobile"): 4000.0,
        ("energy", "water", "hospital"): 4500.0,  # the hospital lacked water, not electricity
        ("water", DIRECT, "water"): 4000.0,
        ("water", "water", "hospital"): 4500.0,
        ("digital", DIRECT, "mobile"): 4000.0,
        ("social", DIRECT, "hospital"): 4500.0,
        ("transport", DIRECT, "hospital"): 500.0,
    }
    assert flows["people"].sum() == district.table("failures")["population_without"].sum()


def test_loss_without_a_supplier_that_stopped_is_shared_out(district: ReportContent) -> None:
    failures = district.table("failures").query("item_id == 'plant' and service == 'hospital'")
    causes = district.table("causes").query("item_id == 'plant'")
    kinds = district.components()["kind"]
    shared = spread(failures, causes, {}, kinds).set_index("via")["people"]
    assert shared.to_dict() == {"electricity": 3000.0, "water": 1500.0}  # two assets lacked one, one the other
    assert spread(failures, causes.iloc[:0], {}, kinds)["via"].tolist() == [UNKNOWN]


def test_worst_failures_and_why(html: str) -> None:
    table = html[html.index("worst single failures") :]
    table = table[: table.index("</table>")]
    assert table.count("<tr>") == 7  # a head, and six that cost somebody a service
    assert (
        "Riverside power plant → Mill Lane waterworks (lacks Electricity, after 4 h) → "
        "District hospital (lacks Drinking water, after 12 h); "
        "Riverside power plant → Hilltop mast (lacks Electricity, after 6 h)" in table
    )
    assert "Riverside substation – Mill Lane waterworks" in table  # a link by the names of its ends
    assert re.search(r"1  Riverside power plant<.*?>17,000<.*?>4,500<", table, re.DOTALL)


def test_worst_counts_each_service_and_keeps_unknown_hours_unknown(district: ReportContent) -> None:
    items = worst(district.table("failures"))
    assert list(items.loc["plant"]) == [17_000.0, 4_500.0, 314_000.0]
    assert items.index[0] == "plant"
    assert items["hours"].isna()["line"]


def test_chains_that_end_alike_are_told_as_one() -> None:
    rows = pd.DataFrame(
        {"stopped_id": ["a", "b", "c"], "step": 1, "service": "power", "because_of_id": "x", "hour": [2.0, 2.0, 0.0]}
    )
    assert chains(rows) == [([("a", "power", 2.0)], ["b"]), ([("c", "power", 0.0)], [])]


def test_chains_do_not_go_round_in_circles() -> None:
    rows = pd.DataFrame(
        {
            "stopped_id": ["a", "b", "c"],
            "step": [1, 2, 3],
            "service": "power",
            "because_of_id": ["b", "a", "b"],
            "hour": 0.0,
        }
    )
    assert chains(rows) == [([("a", "power", 0.0), ("b", "power", 0.0), ("c", "power", 0.0)], [])]


def test_loss_curves_draw_with_solid_and_without_dashed(html: str) -> None:
    figure = html[html.index("Drinking water: people without it by return period, river flood") :]
    figure = figure[: figure.index("</figure>")]
    assert figure.count("curve s1 dash1") == figure.count("curve s2 dash2") == 2  # wide and narrow
    assert figure.count('class="band s1"') == 2
    assert "band s2" not in figure
    assert "1 more cases are in the table." in figure


def test_recovery_is_drawn_until_everybody_is_served(html: str) -> None:
    figure = html[html.index("Hospital care: people without it after the event, river flood") :]
    figure = figure[: figure.index("</figure>")]
    assert "1 in 1000 years" in figure
    assert ">168<" in figure
    assert ">720<" not in figure


def test_groups_say_for_how_many_they_are_known(html: str) -> None:
    table = html[html.index("Who loses a service: ") :]
    table = table[: table.index("</table>")]
    row = re.search(r"<tr><th scope=\"row\">Drinking water</th><td>People below.*?</tr>", table)
    assert row is not None
    assert re.findall(r">([^<>]+)<", row[0])[2:] == ["900", "298", "33%", "22%", "75%"]


def test_drawn_areas_and_repairs_are_named(html: str) -> None:
    assert re.search(r">Fire at the quay</th><td>Drinking water</td><td class=\"num\">2,600<", html)
    assert "Order of repair: Fire at the quay" in html
    assert "Order of repair: River flood · RCP 8.5 · MIROC5 · 2080 · 1 in 1000 years" in html


def test_zones_are_mapped_by_share(html: str) -> None:
    figure = html[html.index("Drinking water: share of people who lose it in an average year") :]
    figure = figure[: figure.index("</figure>")]
    assert re.search(r'class="area c\d"', figure)
    assert 'class="area zero"' in figure
    assert ">28%<" in figure  # 992 times 0.85 of 3,000


def test_sides_keep_what_has_no_other_side() -> None:
    rows = pd.DataFrame({"epoch": [2030, None], "with_cascade": [True, True], "people": [5.0, 2.0]})
    assert sides(rows, ["epoch"], ["people"])["people_direct"].isna().all()


def test_chinese_page_has_no_english_left(district: ReportContent) -> None:
    with speaking("zh"):
        section = disruption(district)
    assert not re.search(r"[A-Za-z]{4,}", section.title + section.lead)
