"""What pandapower and WNTR say of outages in real networks, as JSON.

Run in an environment of its own, with what requirements.txt names; knows nothing of Headwater. Every network is said as
nodes, sources and links, and every case as the links and nodes that are out and the nodes that are left without.
"""

from __future__ import annotations

import contextlib
import json
import sys
from typing import Any

import numpy as np

CASES = 40
Network = dict[str, Any]


def power(name: str, rng: np.random.Generator, *, lines_out: int, buses_out: int, sources_out: int) -> Network:
    """A network of pandapower, and the buses that its topology search finds without supply."""
    import pandapower.networks
    import pandapower.topology

    net = getattr(pandapower.networks, name)()
    grids = [int(bus) for bus in net.ext_grid.bus]
    links = {f"line {i}": (int(row.from_bus), int(row.to_bus)) for i, row in net.line.iterrows()}
    links |= {f"trafo {i}": (int(row.hv_bus), int(row.lv_bus)) for i, row in net.trafo.iterrows()}
    open_lines = set(net.switch.element[(net.switch.et == "l") & ~net.switch.closed])
    links = {link: ends for link, ends in links.items() if link not in {f"line {i}" for i in open_lines}}
    cases = []
    for _case in range(CASES):
        net.line["in_service"], net.bus["in_service"], net.ext_grid["in_service"] = True, True, True
        lines = rng.choice(net.line.index, lines_out, replace=False)
        buses = rng.choice(np.setdiff1d(net.bus.index, grids), buses_out, replace=False)
        dead = rng.choice(net.ext_grid.index, sources_out, replace=False)
        net.line.loc[lines, "in_service"] = False
        net.bus.loc[buses, "in_service"] = False
        net.ext_grid.loc[dead, "in_service"] = False
        without = {int(bus) for bus in pandapower.topology.unsupplied_buses(net)} | {int(bus) for bus in buses}
        out = [f"line {i}" for i in lines if f"line {i}" in links]
        sources = [int(net.ext_grid.bus[i]) for i in dead]
        cases.append({"links": out, "nodes": buses.tolist(), "sources": sources, "without": sorted(without)})
    everybody = [int(bus) for bus in net.bus.index]
    return {"name": name, "nodes": everybody, "sources": grids, "links": links, "asked": everybody, "cases": cases}


def water(name: str, rng: np.random.Generator, *, pipes_out: int) -> Network:
    """A network of WNTR, and the junctions whose demand its hydraulic simulation leaves at nothing."""
    import wntr

    def demand(closed: list[str]) -> Any:
        net = wntr.network.WaterNetworkModel(name)
        for control in list(net.control_name_list):
            net.remove_control(control)
        net.options.time.duration = 0
        for pipe in closed:
            net.get_link(pipe).initial_status = wntr.network.LinkStatus.Closed
        return wntr.sim.WNTRSimulator(net).run_sim().node["demand"].iloc[0][net.junction_name_list]

    net = wntr.network.WaterNetworkModel(name)
    is_open = {link: item for link, item in net.links() if item.initial_status != wntr.network.LinkStatus.Closed}
    links = {link: (item.start_node_name, item.end_node_name) for link, item in is_open.items()}
    pipes = [pipe for pipe in net.pipe_name_list if pipe in links]
    usual = demand([])
    asked = usual.index[usual > 0]
    cases = []
    for _case in range(CASES):
        closed = rng.choice(pipes, pipes_out, replace=False).tolist()
        now = demand(closed)[asked]
        cases.append({"links": closed, "nodes": [], "sources": [], "without": sorted(asked[now == 0])})
    sources = [*net.tank_name_list, *net.reservoir_name_list]
    return {"name": name, "nodes": net.node_name_list, "sources": sources, "links": links, "asked": list(asked),
            "cases": cases}  # fmt: skip


def main() -> None:
    """Print all networks and cases."""
    rng = np.random.default_rng(7)
    with contextlib.redirect_stdout(sys.stderr):
        found = [
            power("mv_oberrhein", rng, lines_out=3, buses_out=1, sources_out=1),
            power("case118", rng, lines_out=40, buses_out=4, sources_out=0),
            water("Net3", rng, pipes_out=25),
        ]
    json.dump(found, sys.stdout)


if __name__ == "__main__":
    main()
