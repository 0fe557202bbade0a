"""World Bank projects, active and in the pipeline, as rows of `options`.

Cost, status and name are the World Bank's. Sector, SDG targets and the Chinese name are Headwater's, transcribed in
`facts/projects.csv` with the reason for each.
"""

from __future__ import annotations

from pathlib import Path

import pandas as pd
from tables import facts

PROJECTS = "world-bank-projects/wb_projects_gha_mng_mwi_lca_sgp.csv"
RULE = (
    "Rule: only targets whose official text names the service that the project delivers (the direct influence of "
    "Thacker et al. 2019). The assignment is Headwater's judgement from the published name and objective."
)
COST_NOTES = {
    "commitment": " Cost: the published project cost is 0, so the World Bank's commitment stands in for it.",
    "own": " Cost: an additional financing; the smaller of published project cost and commitment, so that money "
    "already counted with the parent project is not counted again.",
}


def projects(data: Path, country: str) -> pd.DataFrame:
    """Active and pipeline projects of a country, as rows of `options`."""
    published = pd.read_csv(data / PROJECTS)
    here = published[(published["countryshortname"] == country) & published["status"].isin(["Active", "Pipeline"])]
    found = here.merge(facts("projects"), on="id", how="left", validate="one_to_one").sort_values("id")
    if found["sector"].isna().any():
        raise ValueError(f"facts/projects.csv lacks {found['id'][found['sector'].isna()].tolist()}")
    cost, note = _cost(found)
    return pd.DataFrame(
        {
            "option_id": found["id"],
            "name": found["project_name"].str.strip().str.replace(r"\s+", " ", regex=True),
            "name_zh": found["name_zh"],
            "sector": found["sector"],
            "kind": "project",
            "status": found["status"].str.lower(),
            "initial_cost_usd": cost,
            "requires_option_id": found["parent"].replace("", pd.NA),
            "sdg_targets": found["sdg_targets"].replace("", pd.NA),
            "sdg_basis": found["basis"] + " " + RULE + note.map(COST_NOTES).fillna(""),
            "source_id": "world_bank_projects",
        }
    ).reset_index(drop=True)


def _cost(found: pd.DataFrame) -> tuple[pd.Series, pd.Series]:
    """Cost in US dollars, and which rule gave it: `published`, `commitment` or `own`."""
    published, commitment = found["curr_project_cost"].fillna(0.0), found["curr_total_commitment"].fillna(0.0)
    is_additional = (found["supplementprojectflg"] == "Y") & (published > 0) & (commitment > 0)
    cost = published.where(published > 0, commitment).mask(is_additional, published.clip(upper=commitment))
    note = pd.Series("published", index=found.index)
    note = note.mask(published == 0, "commitment").mask(is_additional & (commitment < published), "own")
    return cost, note
