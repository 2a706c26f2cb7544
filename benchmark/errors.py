"""The mistakes a user can make, each of them one line.

EmobenchError               printed without traceback, exit code 2
├── SpecError               a spec text cannot be read, or an argument is unknown or out of range
├── UnknownName             no such model, protocol, data set, metric, …
├── DataError               data that are missing, damaged, mislabelled or not what they claim to be
├── PredictionError         probabilities that are no probabilities
├── RunFolderError          a run folder that cannot be written, read or continued
├── NotApplicable           a part declines, and says why (a protocol on data it is not defined for, …)
└── MissingPackage          an optional package is needed: the message holds the line to type

Anything else that is raised is a fault of emobench and keeps its traceback.
"""

import difflib
from collections.abc import Iterable


class EmobenchError(Exception):
    """Root of all mistakes of the user: expected, got, and what to type, in one line."""


class SpecError(EmobenchError, ValueError):
    """A spec text that cannot be read, or an argument that is unknown or out of range."""


class UnknownName(EmobenchError, LookupError):  # noqa: N818 (reads as what happened)
    """A name that no registry holds; the message lists the near ones."""

    def __init__(self, kind: str, name: str, known: Iterable[str]) -> None:
        """Say that `name` is no `kind` (singular, spelled out) and what it may have meant."""
        super().__init__(f"unknown {kind} {name!r}; {suggestion(name, known)}")


class DataError(EmobenchError, ValueError):
    """Data that are missing, damaged, mislabelled or not what they claim to be."""


class PredictionError(EmobenchError, ValueError):
    """Probabilities that are no probabilities; the message names the first bad row."""


class RunFolderError(EmobenchError, OSError):
    """A run folder that cannot be written, read or continued."""


class NotApplicable(EmobenchError, ValueError):  # noqa: N818 (reads as what happened)
    """A part declines, and says why: a protocol on data it is not defined for, a posterior that is not known."""


class MissingPackage(EmobenchError, ImportError):  # noqa: N818 (reads as what happened)
    """An optional package is needed; the message holds the line to type."""


def suggestion(name: str, known: Iterable[str]) -> str:
    """Return `did you mean 'x'?` for the names near to `name`, or the list of all known ones.

    Examples
    --------
    >>> suggestion("rage_fuson", ["rage_fusion", "prior"])
    "did you mean 'rage_fusion'?"
    >>> suggestion("xyz", ["rage_fusion", "prior"])
    'known: prior, rage_fusion'
    """
    candidates = sorted(known)
    near = difflib.get_close_matches(name, candidates, n=3, cutoff=0.6)
    if near:
        return f"did you mean {' or '.join(repr(candidate) for candidate in near)}?"
    return f"known: {', '.join(candidates) or 'none'}"
