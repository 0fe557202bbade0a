"""Headwater beside its peers: the same job, the same machine, the same run."""
