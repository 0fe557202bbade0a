"""The system: assets, the network they form, how people reach services over it, and which links matter most.

Tables of assets, links and zones go in; tables of access and criticality come out. Knows nothing of hazards, money or
files. The conventions are written in `docs/design/07-network-and-access.md`.
"""
