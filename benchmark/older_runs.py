"""Records of run folders that an older emobench wrote, as far as they can be shown."""

from typing import Any

from .run_record import SCHEMA_VERSION

OLDEST = 1
"""Schema version of the oldest run folders there are."""


# `Any`: the content of a file, not yet checked.
def modern(raw: dict[str, Any]) -> tuple[dict[str, Any], str]:
    """Return the content of run.json as if it were of this schema version, and what it does not say; empty: nothing.

    What was not written down in version 1 gets its default: conditions were drawn once. What was really done to the
    test split was counted in another way, and is left out.
    """
    version, datas, conditions = (raw.get(name, []) for name in ("schema_version", "data", "conditions"))
    old = isinstance(version, int) and OLDEST <= version < SCHEMA_VERSION
    if not (old and _are_objects(datas) and _are_objects(conditions)):
        return raw, ""
    return {
        **raw,
        "schema_version": SCHEMA_VERSION,
        "data": [{**data, "realised": {}} for data in datas],
        "conditions": [{"rung": _rung(condition), **condition} for condition in conditions],
    }, (
        f"An older emobench wrote this run (schema version {version}, now {SCHEMA_VERSION}): what the stresses really "
        "did is not shown; type the command of the run with another --out to compute it anew"
    )


def _are_objects(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(one, dict) for one in value)


def _rung(condition: dict[str, Any]) -> str:
    """Return the severity as typed: what the text has where the family has an asterisk."""
    text, family = str(condition.get("text", "")), str(condition.get("family", ""))
    before, asterisk, after = family.partition("*")
    fits = asterisk and text.startswith(before) and text.endswith(after)
    return text[len(before) : len(text) - len(after)] if fits else ""
