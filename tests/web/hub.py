"""A small hub for tests of pages: written as content files, read by the real library. One tool is hostile."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[2]
SOURCE = {
    "id": "paper",
    "title": "A paper on <plans>",
    "publisher": "A press",
    "url": "https://example.org/paper?a=1&b=2",
    "read": "page",
    "read_on": "2026-11-28",
    "year": "2021",
}
SCRIPT = "<script>alert(1)</script>"


def text(en: str, zh: str) -> dict[str, str]:
    """A text in both languages."""
    return {"en": en, "zh": zh}


def said(en: str, zh: str, basis: str = "judgement", **more: str) -> list[dict[str, str]]:
    """One statement."""
    return [{"en": en, "zh": zh, "basis": basis, **more}]


def tool(en: str, zh: str, **changes: Any) -> dict[str, Any]:
    """Front matter of a tool."""
    return {
        "title": text(en, zh),
        "summary": text(f"{en} computes what floods do to roads.", f"{zh}计算洪水对道路的影响。"),
        "url": "https://example.org/tool",
        "checked": {"state": "ok", "on": "2026-11-28"},
        "organisations": ["un-body"],
        "types": ["modelling-tools"],
        "sectors": ["transport"],
        "phases": ["strategic-planning", "prioritization"],
        "themes": ["climate-change"],
        "dimensions": ["climate", "economy"],
        "scales": ["system"],
        "users": ["planner"],
        "data": ["spatial"],
        "skills": "programming",
        "time": "weeks",
        "cost": "free",
        "is_open_source": "yes",
        "licence": "MIT",
        "languages": ["en"],
        "origin": "GB",
        "developed": "2020",
        "outcome": text("A table of losses", "损失表"),
        "basis": {"sectors": "paper", "phases": "judgement"},
        "use_when": said("Roads flood and the *whole* network matters.", "道路受洪水影响且须考虑*整个*网络时。"),
        "avoid_when": said("Only one bridge is in question.", "仅涉及一座桥梁时。", "unverified"),
        "why": said("It is fast.", "速度快。", "paper"),
        "how": said("Run it.", "运行即可。", "paper"),
        "principles": ["evidence"],
        "sources": [SOURCE],
        **changes,
    }


def entries() -> dict[str, dict[str, Any]]:
    """Every entry by its place in the content."""
    made: dict[str, dict[str, Any]] = {
        "tools/road-flood": tool(
            "Road flood model",
            "道路洪水模型",
            short="RFM",
            next=said("Compare options.", "比较备选方案。", tool="guide"),
        ),
        "tools/guide": tool(
            "Guide to nature",
            "自然指南",
            types=["guidelines"],
            sectors=["all"],
            phases=["project-planning"],
            themes=["biodiversity"],
            dimensions=["biodiversity"],
            data=["none"],
            skills="none",
            time="hours",
            developed="unknown",
            origin="international",
            users=["policymaker", "planner"],
            scales=["project", "country"],
            languages=["en", "zh"],
            similar=["road-flood"],
        ),
        "tools/energy-model": tool(
            "Energy system model",
            "能源系统模型",
            sectors=["energy"],
            checked="unknown",
            supersedes=["old-model"],
            themes=[],
        ),
        "tools/old-model": tool(
            "Old model", "旧模型", sectors=["energy"], cost="paid", checked={"state": "dead", "on": "2026-11-28"}
        ),
        "tools/hostile": tool(
            f"{SCRIPT} tool",
            f"{SCRIPT} 工具",
            summary=text(f"</script>{SCRIPT} <b>bold</b>", f"{SCRIPT}敌意"),
            why=said(
                f"{SCRIPT} [go](javascript:alert(1)) [ok](https://example.org) <img src=x onerror=alert(1)>", "危险"
            ),
        ),
        "cases/ghana-roads": {
            "title": text("Roads in Ghana", "加纳道路"),
            "summary": text("Roads were raised.", "道路被抬高。"),
            "checked": "unknown",
            "countries": ["GH"],
            "years": "2019-2022",
            "sectors": ["transport"],
            "phases": ["strategic-planning"],
            "themes": ["climate-change"],
            "context": said("Roads flood.", "道路受淹。", "paper"),
            "need": said("Dry roads.", "干燥的道路。", "paper"),
            "done": said("Roads were raised.", "抬高道路。", "paper"),
            "evidence": said("Fewer days lost: 12.", "减少中断12天。", "paper"),
            "lesson": said("Start early.", "及早开始。"),
            "conditions": said("Data existed.", "有数据。"),
            "principles": ["evidence"],
            "tools": ["road-flood"],
            "organisations": ["un-body"],
            "sources": [SOURCE],
        },
        "organisations/un-body": {
            "title": text("A body of the UN", "联合国某机构"),
            "summary": text("It publishes.", "发布工具。"),
            "checked": "unknown",
            "type": "un",
            "country": "international",
            "sources": [SOURCE],
            "roles": said("Publishes.", "发布。"),
        },
        "principles/evidence": {
            "title": text("Decide on evidence", "循证决策"),
            "summary": text("Plan on what is known.", "依据所知进行规划。"),
            "checked": "unknown",
            "number": 10,
            "intent": said("Know first.", "先了解。", "paper"),
            "sources": [SOURCE],
            "criteria": [{"id": "data", "en": "Data are open.", "zh": "数据公开。", "basis": "judgement"}],
        },
    }
    for name, en, zh in (
        ("hazard", "Hazard", "致灾因子"),
        ("flood", "Flood", "洪水"),
        ("asset", "Asset", "资产"),
        ("return-period", "Return period", "重现期"),
    ):
        made[f"glossary/{name}"] = {
            "title": text(en, zh),
            "summary": text(f"What {en.lower()} means.", f"{zh}的含义。"),
            "checked": "unknown",
            "sources": [SOURCE],
            "notes": said("Often confused.", "常被混淆。"),
        }
    made["glossary/hazard"]["narrower"], made["glossary/flood"]["broader"] = ["flood"], ["hazard"]
    return made


def write_hub(folder: Path) -> Path:
    """Write the small hub as a folder of content."""
    folder.mkdir(parents=True, exist_ok=True)
    shutil.copy(ROOT / "content" / "vocabularies.yaml", folder / "vocabularies.yaml")
    for place, fields in entries().items():
        path = folder / f"{place}.md"
        path.parent.mkdir(exist_ok=True)
        path.write_text(f"---\n{yaml.safe_dump(fields, allow_unicode=True)}---\n", encoding="utf-8")
    return folder
