"""Which suites come with emobench, without reading what is in them; see `suites`."""

import tomllib
from pathlib import Path

FOLDER = Path(__file__).parent.parent / "suites"
"""Where they are."""


def suite_names() -> tuple[str, ...]:
    """Return the names of the suites that come with emobench, sorted."""
    return tuple(sorted(path.stem for path in FOLDER.glob("*.toml")))


def is_suite(text: str) -> bool:
    """Return whether a text names a suite: one that comes with emobench, or a file."""
    return text in suite_names() or text.endswith(".toml")


def title_of(name: str) -> str:
    """Return the title of a suite that comes with emobench, without looking at its models."""
    return str(tomllib.loads((FOLDER / f"{name}.toml").read_text(encoding="utf-8"))["title"])
