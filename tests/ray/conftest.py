"""Clusters, with strange models on all their nodes."""

import os
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
from two_nodes import Nodes

# What a cluster starts reads it, some of it when Ray is imported.
os.environ["RAY_USAGE_STATS_ENABLED"] = "0"


@pytest.fixture
def nodes(strange: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Nodes]:
    """Start a head without workers; tests add nodes."""
    from ray.cluster_utils import Cluster

    monkeypatch.delenv("RAY_ADDRESS", raising=False)
    (tmp_path / "run").mkdir()
    cluster = Cluster()
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    made = Nodes(cluster, tmp_path, tmp_path / "run", port)
    try:
        made.add(num_cpus=0)
        yield made
    finally:
        cluster.shutdown()
