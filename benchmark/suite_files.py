"""Which suites come with emobench, without reading what is in them; see `suites`."""

from pathlib import Path

FOLDER = Path(__file__).parent.parent / "suites"
"""Where they are."""


def suite_names() -> tuple[str, ...]:
    """Return the names of the suites that come with emobench, sorted."""
    return tuple(sorted(path.stem for path in FOLDER.glob("*.toml")))


def divided(text: str) -> tuple[str, str]:
    """Return the suite and the block that a text names; no block: empty.

    Examples
    --------
    >>> divided("mine.toml#noise"), divided("a#b.toml")
    (('mine.toml', 'noise'), ('a#b.toml', ''))
    """
    name, sign, block = text.rpartition("#")
    return (name, block) if sign and not text.endswith(".toml") else (text, "")


def is_suite(text: str) -> bool:
    """Return whether a text names a suite, or a block of one: one that comes with emobench, or a file."""
    name, _ = divided(text)
    return name in suite_names() or name.endswith(".toml")


def title_of(name: str) -> str:
    """Return the title of a suite that comes with emobench, without looking at its models."""
    # Every command asks which suites there are, few what they say.
    import tomllib

    return str(tomllib.loads((FOLDER / f"{name}.toml").read_text(encoding="utf-8"))["title"])
