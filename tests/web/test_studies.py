"""Pages of studies: every one answers in both languages, whatever is there or missing, and weighs little."""

from __future__ import annotations

import gzip
import io
import json
import re
import warnings
from pathlib import Path
from typing import Any

import geopandas as gpd
import lxml.html
import openpyxl
import pandas as pd
import pytest
from tests.web.site import finished, site, traded

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    from starlette.testclient import TestClient

from headwater.library import Library
from headwater.reading import MADE, Readings
from headwater.reports.document import CHAPTER_TITLES
from headwater.study_views import guidance
from headwater.study_views.records import TITLES
from headwater.web import study_style
from headwater.web.assets import STATIC, assets
from headwater.web.studies import STUDY_PAGES
from headwater.web.study_visits import CHAPTER_NAMES
from headwater.words import catalogue, speaking, told

LIGHT, WITH_MAP = 25_000, 350_000
"""Compressed bytes of a first load: without a map, and with one."""

PAGES = [
    "", "map", "plan-explorer", "compare", "results/", "results/appraisals", "results/front", *CHAPTER_NAMES,
]  # fmt: skip
OF_PLANS = [
    "map?layer=criticality", "map?layer=plan-high", "map?layer=point-1", "map?layer=nonsense",
    "plan-explorer/point-1", "plan-explorer/plan-low", "plan-explorer/point-1/map",
    "plan-explorer?w.npv_usd=100&w.initial_cost_usd=0&b.initial_cost_usd=500000",
    "plan-explorer?b.npv_usd=1e12", "plan-explorer/point-1?pin=plan-low&pin=plan-high&pin=nonsense",
    "compare?with=point-1&with=plan-low", "compare?with=nonsense", "places/r_ab", "results/front?page=99&find=npv",
]  # fmt: skip


@pytest.fixture(scope="module")
def made(root: Path, toy_results: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return traded(root, toy_results, tmp_path_factory)


@pytest.fixture(scope="module")
def reader(library: Library, root: Path, made: Path, tmp_path_factory: pytest.TempPathFactory) -> TestClient:
    app = site(library, tmp_path_factory.mktemp("site"), root, made)
    return TestClient(app, follow_redirects=False)


def read(reader: TestClient, address: str, status: int = 200) -> lxml.html.HtmlElement:
    answer = reader.get(address)
    assert answer.status_code == status, answer.text[:500]
    return lxml.html.document_fromstring(answer.text)


def words(element: lxml.html.HtmlElement) -> str:
    return " ".join(element.text_content().split())


def packed(answer: Any) -> int:
    return len(gzip.compress(answer.content, 6))


# --- every page ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("code", ["en", "zh"])
@pytest.mark.parametrize("page", [*PAGES, *OF_PLANS])
def test_every_page_is_whole_in_both_languages(reader: TestClient, code: str, page: str) -> None:
    html = read(reader, f"/{code}/studies/toytown/{page}")
    assert html.get("lang") == {"zh": "zh-Hans"}.get(code, code)
    assert len(html.findall(".//h1")) == 1
    assert not html.xpath("//script[not(@src) and not(contains(@type, 'json'))]")
    assert not html.xpath("//style | //*[@style]")
    ids = html.xpath("//@id")
    assert len(ids) == len(set(ids))
    text = words(html)
    assert " nan" not in text
    assert "None" not in text
    if code == "zh":
        assert re.search("[一-龥]", text)


@pytest.mark.parametrize("study", ["blank", "spoilt"])
@pytest.mark.parametrize("code", ["en", "zh"])
@pytest.mark.parametrize("page", PAGES)
def test_a_study_without_results_or_with_faults_says_so(reader: TestClient, code: str, study: str, page: str) -> None:
    status = 422 if study == "spoilt" and page in CHAPTER_NAMES else 200
    html = read(reader, f"/{code}/studies/{study}/{page}", status)
    if study == "blank" and page in {"plan-explorer", "compare", "results/appraisals"}:
        form = html.find(".//form[@class='run']")
        assert form.get("action") == f"/{code}/studies/blank/run"
        assert form.method == "POST"
        assert form.fields["csrf"]
        assert form.fields["step"] == "plan"
    if study == "spoilt" and page == "":
        assert "zones.csv" in words(html)
        assert not html.xpath("//b[text()='bold']")


def test_the_list_says_how_far_each_study_is(reader: TestClient) -> None:
    html = read(reader, "/en/studies/")
    cards = {card.find(".//h2/a").get("href"): words(card) for card in html.xpath("//li[contains(@class,'card')]")}
    assert "no results yet" in cards["/en/studies/blank/"]
    assert "results" in cards["/en/studies/toytown/"]
    assert "Access to a hospital" in cards["/en/studies/toytown/"]


def test_an_empty_site_says_what_to_do(library: Library, tmp_path: Path) -> None:
    from headwater.forum import open_forum
    from headwater.web.app import create_app

    app = create_app(library, forum=open_forum(tmp_path))
    known = {route.path for route in app.router.routes if hasattr(route, "path")}
    app.router.routes[:0] = [route for route in STUDY_PAGES if route.path not in known]
    assert "There is no study here yet" in words(read(TestClient(app), "/en/studies/"))


@pytest.mark.parametrize(
    "page",
    [
        "nothing", "places/nothing", "results/nothing", "system/figure-99", "plan-explorer/point-1/nothing",
        "layers/nothing.geojson", "downloads/nothing.exe", "downloads/../study.toml", "downloads/plan-none.xlsx",
        "results/..%2f..%2fstudy.csv", "plan-explorer/point-999/map",
    ],
)  # fmt: skip
def test_what_is_not_there_is_not_found(reader: TestClient, page: str) -> None:
    assert reader.get(f"/en/studies/toytown/{page}").status_code == 404


def test_a_study_that_is_nobodys_to_see_is_not_there(library: Library, root: Path, made: Path, tmp_path: Path) -> None:
    stranger = TestClient(site(library, tmp_path, root, made, is_alone=False), follow_redirects=False)
    assert stranger.get("/en/studies/toytown/").status_code == 200
    assert stranger.get("/en/studies/secret/map").status_code == 404
    assert not read(stranger, "/en/studies/blank/plan-explorer").xpath("//form[@class='run']")


def test_other_languages_are_led_to_english(reader: TestClient) -> None:
    answer = reader.get("/ar/studies/toytown/map?layer=risk")
    assert answer.status_code == 307
    assert answer.headers["location"] == "/en/studies/toytown/map?layer=risk"


def test_every_link_of_a_study_leads_somewhere(reader: TestClient) -> None:
    seen, waiting = set(), ["/en/studies/toytown/"]
    while waiting and len(seen) < 150:
        address = waiting.pop()
        seen.add(address)
        answer = reader.get(address)
        assert answer.status_code in {200, 303}, address
        if not answer.headers["content-type"].startswith("text/html") or "attachment" in str(answer.headers):
            continue
        html = lxml.html.document_fromstring(answer.text)
        for link in {link.partition("#")[0] for link in html.xpath("//a/@href | //*/@data-src")}:
            if link.startswith("/en/studies/toytown") and "?" not in link and link not in seen and link not in waiting:
                waiting.append(link)
    assert len(seen) > 80


def test_the_list_of_chapters_gives_the_titles_that_they_have(made: Path) -> None:
    reading = Readings().open(made / "study", made / "out")
    for code in ("en", "zh"):
        with speaking(code):
            assert {section.name: section.title for section in reading.chapters()} == {
                name: told(title) for name, title in CHAPTER_TITLES.items()
            }


# --- weight -------------------------------------------------------------------------------------------------------


_PARTS: dict[str, int] = {}


def first_load(reader: TestClient, address: str) -> int:
    """Compressed bytes of a page with its styles and scripts."""
    answer = reader.get(address)
    html = lxml.html.document_fromstring(answer.text)
    parts = html.xpath("//link[@rel='stylesheet']/@href | //script/@src")
    for part in parts:
        _PARTS.setdefault(part, packed(reader.get(part)))
    return packed(answer) + sum(_PARTS[part] for part in parts)


def test_first_loads_are_light(reader: TestClient, root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    heaviest: dict[str, tuple[int, str]] = {}
    for study in ["toytown", *finished(root)]:
        for code in ("en", "zh"):
            for page in PAGES:
                weight = first_load(reader, f"/{code}/studies/{study}/{page}")
                assert weight <= LIGHT, (study, code, page, weight)
                heaviest[page] = max(heaviest.get(page, (0, "")), (weight, f"{study} {code}"))
            island = ("vendor/maplibre-gl.js", "vendor/maplibre-gl.css")
            layers = [
                packed(reader.get(f"/{code}/studies/{study}/layers/{layer}.geojson")) for layer in ("risk", "outline")
                if reader.get(f"/{code}/studies/{study}/layers/{layer}.geojson").status_code == 200
            ]  # fmt: skip
            whole = (
                first_load(reader, f"/{code}/studies/{study}/map")
                + sum(len(assets()[name].compressed) for name in island if name in assets()) + sum(layers)
            )  # fmt: skip
            assert whole <= WITH_MAP
            heaviest["map, moving"] = max(heaviest.get("map, moving", (0, "")), (whole, f"{study} {code}"))
    with capsys.disabled():
        print("\nfirst loads, compressed:")
        for page, (weight, which) in sorted(heaviest.items(), key=lambda pair: -pair[1][0])[:8]:
            print(f"  {weight / 1000:6.1f} kB  {page or 'overview'} ({which})")


def test_heavy_drawings_are_fetched_apart_and_stand_on_their_own(reader: TestClient, root: Path) -> None:
    if "djibouti" not in finished(root):
        pytest.skip("no results of Djibouti in out/: run headwater plan studies/djibouti")
    html = read(reader, "/en/studies/djibouti/access")
    apart = html.xpath("//div[@class='lazy']")
    assert apart
    for place in apart[:3]:
        whole = read(reader, place.get("data-src"))
        assert whole.xpath("//*[contains(@class,'drawn')]//svg")
        assert place.find("a").get("href") == place.get("data-src")
    assert html.xpath("//figure//details//table")
    assert html.xpath("//ul[@class='keys']")


# --- style --------------------------------------------------------------------------------------------------------


def test_the_style_of_figures_is_taken_from_the_report(reader: TestClient, root: Path) -> None:
    style = study_style.style().content.decode()
    assert reader.get(study_style.style().address).headers["cache-control"].endswith("immutable")
    assert reader.get("/study-style.000.css").status_code == 404
    selectors = " ".join(head for head, _body in study_style.rules(style))
    for css in ("c1", "t1", "r1", "lines", "points", "area", "flow", "muted", "level-high", "swatch", "narrow"):
        assert re.search(rf"\.{css}\b", selectors), css
    hub = (STATIC / "hub.css").read_text(encoding="utf-8")
    own = {m[1] for m in study_style.VARIABLE.finditer(study_style.rules(hub)[0][1])}
    report = study_style.needed(study_style.rules(style)[0][1], frozenset())
    assert not own & {m[1] for m in study_style.VARIABLE.finditer(report)}
    used = set(re.findall(r"var\((--[a-z0-9-]+)\)", style))
    given = own | {m[1] for m in study_style.VARIABLE.finditer(style)}
    assert used <= given


# --- the map ------------------------------------------------------------------------------------------------------


def test_layers_are_geojson_with_more_detail_by_zoom_and_known_by_a_mark(reader: TestClient) -> None:
    address = "/en/studies/toytown/layers/risk.geojson"
    coarse, fine = reader.get(address), reader.get(f"{address}?detail=3")
    assert coarse.headers["content-type"] == "application/geo+json"
    table = gpd.read_file(io.BytesIO(fine.content))
    assert {"id", "n", "k", "w", "g"} <= set(table.columns)
    assert len(coarse.content) <= len(fine.content)
    again = reader.get(address, headers={"if-none-match": coarse.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert reader.get(f"{address}?detail=../9").content == coarse.content


def test_only_the_map_may_draw_in_a_worker(reader: TestClient) -> None:
    page = reader.get("/en/studies/toytown/map").headers["content-security-policy"]
    assert "worker-src blob:" in page
    assert "script-src 'self';" in page
    assert "unsafe" not in page
    assert "worker-src" not in reader.get("/en/studies/toytown/").headers["content-security-policy"]


def test_the_map_has_a_drawing_a_legend_and_a_list_without_a_script(reader: TestClient) -> None:
    html = read(reader, "/en/studies/toytown/map?layer=risk")
    assert html.xpath("//div[@id='layer-sketch']//svg")
    assert html.xpath("//ul[@id='layer-keys']/li[@data-grade]")
    first = html.xpath("//ol[@class='places']/li")[0]
    assert "USD a year" in words(first)
    place = read(reader, first.find("a").get("href"))
    assert "Expected annual damage" in words(place)
    assert "From what?" in words(place)
    assert html.xpath("//form[@id='layers']//button")


def test_a_place_says_what_it_is_what_fails_and_why(reader: TestClient, root: Path) -> None:
    html = read(reader, "/en/studies/toytown/places/r_ab")
    assert {"Options here", "If it fails alone"} <= {words(c) for c in html.xpath("//caption")}
    assert html.xpath("//a[@href='/en/studies/toytown/results/failures']")
    if "ghana" in finished(root):
        chain = read(reader, "/en/studies/ghana/places/gha_grid_node_722")
        assert "lacks Electricity" in words(chain)


# --- the explorer -------------------------------------------------------------------------------------------------


def here(html: lxml.html.HtmlElement) -> str:
    return words(html.xpath("//div[@class='here']/h2")[0])


def front(made: Path) -> pd.DataFrame:
    table = pd.read_parquet(made / "out" / "front.parquet")
    return table.pivot(index="point_id", columns="item", values="value")


def test_weights_choose_the_best_of_one_objective(reader: TestClient, made: Path) -> None:
    points = front(made)
    base = "/en/studies/toytown/plan-explorer?w.npv_usd={}&w.ead_usd_per_yr={}&w.initial_cost_usd={}"
    assert here(read(reader, base.format(100, 0, 0))).startswith(f"Point {points['npv_usd'].idxmax()}")
    assert here(read(reader, base.format(0, 100, 0))).startswith(f"Point {points['ead_usd_per_yr'].idxmax()}")
    assert here(read(reader, base.format(0, 0, 100))).startswith(f"Point {points['initial_cost_usd'].idxmin()}")


def test_bounds_leave_points_out_and_say_what_is_given_up(reader: TestClient, made: Path) -> None:
    points = front(made)
    bound = float(points["initial_cost_usd"].median())
    html = read(
        reader, f"/en/studies/toytown/plan-explorer?b.initial_cost_usd={bound}&w.npv_usd=100&w.ead_usd_per_yr=0"
    )
    within = points[points["initial_cost_usd"] <= bound]
    assert here(html).startswith(f"Point {within['npv_usd'].idxmax()}")
    assert len(html.xpath("//small[text()='out of bounds']")) == len(points) - len(within)
    assert "given up" in words(html.xpath("//section[@aria-labelledby='give-up']")[0])
    nothing = read(reader, "/en/studies/toytown/plan-explorer?b.npv_usd=1e12")
    assert "comes nearest" in words(nothing)
    assert "short by" in words(nothing)


def test_the_state_is_in_the_address(reader: TestClient) -> None:
    html = read(reader, "/zh/studies/toytown/plan-explorer/point-2?b.initial_cost_usd=500000&w.npv_usd=80&pin=plan-low")
    link = html.xpath("//details[@id='points-list']//a[@data-move='point-1']/@href")[0]
    assert "b.initial_cost_usd=500000" in link
    assert "w.npv_usd=80" in link
    assert "pin=plan-low" in link
    assert link.startswith("/zh/studies/toytown/plan-explorer/point-1?")
    other = html.xpath("//ul[@class='langs']//a[@hreflang='en']/@href")[0]
    assert other.startswith("/en/studies/toytown/plan-explorer/point-2?b.initial_cost_usd=500000")
    assert html.xpath("//select[@id='b-initial_cost_usd']/option[@selected]/@value") == ["500000"]
    live = reader.get("/zh/studies/toytown/plan-explorer?w.npv_usd=100", headers={"hx-request": "true"})
    assert re.fullmatch(r"/zh/studies/toytown/plan-explorer/point-\d+\?w\.npv_usd=100", live.headers["hx-push-url"])


def test_the_slider_moves_along_the_front_without_a_script(reader: TestClient, made: Path) -> None:
    order = front(made).sort_values("initial_cost_usd", kind="stable").index
    places = {}
    for place in (1, len(order), 99, "nonsense"):
        answer = reader.get(f"/en/studies/toytown/plan-explorer/step?place={place}&pin=plan-low")
        assert answer.status_code == 303
        places[place] = answer.headers["location"]
        assert "pin=plan-low" in places[place]
    assert places[1] == places["nonsense"]
    assert places[len(order)] == places[99]
    assert places[1] != places[99]


def test_a_point_shows_who_gains_when_it_starts_and_how_it_holds_up(reader: TestClient, made: Path) -> None:
    best = front(made)["npv_usd"].idxmax()
    html = read(reader, f"/en/studies/toytown/plan-explorer/point-{best}")
    for section in ("chosen", "when", "who", "robust", "files"):
        assert html.xpath(f"//section[@aria-labelledby='{section}']"), section
    assert html.xpath("//section[@aria-labelledby='who']//table")
    assert "no regret" in words(html.xpath("//section[@aria-labelledby='robust']")[0])


def test_money_of_a_plan_computed_here_is_that_of_the_run(reader: TestClient, made: Path) -> None:
    """A point of the front with the options of a plan has the plan's own incidence: the same lines, the same sums."""
    from headwater.study_views import points

    reading = Readings().open(made / "study", made / "out")
    run = reading.made["incidence"]
    starts = points.chosen_options(reading.content, "plan-high")
    money = points._money(reading, "high", starts)
    expected = run[run["plan_id"] == "high"].set_index(["party"])["net_pv_usd"]
    found = money["incidence"].set_index("party")["net_pv_usd"]
    pd.testing.assert_series_equal(found.sort_index(), expected.sort_index(), check_names=False)
    flows = reading.made["cash_flows"]
    assert money["cash_flows"]["amount_usd"].sum() == pytest.approx(
        flows.loc[flows["plan_id"] == "high", "amount_usd"].sum()
    )


def test_a_point_without_options_is_shown_too(reader: TestClient, made: Path) -> None:
    chosen = pd.read_parquet(made / "out" / "front_options.parquet")
    empty = sorted(set(front(made).index) - set(chosen["point_id"]))
    for point in empty:
        assert "It chooses nothing" in words(read(reader, f"/en/studies/toytown/plan-explorer/point-{point}"))
    for page in ("plan-explorer/point-{}/map", "downloads/point-{}.csv", "downloads/point-{}.xlsx"):
        for point in empty:
            assert reader.get(f"/en/studies/toytown/{page.format(point)}").status_code == 200


def test_the_front_is_in_the_page_for_those_who_keep_it_as_a_file(reader: TestClient, made: Path) -> None:
    html = read(reader, "/en/studies/toytown/plan-explorer")
    data = json.loads(html.xpath("//script[@id='front']")[0].text)
    assert len(data["points"]) == len(front(made))
    assert data["senses"]["initial_cost_usd"] == -1


def test_plans_stand_side_by_side_with_the_best_marked(reader: TestClient) -> None:
    html = read(reader, "/en/studies/toytown/compare?with=plan-low&with=plan-high&with=point-1&with=point-2")
    assert len(html.xpath("//thead//th")) == 4
    assert html.xpath("//small[@class='best']")
    only = read(reader, html.xpath("//thead//a[@class='chip']/@href")[0])
    assert len(only.xpath("//thead//th")) == 3


# --- from what, and to take away ----------------------------------------------------------------------------------


def test_every_result_has_a_title_and_can_be_read(reader: TestClient) -> None:
    assert set(TITLES) == set(MADE)
    for name in MADE:
        html = read(reader, f"/en/studies/toytown/results/{name}")
        assert html.xpath("//section[@aria-labelledby='origin']//dt")
        terms = {words(dt) for dt in html.xpath("//section[@aria-labelledby='columns']//dt")}
        meant = [words(dd) for dd in html.xpath("//section[@aria-labelledby='columns']//dd")]
        assert terms
        assert all(meant), name


def test_rows_are_found_and_paged(reader: TestClient) -> None:
    html = read(reader, "/en/studies/toytown/results/front?find=npv_usd")
    assert {words(row[1]) for row in html.xpath("//table[contains(@class,'rows-of')]/tbody/tr")} == {"npv_usd"}
    assert "No row holds these words" in words(read(reader, "/en/studies/toytown/results/front?find=zzz"))


def test_tables_are_taken_away_whole(reader: TestClient, made: Path) -> None:
    table = pd.read_parquet(made / "out" / "appraisals.parquet")
    answer = reader.get("/en/studies/toytown/results/appraisals.csv")
    assert "attachment" in answer.headers["content-disposition"]
    assert len(pd.read_csv(io.BytesIO(answer.content))) == len(table)
    whole = pd.read_parquet(io.BytesIO(reader.get("/en/studies/toytown/results/appraisals.parquet").content))
    pd.testing.assert_frame_equal(whole, table)
    places = gpd.read_parquet(io.BytesIO(reader.get("/en/studies/toytown/results/asset_results.parquet").content))
    assert places.geometry.notna().any()


@pytest.mark.parametrize("key", ["plan-high", "point-1"])
def test_a_point_and_a_plan_are_taken_away(reader: TestClient, key: str, tmp_path: Path) -> None:
    base = f"/zh/studies/toytown/downloads/{key}"
    book = openpyxl.load_workbook(io.BytesIO(reader.get(f"{base}.xlsx").content))
    assert len(book.sheetnames) > 1
    package = tmp_path / "plan.gpkg"
    package.write_bytes(reader.get(f"{base}.gpkg").content)
    assert set(gpd.list_layers(package)["name"]) == {"places", "options"}
    table = pd.read_csv(io.BytesIO(reader.get(f"{base}.csv").content))
    assert {"option_id", "name", "start_year", "initial_cost_usd"} <= set(table.columns)


def test_the_report_and_project_data_are_taken_away(reader: TestClient) -> None:
    report = reader.get("/zh/studies/toytown/downloads/report.html")
    assert "attachment" in report.headers["content-disposition"]
    assert 'lang="zh-Hans"' in report.text
    assert reader.get("/en/studies/toytown/downloads/projects.oc4ids.json").json()


# --- guidance -----------------------------------------------------------------------------------------------------


def test_guidance_names_entries_and_chapters_that_exist(root: Path) -> None:
    table = guidance.load_guidance()
    folders = {"principle": "principles", "tool": "tools", "term": "glossary", "case": "cases"}
    assert set(table["chapter"]) == set(CHAPTER_NAMES)
    assert not table.duplicated(["chapter", "kind", "record_id"]).any()
    for row in table.itertuples():
        assert (root / "content" / folders[row.kind] / f"{row.record_id}.md").is_file(), row.record_id
        assert len(row.reason_en) > 20
        assert re.search("[一-龥]", row.reason_zh)
    assert table["reason_en"].str.len().max() < 200


def test_guidance_stands_in_context_and_is_marked_as_ours(reader: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    table = pd.DataFrame(
        [("choice", "principle", "evidence", "Because it bears <on> it.", "因为相关。"),
         ("choice", "tool", "no-such-tool", "Left out.", "略去。")],
        columns=["chapter", "kind", "record_id", "reason_en", "reason_zh"],
    )  # fmt: skip
    monkeypatch.setattr(guidance, "load_guidance", lambda: table)
    for page in ("choice", "plan-explorer", "compare"):
        part = read(reader, f"/en/studies/toytown/{page}").xpath("//section[@class='guidance']")[0]
        assert part.xpath(".//a[@href='/en/principles/evidence']")
        assert "our judgement" in words(part)
        assert "Because it bears <on> it." in words(part)
    assert "因为相关。" in words(read(reader, "/zh/studies/toytown/choice"))


# --- words --------------------------------------------------------------------------------------------------------


def test_every_word_of_these_pages_has_its_chinese(root: Path) -> None:
    web = root / "src" / "headwater" / "web"
    told = catalogue("zh")
    for path in [*web.glob("templates/study_*.html"), *web.glob("pages_stud*.py"), web / "study_visits.py"]:
        for message in re.findall(r'\b_\(\s*"((?:[^"\\]|\\.)*)"\s*\)', path.read_text(encoding="utf-8")):
            assert message in told, (path.name, message)
    assert all(title in told for title in TITLES.values())
