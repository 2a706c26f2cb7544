"""Imports point one way, and what is light stays light."""

import ast
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

import emobench

ROOT = Path(emobench.__file__).parent
HEAVY = {"torch", "pandas", "sklearn", "matplotlib", "scipy", "netcal", "seaborn", "shap", "pyarrow"}


@cache
def modules() -> dict[str, Path]:
    folders = ("benchmark", "protocols", "baselines", "reports")
    paths = [path for folder in folders for path in sorted((ROOT / folder).rglob("*.py"))]
    return {".".join(path.relative_to(ROOT).with_suffix("").parts): path for path in paths}


def imported_by(name: str, path: Path) -> set[str]:
    """Return the modules of the package that a module imports, wherever in its text, relative to the package."""
    found = set()
    package = name.split(".")[:-1]
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.level:
            base = package[: len(package) - node.level + 1]
            target = [*base, *(node.module.split(".") if node.module else [])]
            found |= {".".join([*target, alias.name]) for alias in node.names} | {".".join(target)}
    return {target for target in found if target in modules() or f"{target}.__init__" in modules()}


def at_top_level(path: Path) -> set[str]:
    """Return the top-level packages that a module imports when it is imported, `TYPE_CHECKING` blocks left out."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    names = [alias.name for node in tree.body if isinstance(node, ast.Import) for alias in node.names]
    names += [node.module for node in tree.body if isinstance(node, ast.ImportFrom) and not node.level and node.module]
    return {name.split(".")[0] for name in names}


@cache
def graph() -> dict[str, set[str]]:
    return {name: imported_by(name, path) - {name} for name, path in modules().items()}


def test_there_are_no_cycles() -> None:
    edges, done, stack = graph(), set(), []

    def visit(name: str) -> None:
        assert name not in stack, f"import cycle: {' → '.join([*stack[stack.index(name) :], name])}"
        if name in done:
            return
        stack.append(name)
        for target in sorted(edges.get(name, ())):
            visit(target)
        stack.pop()
        done.add(name)

    for name in sorted(edges):
        visit(name)


FORBIDDEN = {
    "reports": (
        "baselines",
        "protocols",
        "benchmark.harness",
        "benchmark.training",
        "benchmark.models",
        "benchmark.plan",
        "benchmark.planning",
        # Of latencies reports know what is in the files and what is said of percentiles, not how it is measured.
        *(f"benchmark.latency.{name}" for name in ("asking", "launch", "run", "scenarios", "subject", "worker")),
    ),
    "protocols": (
        "baselines",
        "reports",
        "benchmark.harness",
        "benchmark.metrics",
        "benchmark.datasets",
        "benchmark.plan",
        "benchmark.planning",
    ),
    "baselines": (
        "protocols",
        "reports",
        "benchmark.harness",
        "benchmark.metrics",
        "benchmark.plan",
        "benchmark.planning",
        "benchmark.scoring",
    ),
    "benchmark.metrics": ("baselines", "protocols", "reports", "benchmark.harness", "benchmark.datasets"),
    "benchmark.datasets": ("baselines", "protocols", "reports", "benchmark.harness", "benchmark.metrics"),
    "benchmark.scoring": ("baselines", "protocols", "reports", "benchmark.harness", "benchmark.models"),
    "benchmark.harness": ("reports", "benchmark.scoring", "benchmark.metrics"),
}


def is_of(name: str, parts: tuple[str, ...]) -> bool:
    """Return whether a module is one of the parts, in one, or named after one: scoring_inputs is of scoring."""
    return any(name == part or name.startswith((f"{part}.", f"{part}_")) for part in parts)


@pytest.mark.parametrize("layer", FORBIDDEN)
def test_a_layer_does_not_know_what_comes_after_it(layer: str) -> None:
    wrong = [
        f"{name} imports {target}"
        for name, targets in graph().items()
        for target in sorted(targets)
        if name.startswith(layer) and is_of(target, FORBIDDEN[layer])
    ]
    assert wrong == []


def test_nothing_imports_the_command_line() -> None:
    importers = {
        name
        for name, targets in graph().items()
        if any(target.startswith("benchmark.command_line") for target in targets)
    }
    assert {name for name in importers if not name.startswith("benchmark.command_line")} == set()


def test_no_module_imports_the_package_root() -> None:
    absolute = [name for name, path in modules().items() if "emobench" in at_top_level(path)]
    assert absolute == []


def run(code: str) -> str:
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    return done.stdout.strip()


@pytest.mark.parametrize(
    "code",
    [
        "import emobench",
        "import emobench.benchmark.command_line.app",
        "from emobench.benchmark.command_line import exit_code; exit_code(['--help'])",
        "from emobench.benchmark.command_line import exit_code; exit_code(['list', 'models'])",
    ],
)
def test_what_is_light_imports_nothing_heavy(code: str) -> None:
    loaded = run(f"import sys\n{code}\nprint(); print(*{{name.split('.')[0] for name in sys.modules}})").splitlines()[
        -1
    ]
    assert HEAVY & set(loaded.split()) == set()


@pytest.mark.parametrize("arguments", ["--help", "run --help", "list models", "list metrics", "list suites"])
def test_what_answers_at_once_imports_next_to_nothing(arguments: str) -> None:
    """Beside typer, which comes without them: each takes as long to import as the answer may take."""
    code = "import sys\nfrom emobench.benchmark.command_line import exit_code\n"
    code += f"exit_code({arguments.split()!r})\nprint()\nprint(*{{name.split('.')[0] for name in sys.modules}})"
    loaded = set(run(code).splitlines()[-1].split())
    assert loaded & (HEAVY | {"rich", "pydantic", "numpy", "jaxtyping", "annotated_types"}) == set()


def test_scoring_and_reporting_do_without_torch() -> None:
    load = "for name in r.names(kind): r.plugin_class(kind, name)"
    code = "import sys, emobench.benchmark.scoring, emobench.benchmark.registry as r\n"
    code += f"for kind in (r.METRICS, r.FORMATS):\n    {load}\nprint('torch' in sys.modules)"
    assert run(code) == "False"
