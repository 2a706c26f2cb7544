"""The mistakes a user can make, each of them one line.

EmobenchError               printed without traceback, exit code 2
├── SpecError               a spec text cannot be read, or an argument is unknown or out of range
├── UnknownName             no such model, protocol, data set, metric, …
├── DataError               data that are missing, damaged, mislabelled or not what they claim to be
├── PredictionError         probabilities that are no probabilities
├── RunFolderError          a run folder that cannot be written, read or continued
├── NotApplicable           a part declines, and says why (a protocol on data it is not defined for, …)
├── TooManyFailures         more cells failed than a run lets pass
├── ClusterError            a cluster that cannot be reached, or whose machines cannot be used
└── MissingPackage          an optional package is needed: the message holds the line to type

Anything else that is raised is a fault of emobench and keeps its traceback.
"""

import difflib
import re
from collections.abc import Iterable

LONGEST = 2_000
"""Characters of a message; of a longer one the middle is left out."""
_BREAK = re.compile(r"\s*[\n\r\v\f\x1c-\x1e\x85\u2028\u2029]\s*")


class EmobenchError(Exception):
    """Root of all mistakes of the user: expected, got, and what to type, in one line.

    What it says may hold pieces of a file from anywhere. As text it is one line of characters that can be printed,
    whatever they are: none moves the cursor, colours a terminal or begins another line.
    """

    def __str__(self) -> str:
        """Return the message."""
        return one_line(super().__str__())


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


class TooManyFailures(EmobenchError):  # noqa: N818 (reads as what happened)
    """More cells of a run have failed than it lets pass; what was done is kept."""


class ClusterError(EmobenchError, ConnectionError):
    """A cluster that cannot be reached, or whose machines cannot be used."""


class MissingPackage(EmobenchError, ImportError):  # noqa: N818 (reads as what happened)
    """An optional package is needed; the message holds the line to type."""


def one_line(text: str) -> str:
    r"""Return a text as one line: what cannot be printed as Python would write it, of a long one begin and end.

    Examples
    --------
    >>> one_line("a\n  b\x1b[2J")
    'a b\\x1b[2J'
    """
    if not text.isprintable():
        text = "".join(
            letter if letter.isprintable() else letter.encode("unicode_escape", "surrogatepass").decode("ascii")
            for letter in _BREAK.sub(" ", text)
        )
    half = LONGEST // 2
    return text if len(text) <= LONGEST else f"{text[:half]} … {text[-half:]}"


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
