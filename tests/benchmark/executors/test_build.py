"""Whether another process would compute the same is found out, and said with both sides named."""

from pathlib import Path

import pytest
from executor_runs import plan_of

from emobench.benchmark import registry
from emobench.benchmark.executors import build
from emobench.benchmark.executors.build import build_of, difference, look, reads_files


def test_the_same_code_computes_the_same() -> None:
    made = build_of(plan_of("late_fusion+temperature"))
    assert {"emobench", "Python", "numpy", "torch", "pyarrow"} <= set(made.versions)
    assert made.plugins == ()
    assert (difference(made), look(made)) == ("", "")


def test_another_version_is_named_on_both_sides() -> None:
    made = build_of(plan_of("prior"))
    here = made.versions["torch"]
    assert difference(made._replace(versions=made.versions | {"torch": "9.9"})) == f"has torch {here}, not 9.9 as here"


def test_other_code_of_the_same_version_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    made = build_of(plan_of("prior"))
    other = made._replace(code="0123456789abcdef")
    assert difference(other) == (
        f"has emobench {made.versions['emobench']} with other code (key {made.code[:12]}) than here (0123456789ab)"
    )
    monkeypatch.setattr(build, "code_key", lambda: "changed")
    assert difference(made).startswith("has emobench ")


def test_a_node_says_its_name_and_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    made = build_of(plan_of("prior"))
    monkeypatch.setattr(build.platform, "node", lambda: "worker7")
    assert look(made._replace(code="")).startswith("worker7 has emobench ")
    assert look(made._replace(code="")).endswith("; install the same emobench and libraries there")


def test_plug_ins_of_other_packages_are_compared(strange: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = build_of(plan_of("strange+temperature", "prior"))
    ((group, name, source),) = made.plugins
    assert (group, name) == ("emobench.models", "strange")
    assert source.startswith("strange_models:Strange 1.0 ")
    assert difference(made) == ""
    changed = made._replace(plugins=((group, name, "strange_models:Strange 2.0 abc"),))
    assert difference(changed) == f"has {source} for the model 'strange', not strange_models:Strange 2.0 abc as here"
    with monkeypatch.context() as patch:
        patch.setattr(registry, "_entry_points", lambda kind: {})
        registry.source_key.cache_clear()
        assert difference(made) == f"has nothing for the model 'strange', not {source} as here"


def test_models_that_read_files_are_known() -> None:
    assert reads_files("predictions:path=some.csv,values=logits+temperature")
    assert not reads_files("late_fusion+temperature")
