"""The portfolio model as arrays."""

from __future__ import annotations

import itertools

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from headwater.errors import AssumptionError, TableError
from headwater.portfolio.cumulative import cumulated
from headwater.portfolio.model import (
    PortfolioModel,
    build_model,
    common_budget,
    is_allowed,
    option_values,
    to_cents,
    totals,
)  # fmt: skip
from headwater.portfolio.solve import Solver
from headwater.words import speaking


@pytest.fixture
def options() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "option_id": ["e", "d", "c", "b", "a"],
            "initial_cost_usd": [5000.0, 4000.0, 3000.0, 2000.0, 1000.0],
            "exclusive_group": [None, "g", "g", None, "alone"],
            "requires_option_id": ["a", None, None, "d", None],
            "sector": ["water", "water", "energy", "water", "energy"],
        }
    )


NPV = pd.Series({"e": 9.0, "d": 8.0, "c": 7.0, "b": 6.0, "a": -1.0})


def rule(**columns: object) -> pd.DataFrame:
    row = {"rule_id": "r", "name": "the rule", "rule": "at_least", "item": "options", "amount": 2.0, "source_id": "s"}
    return pd.DataFrame([row | columns])


def build(options: pd.DataFrame, years: tuple[int, ...] = (2025,), **keywords: object) -> PortfolioModel:
    keywords = {"values": {"npv_usd": NPV}, "objectives": ["npv_usd"]} | keywords
    return build_model(options, start_years=years, **keywords)


def rows_of(model: PortfolioModel, name: str) -> list[list[float]]:
    return model.matrix.toarray()[model.row_set == model.set_names.index(name)].tolist()


def test_rows_of_one_period_by_hand(options: pd.DataFrame) -> None:
    wanted = rule(name="at least 2 of water", column="sector", value="water")
    model = build(options, budgets=common_budget(7000), rules=wanted)
    assert model.option_ids.tolist() == ["a", "b", "c", "d", "e"]
    assert model.values["npv_usd"].tolist() == [-1, 6, 7, 8, 9]
    assert model.matrix.toarray().tolist() == [
        [1000, 2000, 3000, 4000, 5000],  # hundreds of cents
        [0, 0, 1, 1, 0],  # group g; the group of one needs no row
        [0, 1, 0, -1, 0],  # b requires d
        [-1, 0, 0, 0, 1],  # e requires a
        [0, 1, 0, 1, 1],
    ]
    assert model.upper_rows == pytest.approx([7000.005, 1, 0, 0, np.inf])
    assert model.lower == pytest.approx([-np.inf, -np.inf, -np.inf, -np.inf, 2])
    assert [model.set_names[s] for s in model.row_set] == [
        "budget", "exclusive groups", "prerequisites", "prerequisites", "at least 2 of water"
    ]  # fmt: skip


def test_rows_of_two_periods_by_hand() -> None:
    options = pd.DataFrame({"option_id": ["a", "b"], "initial_cost_usd": [3.0, 4.0], "requires_option_id": ["b", None]})
    budgets = pd.DataFrame({"source": "", "start_year": [2025, 2030], "amount_usd": [4.0, 2.0]})
    values = {"npv_usd": np.array([[5.0, 4.0], [3.0, 2.0]])}
    model = build(options, (2025, 2030), values=values, budgets=budgets)
    assert rows_of(model, "each option starts once") == [[1, 1, 0, 0], [0, 0, 1, 1]]
    assert rows_of(model, "prerequisites") == [[1, 0, -1, 0], [1, 1, -1, -1]]
    money = model.row_set == model.set_names.index("budget")
    assert model.matrix.toarray()[money] * model.row_unit[money, None] == pytest.approx(
        np.array([[300.0, 0, 400, 0], [300, 300, 400, 400]])
    )
    assert (model.upper_rows * model.row_unit)[money] == pytest.approx([400.5, 600.5])
    each = build(options, (2025, 2030), values=values, budgets=budgets, carries_over=False)
    assert (each.matrix.toarray()[money] > 0).tolist() == [[True, False, True, False], [False, True, False, True]]
    assert each.limits["cents"].tolist() == [400, 200]


def test_interaction_is_worth_its_amount_at_the_profile_of_the_later_start() -> None:
    options = pd.DataFrame({"option_id": ["a", "b", "c"], "initial_cost_usd": 1.0})
    together = pd.DataFrame(
        {"interaction_id": ["x", "y"], "item": "npv_usd", "option_ids": ["a;b", "c; b ;a"], "amount": [10.0, -4.0]}
    )
    model = build(
        options, (2025, 2030, 2035), values={"npv_usd": np.zeros((3, 3))}, interactions=together,
        profiles={"npv_usd": np.array([1.0, 0.7, 0.5])},
    )  # fmt: skip
    for starts, worth in [
        ([0, 0, -1], 10.0), ([0, 1, -1], 7.0), ([2, 0, -1], 5.0), ([2, -1, 0], 0.0), ([0, 1, 2], 7.0 - 2.0),
        ([0, 0, 0], 6.0),
    ]:  # fmt: skip
        assert totals(model, np.array(starts))["npv_usd"] == pytest.approx(worth)
        assert is_allowed(model, np.array(starts))
        assert option_values(model, np.array(starts), "npv_usd").sum() == pytest.approx(worth)
    assert option_values(model, np.array([0, 1, 2]), "npv_usd") == pytest.approx([3.5 - 2 / 3, 3.5 - 2 / 3, -2 / 3])


def test_interactions_that_no_plan_can_hold_are_dropped_and_the_same_set_is_one(options: pd.DataFrame) -> None:
    together = pd.DataFrame(
        {
            "interaction_id": list("pqrstu"),
            "item": ["npv_usd", "npv_usd", "npv_usd", "people", "npv_usd", "npv_usd"],
            "option_ids": ["c;d", "a;b", "b; a", "a;e", "a;e", "b;c;a"],
            "amount": [1.0, 2.0, 3.0, 4.0, 5.0, 6.0],
        }
    )
    model = build(options, values={"npv_usd": NPV.drop("e")}, interactions=together)
    assert model.left_out.to_dict() == {"e": "no_value"}
    sets = np.split(model.joints.members, model.joints.indptr[1:-1])
    assert [model.option_ids[s].tolist() for s in sets] == [["a", "b"], ["a", "b", "c"]]
    assert model.values["npv_usd"][model.decisions :].tolist() == [5, 6]


def test_senses_halve_the_rows_of_interactions(options: pd.DataFrame) -> None:
    together = pd.DataFrame(
        {"interaction_id": ["x", "y"], "item": "npv_usd", "option_ids": ["a;b", "a;c"], "amount": [1.0, -1]}
    )
    whole, half = (build(options, interactions=together, senses=s) for s in (None, {"npv_usd": 1}))
    assert len(rows_of(whole, "interactions")) == 6
    assert rows_of(half, "interactions") == [
        [-1, 0, 0, 0, 0, 1, 0], [0, -1, 0, 0, 0, 1, 0], [1, 0, 1, 0, 0, 0, -1]
    ]  # fmt: skip


def test_an_option_beyond_the_budget_stays_beyond_it(options: pd.DataFrame) -> None:
    model = build(options.assign(initial_cost_usd=[1e12, 4, 3, 2, 1]), budgets=common_budget(5))
    row = model.matrix.toarray()[0]
    assert row[-1] > model.upper_rows[0] > row[:-1].max()
    assert model.cost_cents[-1] == 10**14


def test_row_order_is_irrelevant(options: pd.DataFrame) -> None:
    together = pd.DataFrame(
        {"interaction_id": ["x", "y"], "item": "npv_usd", "option_ids": ["a;b", "a;c"], "amount": [1.0, -1]}
    )
    one = build(options, (2025, 2030), interactions=together, budgets=common_budget(7000))
    mixed = options.iloc[[2, 0, 4, 1, 3]]
    other = build(mixed, (2025, 2030), interactions=together[::-1], budgets=common_budget(7000))
    assert one.option_ids.equals(other.option_ids)
    assert (one.matrix.toarray() == other.matrix.toarray()).all()
    assert (one.values["npv_usd"] == other.values["npv_usd"]).all()


def test_blanks_are_left_out_with_whatever_needs_them(options: pd.DataFrame) -> None:
    blank = options.assign(initial_cost_usd=[5.0, 4.0, None, 2.0, 1.0])
    model = build(blank, values={"npv_usd": NPV.drop("d")})
    assert model.left_out.to_dict() == {"b": "requires_option_left_out", "c": "no_cost", "d": "no_value"}
    assert model.option_ids.tolist() == ["a", "e"]
    chain = blank.assign(requires_option_id=["b; a", None, None, "d", None])
    assert build(chain, values={"npv_usd": NPV.drop("d")}).left_out["e"] == "requires_option_left_out"
    grouped = blank.assign(together_group=["t", "t", None, None, None], requires_option_id=None)
    assert build(grouped, values={"npv_usd": NPV.drop("d")}).left_out["e"] == "together_option_left_out"
    late = options.assign(earliest_year=[2040, 2026, None, None, 2025])
    model = build(late, (2025, 2030))
    assert model.left_out.to_dict() == {"e": "starts_too_late"}
    assert model.upper.tolist() == [1, 1, 1, 1, 1, 1, 0, 1]


def test_a_value_blank_for_one_year_forbids_that_start(options: pd.DataFrame) -> None:
    values = pd.DataFrame({2025: NPV, 2030: NPV.mask(NPV == 9)})
    model = build(options, (2025, 2030), values={"npv_usd": values})
    assert model.left_out.empty
    assert model.upper[-2:].tolist() == [1, 0]


def test_blanks_of_any_kind_are_blanks(options: pd.DataFrame) -> None:
    blank = NPV.astype("Float64").mask(NPV == 9)
    for values in (blank, pd.DataFrame({2025: blank}), blank.astype("object").where(blank.notna(), None)):
        assert build(options, values={"npv_usd": values}).left_out.to_dict() == {"e": "no_value"}
    years = pd.array([2026, None, None, None, None], dtype="Int64")
    money = pd.DataFrame({"source": [None, None], "start_year": pd.Series([2025, None], dtype="object")})
    model = build(options.assign(earliest_year=years), budgets=money.assign(amount_usd=1.0))
    assert model.left_out.to_dict() == {"e": "starts_too_late"}
    assert model.limits["cents"].tolist() == [100, 100]


def test_only_what_counts_must_be_known(options: pd.DataFrame) -> None:
    values = {"npv_usd": NPV, "people": pd.Series({"a": 1.0, "b": 2.0, "d": 3.0})}
    assert build(options, values=values).left_out.empty
    assert np.isnan(totals(build(options, values=values), np.array([0, 0, 0, -1, -1]))["people"])
    water = rule(item="people", column="sector", value="water", amount=1.0)
    assert build(options, values=values, rules=water).left_out.to_dict() == {"e": "no_value"}
    share = rule(rule="at_least_share", item="people", column="sector", value="water", amount=0.5)
    assert set(build(options, values=values, rules=share).left_out.index) == {"c", "e"}


def test_rules_count_what_they_name(options: pd.DataFrame) -> None:
    together = pd.DataFrame(
        {"interaction_id": ["x", "y"], "item": "npv_usd", "option_ids": ["b;d", "a;b"], "amount": [2.0, 5.0]}
    )

    def natural(**columns: object) -> list[float]:
        model = build(options, (2025, 2030), interactions=together, rules=rule(**columns))
        return (np.array(rows_of(model, "the rule")[0]) * model.row_unit[-1]).round(9).tolist()

    zero = [0.0, 0.0]
    #                     a     b       c     d       e         a and b  b and d
    assert natural(by_year=2029) == [*([1.0, 0.0] * 5), *zero, *zero]
    assert natural(item="npv_usd", column="sector", value="water") == [
        *zero, 6, 6, *zero, 8, 8, 9, 9, *zero, 0, 2
    ]  # fmt: skip
    assert natural(item="npv_usd", by_year=2025, column="sector", value="water")[-4:] == [0, 0, 2, 0]
    assert natural(rule="at_least_share", item="npv_usd", column="sector", value="water", amount=0.25) == [
        0.25, 0.25, 4.5, 4.5, -1.75, -1.75, 6, 6, 6.75, 6.75, 0, -1.25, 0, 1.5
    ]  # fmt: skip


def test_rules_speak_the_language(options: pd.DataFrame) -> None:
    with speaking("zh"):
        assert "供水至少两项" in build(options, rules=rule(name_zh="供水至少两项")).set_names


def test_input_is_unchanged(options: pd.DataFrame) -> None:
    before = options.copy(deep=True)
    build(options, budgets=common_budget(7000))
    pd.testing.assert_frame_equal(options, before)


def test_faults_of_options(options: pd.DataFrame) -> None:
    bad = options.assign(initial_cost_usd=[-1.0, 4, 3, 2, 1], requires_option_id=["a", "d; z", None, None, None])
    with pytest.raises(TableError) as caught:
        build(bad)
    assert [(f.row, f.column, f.value) for f in caught.value.faults] == [
        (2, "initial_cost_usd", "-1.0"), (3, "requires_option_id", "z")
    ]  # fmt: skip
    circle = options.assign(requires_option_id=["a", None, "e", "d", "c"])
    with pytest.raises(TableError, match=r"e → a → c → e.*in a circle"):
        build(circle)
    with pytest.raises(TableError, match=r"a → a.*in a circle"):
        build(options.assign(requires_option_id=[None, None, None, None, "a"]))


def test_faults_of_items_and_years(options: pd.DataFrame) -> None:
    with pytest.raises(AssumptionError, match=r"no values of happiness; there are npv_usd, initial_cost_usd, options"):
        build(options, objectives=["happiness"])
    with pytest.raises(AssumptionError, match="not numbers"):
        build(options, values={"npv_usd": NPV.astype("str") + "x"})
    with pytest.raises(AssumptionError, match="give a column for each start year: 2025, 2030"):
        build(options, (2025, 2030), values={"npv_usd": pd.DataFrame({2025: NPV})})
    with pytest.raises(AssumptionError, match="always counted"):
        build(options, values={"options": NPV}, objectives=[])
    with pytest.raises(AssumptionError, match="ascending"):
        build(options, (2030, 2025))
    with pytest.raises(AssumptionError, match="profile of npv_usd"):
        build(options, profiles={"npv_usd": np.ones(3)})


def test_faults_of_budgets(options: pd.DataFrame) -> None:
    for amount in (-1.0, float("nan"), float("inf")):
        with pytest.raises(TableError, match="budgets, row 2, column amount_usd"):
            build(options, budgets=common_budget(amount))
    dated = pd.DataFrame({"source": ["", ""], "start_year": [2025, 2026], "amount_usd": [1.0, 1.0]})
    with pytest.raises(TableError, match=r"row 3, column start_year.*no option starts in this year"):
        build(options, budgets=dated)
    with pytest.raises(TableError, match="more than once"):
        build(options, budgets=dated.assign(start_year=2025))


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({"item": "joy"}, "no such item → write one of npv_usd, initial_cost_usd, options"),
        ({"column": "colour", "value": "red"}, "no such column → write one of option_id"),
        ({"column": "sector"}, "a column without a value"),
        ({"by_year": 2020}, "no option can start by this year"),
        ({"rule": "at_least_share", "amount": 30.0}, "is not a share"),
        ({"rule": "exactly"}, "one of at_least"),
        ({"amount": None}, "value is missing"),
    ],
)
def test_faults_of_rules(options: pd.DataFrame, columns: dict[str, object], message: str) -> None:
    with pytest.raises(TableError, match=message):
        build(options, rules=rule(**columns))


def test_faults_of_interactions(options: pd.DataFrame) -> None:
    row = {"interaction_id": "x", "item": "npv_usd", "option_ids": "a;z", "amount": 1.0}
    with pytest.raises(TableError, match="«z» no such option"):
        build(options, interactions=pd.DataFrame([row]))
    with pytest.raises(TableError, match="option of their own"):
        build(options, interactions=pd.DataFrame([row | {"item": "initial_cost_usd", "option_ids": "a;b"}]))


def test_cents() -> None:
    assert to_cents([0.29, 1e9 + 0.01, 0.004]).tolist() == [29, 100_000_000_001, 0]


def test_any_option_of_a_part_completes_an_interaction() -> None:
    """A valley of two stretches, each of which can be protected in two ways: by hand."""
    options = pd.DataFrame(
        {"option_id": ["a1", "a2", "b1", "b2"], "initial_cost_usd": [1.0, 2.0, 1.0, 2.0],
         "exclusive_group": ["a", "a", "b", "b"]}
    )  # fmt: skip
    gain = pd.DataFrame({"interaction_id": ["v"], "item": ["km"], "option_ids": ["a1|a2;b1|b2"], "amount": [10.0]})
    model = build_model(
        options, start_years=[2025, 2030], values={"km": np.zeros((4, 2))}, objectives=["km"], interactions=gain,
        profiles={"km": np.array([1.0, 0.5])},
    )  # fmt: skip
    for starts, total in (((0, -1, -1, 0), 10.0), ((-1, 0, 1, -1), 5.0), ((0, -1, -1, -1), 0.0), ((1, -1, -1, 1), 5.0)):
        assert totals(model, np.array(starts))["km"] == total
        assert is_allowed(model, np.array(starts))
    found = Solver(model).best("km", cheapest=True)
    assert found.objective == 10.0
    assert found.totals["initial_cost_usd"] == 2.0
    assert option_values(model, found.starts, "km").tolist() == [5.0, 0.0, 5.0, 0.0]


def test_alternatives_must_exclude_each_other() -> None:
    options = pd.DataFrame({"option_id": ["a1", "a2", "b"], "initial_cost_usd": [1.0, 2.0, 1.0]})
    gain = pd.DataFrame({"interaction_id": ["v"], "item": ["km"], "option_ids": ["a1|a2;b"], "amount": [10.0]})
    with pytest.raises(TableError, match="exclude each other"):
        build_model(options, start_years=[2025], values={"km": np.zeros((3, 1))}, objectives=["km"], interactions=gain)


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(1, 2))
def test_alternatives_are_worth_what_all_their_combinations_are(seed: int, periods: int) -> None:
    rng = np.random.default_rng(seed)
    ids = [f"{link}{way}" for link in "abc" for way in "12"]
    options = pd.DataFrame(
        {"option_id": ids, "initial_cost_usd": rng.integers(1, 9, 6).astype(float),
         "exclusive_group": [one[0] for one in ids]}
    )  # fmt: skip
    sets = ["a1|a2;b1|b2", "b1|b2;c2", "a1|a2;b1|b2;c1|c2"]
    amount = rng.integers(-9, 20, 3).astype(float)
    short = pd.DataFrame({"item": "km", "option_ids": sets, "amount": amount})
    rows = [
        (";".join(way), value)
        for text, value in zip(sets, amount, strict=True)
        for way in itertools.product(*[part.split("|") for part in text.split(";")])
    ]
    long = pd.DataFrame(rows, columns=["option_ids", "amount"]).assign(item="km")
    given_values = {"km": rng.integers(-3, 9, (6, periods)).astype(float)}
    models = [
        build_model(
            options, start_years=[2025, 2030][:periods], values=given_values, objectives=["km"],
            budgets=common_budget(12), interactions=table.assign(interaction_id=[f"i{n}" for n in range(len(table))]),
        )
        for table in (short, long)
    ]  # fmt: skip
    best = [Solver(model).best("km").objective for model in models]
    assert best[0] == pytest.approx(best[1])
    assert len(models[0].joints) < len(models[1].joints)


def test_rules_match_yes_and_no_and_numbers(options: pd.DataFrame) -> None:
    marked = options.assign(is_urgent=[True, False, True, False, False], lanes=[2.0, 1.0, None, 2.0, 1.0])
    for column, value, counted in (("is_urgent", "True", "ec"), ("is_urgent", "false", "dba"), ("lanes", "2", "eb")):
        model = build(marked, rules=rule(column=column, value=value))
        assert set(model.option_ids[np.flatnonzero(rows_of(model, "the rule")[0])]) == set(counted)


def test_interactions_are_held_by_what_has_started() -> None:
    """Two periods by hand: the columns handed over say "has started by", and need two or three entries a row."""
    options = pd.DataFrame({"option_id": ["a", "b"], "initial_cost_usd": 1.0, "earliest_year": [2030, 2025]})
    together = pd.DataFrame({"interaction_id": ["x"], "item": "km", "option_ids": ["b;a"], "amount": [2.0]})
    keywords = {"values": {"km": np.zeros((2, 2))}, "objectives": ["km"], "interactions": together}
    form = cumulated(build(options, (2025, 2030), senses={"km": 1}, **keywords))
    #                  a by 2025, 2030, b by 2025, 2030, both in 2025, in 2030
    assert form.matrix.toarray().tolist() == [
        [0, 1, 0, 0, 0, 0], [0, 0, 0, 1, 0, 0],  # each starts once
        [0, -1, 0, 0, 0, 1], [0, 0, 0, -1, 0, 1],  # what they add does not pass: only the last period counts
        [-1, 1, 0, 0, 0, 0], [0, 0, -1, 1, 0, 0],  # what has started stays so
    ]  # fmt: skip
    assert form.upper.tolist() == [0, 1, 1, 1, 0, 1]
    form = cumulated(build(options, (2025, 2030), senses={"km": -1}, **keywords))
    assert form.matrix.toarray()[2].tolist() == [0, 1, 0, 1, 0, -1]
    assert form.upper_rows.tolist() == [1, 1, 1, 1, 1]
