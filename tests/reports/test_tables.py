"""Tables as HTML."""

from __future__ import annotations

import numpy as np
import pandas as pd

from headwater.reports.tables import Column, html_table


def test_names_are_escaped_in_cells_headings_and_captions() -> None:
    hostile = "<img src=x onerror=alert(1)>"
    html = html_table(pd.DataFrame({"a": [hostile]}), [Column("a", hostile)], caption=hostile)
    assert "<img" not in html


def test_missing_values_are_dashes_that_say_so() -> None:
    table = pd.DataFrame({"a": ["x", "y", "z"], "b": [np.nan, None, 0.0], "c": ["", pd.NA, "full"]})
    html = html_table(table, [Column("a", "A"), Column("b", "B", str), Column("c", "C")], caption="T")
    assert html.count('title="no value"') == 4
    assert "nan" not in html.lower().replace("maintenance", "")


def test_first_column_heads_its_row_and_absent_columns_are_left_out() -> None:
    html = html_table(pd.DataFrame({"a": ["x"]}), [Column("a", "A"), Column("b", "B")], caption="T")
    assert html.count('<th scope="row">') == 1
    assert html.count('<th scope="col">') == 1
