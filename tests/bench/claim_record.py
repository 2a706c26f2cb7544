"""The record of the last figures, docs/benchmarks.json: claims, and the sessions and machines they were measured in."""

import os
import subprocess
from collections.abc import Iterable
from datetime import date
from pathlib import Path
from typing import Literal

from claims import Claim
from pydantic import BaseModel, ConfigDict

from emobench.benchmark.provenance import hardware, versions

DOCS = Path(__file__).parents[2] / "docs"
RECORD = DOCS / "benchmarks.json"


class Session(BaseModel):
    """When and on what claims were measured."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    day: date
    revision: str
    """Of the checkout, `+` if it was changed; empty: not known."""
    processor: str
    cores: int
    memory: str
    system: str
    threads: str
    """What OMP_NUM_THREADS was; empty: not set."""
    load: tuple[float, float] | None
    """Mean length of the machine's queue over a minute, before and after; None: the system does not tell."""
    minutes: float
    """Length of the session."""
    versions: dict[str, str]


class Record(BaseModel):
    """The last figures of every claim."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    version: Literal[1] = 1
    sessions: tuple[Session, ...] = ()
    claims: tuple[Claim, ...] = ()


def load_now() -> float | None:
    """Return the mean length of the machine's queue over the last minute; None: the system does not tell."""
    return os.getloadavg()[0] if hasattr(os, "getloadavg") else None


def session_now(day: date, before: float | None, minutes: float) -> Session:
    """Return what is known of a session that ends now, before which the load was `before`."""
    known, after = hardware("cpu"), load_now()
    return Session(
        day=day,
        revision=_revision(),
        processor=known["processor"],
        cores=int(known["cores"]),
        memory=known["memory"],
        system=known["system"],
        threads=os.environ.get("OMP_NUM_THREADS", ""),
        load=None if before is None or after is None else (round(before, 2), round(after, 2)),
        minutes=round(minutes, 1),
        versions=versions(),
    )


def read() -> Record:
    """Return the record; an empty one where there is no file."""
    return Record.model_validate_json(RECORD.read_bytes()) if RECORD.exists() else Record()


def write(record: Record) -> None:
    """Write a record as text that shows line by line what changed."""
    RECORD.write_text(record.model_dump_json(indent=2, exclude_defaults=True) + "\n", encoding="utf-8")


def merged(record: Record, session: Session, claims: Iterable[Claim], *, whole: bool) -> Record:
    """Return the record with the claims of a session.

    Parameters
    ----------
    whole
        Whether all claims of the project were measured: then only these stay. Otherwise those of the same names are
        replaced where they stand, others keep their session, and new ones come last.
    """
    new = {claim.name: claim for claim in claims}
    if whole:
        return Record(sessions=(session,), claims=tuple(new.values()))
    sessions = [*record.sessions, session]
    here = {name: claim.model_copy(update={"session": len(record.sessions)}) for name, claim in new.items()}
    kept = {claim.name: claim for claim in record.claims} | here
    used = sorted({claim.session for claim in kept.values()})
    place = {old: number for number, old in enumerate(used)}
    return Record(
        sessions=tuple(sessions[old] for old in used),
        claims=tuple(claim.model_copy(update={"session": place[claim.session]}) for claim in kept.values()),
    )


def _revision() -> str:
    """Return the revision of the checkout these tests are in: the package itself may be installed elsewhere."""
    words = ["git", "-C", str(DOCS), "describe", "--always", "--dirty=+", "--abbrev=12", "--exclude=*"]
    try:
        return subprocess.run(words, capture_output=True, text=True, timeout=5, check=True).stdout.strip()
    except (OSError, subprocess.SubprocessError):
        return ""
