"""What SECURITY.md says of the code itself: what it never calls, whom it never tells, where it never writes."""

import ast
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from fake_run import make_run

import emobench
from emobench.benchmark.registry import FORMATS, KINDS, make, names
from emobench.benchmark.run_folder import RunFolder

ROOT = Path(emobench.__file__).parent
FOLDERS = ("benchmark", "protocols", "baselines", "reports")

RUNS_WHAT_IT_READS = {
    "eval", "exec", "compile", "__import__", "pickle.load", "pickle.loads", "pickle.Unpickler", "marshal.load",
    "marshal.loads",
    "shelve.open", "dill.load", "dill.loads", "joblib.load", "torch.load", "torch.jit.load", "torch.hub.load",
    "np.load",
    "pd.read_pickle", "yaml.load", "os.system", "os.popen", "importlib.import_module",
    "importlib.util.spec_from_file_location",
    "runpy.run_path", "runpy.run_module", "code.interact",
}  # fmt: skip
"""Calls that may run what they are given, by what they are written as."""
WHERE = {
    "baselines.foreign_models.child.loading: importlib.import_module": "of a foreign model that the user names",
    "baselines.foreign_models.child.loading: torch.load": "weights alone",
    "benchmark.executors.choice: importlib.import_module": "a module of this package, by its own name",
    "benchmark.executors.local_process: pickle.loads": "the plan, from the process that started this one",
    "benchmark.executors.parcels: pickle.loads": "events, from workers of the user's own cluster",
    "benchmark.registry: importlib.import_module": "a plug-in that the user names",
    "benchmark.safe_pickle.worker: pickle.Unpickler": "knows the names of `allowed` only",
    "reports.drawing_helpers: pickle.load": "drawings, from a process that this one started",
    "reports.drawing_process: pickle.load": "jobs, from the process that started this one",
}
"""The places that may have one, and what is read there."""
SAFELY = {"torch.load": ("weights_only", True), "np.load": ("allow_pickle", False)}
"""Keyword that makes a call harmless."""
NETWORK = {
    "socket",
    "ssl",
    "http",
    "urllib.request",
    "requests",
    "httpx",
    "aiohttp",
    "smtplib",
    "ftplib",
    "telnetlib",
    "webbrowser",
    "sentry_sdk",
}


def modules() -> Iterator[tuple[str, ast.Module]]:
    for path in sorted(path for folder in FOLDERS for path in (ROOT / folder).rglob("*.py")):
        yield ".".join(path.relative_to(ROOT).with_suffix("").parts), ast.parse(path.read_text(encoding="utf-8"))


def written(node: ast.expr) -> str:
    """Return the dotted name of what is called or inherited from; empty: it has none."""
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        return f"{before}.{node.attr}" if (before := written(node.value)) else ""
    return ""


def dangerous(tree: ast.Module) -> Iterator[tuple[str, ast.Call | None]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and written(node.func) in RUNS_WHAT_IT_READS:
            yield written(node.func), node
        if isinstance(node, ast.ClassDef):
            yield from ((written(base), None) for base in node.bases if written(base) in RUNS_WHAT_IT_READS)


def is_safe(name: str, call: ast.Call | None) -> bool:
    """Return whether a call says by a keyword that nothing is run."""
    keyword, value = SAFELY.get(name, ("", None))
    given = {one.arg: one.value for one in call.keywords} if call else {}
    return isinstance(said := given.get(keyword), ast.Constant) and said.value is value


def test_what_may_run_what_it_reads_is_called_where_it_is_known_to_be_and_nowhere_else() -> None:
    found = {
        f"{module}: {name}"
        for module, tree in modules()
        for name, call in dangerous(tree)
        if name not in SAFELY or name == "torch.load" or not is_safe(name, call)
    }
    assert found == set(WHERE)


def test_torch_loads_weights_only_and_numpy_no_pickles() -> None:
    calls = [(module, name, call) for module, tree in modules() for name, call in dangerous(tree) if name in SAFELY]
    assert calls, "nothing was looked at"
    assert [(module, name) for module, name, call in calls if not is_safe(name, call)] == []


def test_no_process_is_started_through_a_shell() -> None:
    with_shell = [
        module
        for module, tree in modules()
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and any(keyword.arg == "shell" for keyword in node.keywords)
    ]
    assert with_shell == []


def test_nothing_imports_what_speaks_to_the_network() -> None:
    found = []
    for module, tree in modules():
        for node in ast.walk(tree):
            named = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            named += [node.module] if isinstance(node, ast.ImportFrom) and node.module and not node.level else []
            found += [(module, name) for name in named if name in NETWORK or name.partition(".")[0] in NETWORK]
    # Which port is free, on this machine, for a cluster that the user asked for.
    assert [one for one in found if not one[0].startswith("benchmark.executors.")] == []


LISTENS = """
import sys
heard = []
def hear(event, arguments):
    if event.startswith(("socket.", "urllib.", "http.", "smtplib.", "ftplib.", "webbrowser.")):
        heard.append(f"{event} {arguments!r:.200}")
sys.addaudithook(hear)
from emobench.benchmark.command_line import exit_code
code = exit_code(sys.argv[1:])
print("heard", heard)
sys.exit(code)
"""


def test_nobody_is_told_what_is_run_scored_or_reported(tmp_path: Path) -> None:
    """Python tells of each socket that is made (PEP 578); there is none, from the model to the page."""
    run = [
        "run",
        "--model",
        "prior",
        "--protocol",
        "modality_drop:drop=audio",
        "--data",
        DATA,
        "--draws",
        "100",
        "--quiet",
    ]
    folder = str(tmp_path / "run")
    for line in (
        [*run, "--format", "csv", "--out", folder],
        ["score", folder, "--quiet"],
        ["report", folder, "--quiet", "--format", "html"],
    ):
        done = subprocess.run(
            [sys.executable, "-c", LISTENS, *line],
            capture_output=True,
            text=True,
            env={**os.environ, "EMOBENCH_HOME": str(tmp_path / "home")},
        )
        assert done.returncode == 0, done.stderr
        assert done.stdout.splitlines()[-1] == "heard []", line


DATA = "simulated:test=8,train=8,validation=8"


def test_a_plug_in_is_imported_by_whoever_names_it_and_by_nobody_else(tmp_path: Path) -> None:
    """Lists, suggestions and summaries know of it; its code runs when it is asked for."""
    package, told = tmp_path / "site", tmp_path / "imported"
    (package / "strangers-1.0.dist-info").mkdir(parents=True)
    groups = "\n".join(f"[{kind.group}]\nstranger = strangers:PLUGIN\n" for kind in KINDS.values())
    (package / "strangers-1.0.dist-info" / "entry_points.txt").write_text(groups, encoding="utf-8")
    (package / "strangers-1.0.dist-info" / "METADATA").write_text("Name: strangers\nVersion: 1.0\n", encoding="utf-8")
    (package / "strangers.py").write_text(
        f"open({str(told)!r}, 'w').close()\nraise RuntimeError('imported')\n", encoding="utf-8"
    )

    def said(*line: str) -> subprocess.CompletedProcess[str]:
        path = os.pathsep.join([str(package), os.environ.get("PYTHONPATH", "")])
        environment = {**os.environ, "PYTHONPATH": path, "EMOBENCH_HOME": str(tmp_path / "home")}
        return subprocess.run(
            [sys.executable, "-m", "emobench", *line], capture_output=True, text=True, env=environment
        )

    assert "stranger" in said("list", "models").stdout
    assert "did you mean 'stranger'" in said("show", "strangr").stderr
    run = (
        "run",
        "--model",
        "prior",
        "--data",
        DATA,
        "--draws",
        "100",
        "--quiet",
        "--format",
        "csv",
        "--out",
        str(tmp_path / "run"),
    )
    assert said(*run).returncode == 0
    assert not told.exists()
    assert (
        "RuntimeError: imported"
        in said("run", "--model", "stranger", "--data", DATA, "--out", str(tmp_path / "other")).stderr
    )
    assert told.exists()


ODD = (
    "../../outside",
    "/etc/passwd",
    "a\\b",
    "C:\\x",
    "CON",
    "nul.txt",
    "..",
    ".",
    "a\0b",
    "x" * 5000,
    "a\nb",
    "é",
    "日本",
    "-rf",
    "~",
    "$(id)",
    "a:b|c?*",
)


def test_names_from_elsewhere_stay_in_the_folder_of_the_run(tmp_path: Path) -> None:
    """Whatever models, data and conditions are called, files are called something that every system can hold."""
    folder = RunFolder(tmp_path / "run")
    for name in ODD:
        for path in (
            folder.predictions_path(name, name, 0),
            folder.hidden_path(name, "d", 0),
            folder.stresses_path(name),
            folder.checkpoint_stem(name, name, 0),
        ):
            assert path.parent.parent == folder.path
            assert {*path.name} <= {*"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-."}
            assert len(path.name) < 250


@pytest.mark.parametrize("form", names(FORMATS))
def test_reports_of_names_from_elsewhere_stay_in_the_folder_of_the_run(form: str, tmp_path: Path) -> None:
    odd = [name for name in ODD if name.isprintable() and len(name) < 100]
    folder = make_run(tmp_path / "in" / "run", models=("late_fusion", *odd[:3]), data=odd[3:5], seeds=(0,))
    before = set(tmp_path.rglob("*"))
    make(FORMATS, form).write(folder)
    new = set(tmp_path.rglob("*")) - before
    assert new
    for path in new:
        assert folder.path in path.parents
        assert path.name.isascii()
        assert {*path.name}.isdisjoint('\\/:*?"<>| ')
        assert len(path.name) < 200
