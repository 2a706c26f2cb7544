"""Readers of what is written by hand: suites, rules, contracts, baselines, and the list of what a report wrote."""

import json
import tomllib
from pathlib import Path
from typing import Any

from fuzz_bytes import damaged
from fuzz_draws import Draw
from fuzz_formats import hostile_toml
from fuzz_inputs import Input, Make, Reader
from fuzz_values import TEXTS

from emobench.baselines.foreign_models.contract import read_contract
from emobench.benchmark.gate.accepted import read_accepted
from emobench.benchmark.gate.rules import read_rules
from emobench.benchmark.suites import load_suites

Value = Any
"""Whatever TOML may hold."""
_SUITES: tuple[Value, ...] = (
    {
        "title": "A table", "shows": "What it shows.", "paper": "P", "place": "Table 2", "data": ["simulated"],
        "models": ["prior", "late_fusion"],
        "protocols": ["modality_drop:rate=0.2", "removals"], "metrics": ["ece"], "preset": "suite", "seeds": 2,
        "stress_draws": 2, "selection": "validation",
        "published_only": ["x"], "differs": ["One."], "draws": 1000, "hidden": False, "arguments": {"epochs": 3,
        "m3net": {"dropout": [0.1, 0.2]}},
    },
    {
        "title": "Blocks", "data": ["simulated", "mosi"], "seeds": 1,
        "block": [{"name": "one", "models": ["prior"]}, {"name": "two", "models": ["m3net"],
        "arguments": {"epochs": [1, 2]}}],
    },
)  # fmt: skip


def _suite(kept: Path) -> Make:
    def input_of(draw: Draw, folder: Path) -> Input:
        path = folder / "suite.toml"
        path.write_bytes(hostile_toml(draw, draw.choice(_SUITES)))
        text = f"{path}{draw.choice(('', '', '', '#one', '#', '#../x', '#' + 'x' * 500))}"
        return Input(lambda: load_suites(text))

    return input_of


def _rules(kept: Path) -> Make:
    rules = {
        "rule": [
            {
                "metric": "ece",
                "model": "*",
                "data": "*",
                "condition": "modality_drop:*",
                "limit": 0.15,
                "max_loss": 0.02,
                "min_effect": 0.005,
            },
            {"metric": "latency_p95", "limit": 5.0, "condition": "single:device=cpu"},
            {
                "metric": "f1",
                "part": "joy",
                "limit": 0.5,
                "min_utterances": 300,
                "baseline_model": "x",
                "direction": "higher",
            },
        ]
    }

    def input_of(draw: Draw, folder: Path) -> Input:
        path = folder / "rules.toml"
        path.write_bytes(hostile_toml(draw, rules))
        return Input(lambda: [rule.wants(model="m", data="d", condition="c") for rule in read_rules(path)])

    return input_of


def _contract(kept: Path) -> Make:
    (kept / "model.py").write_text("raise SystemExit('the module was run')\n", encoding="utf-8")
    content = {
        "module": "model.py", "factory": "make", "output": "logits", "root": "", "arguments": {"width": 5,
        "names": ["a", {"b": 1}]},
        "argv": ["a"], "modalities": ["text", "audio"], "inputs": ["features", "mask"], "layout": "batch_first",
        "mask": "valid", "mask_layout": "same",
        "mask_type": "float", "speakers": "index", "speaker_count": 2, "output_layout": "same", "item": 0,
        "files": ["a.txt"],
        "checkpoint": "{seed}.safetensors", "checkpoint_key": "", "checkpoint_prefix": "module.", "python": "",
        "time_limit": 5.0, "batch": 4,
    }  # fmt: skip

    def input_of(draw: Draw, folder: Path) -> Input:
        path = folder / "contract.toml"
        (folder / "model.py").write_text((kept / "model.py").read_text(encoding="utf-8"), encoding="utf-8")
        path.write_bytes(hostile_toml(draw, content))
        typed = {draw.choice(("output", "root", "item", "argv")): draw.choice((None, "logits", "%00", "..", ("%20",)))}
        return Input(lambda: read_contract(str(path), typed).dotted)

    return input_of


def _baseline(kept: Path) -> Make:
    from scoring_runs import Run

    from emobench.benchmark.gate.accepted import accept

    run = Run(metrics=("ece", "accuracy"), validation=True).write(kept / "run")
    accept(run, kept / "baseline.toml")
    text = (kept / "baseline.toml").read_bytes()
    value = tomllib.loads(text.decode())

    def input_of(draw: Draw, folder: Path) -> Input:
        path = folder / "baseline.toml"
        path.write_bytes(damaged(draw, text) if draw.chance(0.4) else hostile_toml(draw, value))
        return Input(lambda: read_accepted(path))

    return input_of


def _listed(kept: Path) -> Make:
    """What a folder of reports says of itself."""
    import hashlib

    from emobench.benchmark.api import _written
    from emobench.benchmark.run_folder import RunFolder
    from emobench.reports.leftovers import LIST, keep_only

    digest = hashlib.sha256(b"x").hexdigest()

    def input_of(draw: Draw, folder: Path) -> Input:
        from fuzz_formats import hostile_json

        outside, inside = folder.parent / "outside", folder / "reports"
        outside.mkdir(exist_ok=True)
        inside.mkdir()
        for place in (outside / "x", folder / "x", inside / "x", inside / "y.csv"):
            place.write_bytes(b"x")
        names = (
            "x",
            "../x",
            "../../outside/x",
            str(outside / "x"),
            "..",
            ".",
            "",
            "y.csv",
            "./x",
            "x/",
            "\0",
            *TEXTS[:30],
        )
        listed = {draw.choice(names): draw.choice((digest, digest, digest, "", 5, None)) for _ in range(4)}
        content = json.dumps(listed).encode() if draw.chance(0.4) else hostile_json(draw, listed)
        (inside / LIST).write_bytes(content)
        (inside / "reports.json").write_bytes(content)

        def read() -> None:
            _written(RunFolder(inside))
            keep_only(inside, ["y.csv"])
            assert (outside / "x").exists(), "a file elsewhere was removed"
            assert (folder / "x").exists(), "a file elsewhere was removed"

        return Input(read)

    return input_of


TEXT_READERS = (
    Reader("suite", 45, _suite),
    Reader("rules", 40, _rules),
    Reader("contract", 25, _contract),
    Reader("baseline", 20, _baseline),
    Reader("report_list", 10, _listed),
)
