"""A Ray cluster on this machine."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest


def start_cluster() -> Iterator[None]:
    """A fixture: a cluster of two processors, whose workers run this environment and know the tests' own classes."""
    ray = pytest.importorskip("ray")
    pytest.importorskip("llama_index.ingestion.ray")
    ray.init(
        num_cpus=2,
        include_dashboard=False,
        log_to_driver=False,
        runtime_env={"env_vars": {"PYTHONPATH": str(Path(__file__).resolve().parents[2])}},
        _node_ip_address="127.0.0.1",  # nothing listens beyond this machine
    )
    yield
    ray.shutdown()
