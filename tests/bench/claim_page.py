"""The page of the record: its tables stand in docs/benchmarks.md, its picture beside it.

`tox -e bench -- --record` writes both; `python tests/bench/claim_page.py` writes them again from docs/benchmarks.json,
measuring nothing.
"""

from collections.abc import Iterator
from itertools import chain

from claim_picture import picture
from claim_record import DOCS, Record, Session, read
from claims import Claim, by_topic, said_of

PAGE, PICTURE = DOCS / "benchmarks.md", DOCS / "benchmarks.svg"
BEGIN, END = "<!-- record: written by tests/bench/claim_page.py -->", "<!-- end of record -->"


def write() -> None:
    """Write the page's tables and the picture from the record."""
    record = read()
    PAGE.write_text(with_record(PAGE.read_text(encoding="utf-8"), record), encoding="utf-8")
    PICTURE.write_bytes(picture(record))


def with_record(page: str, record: Record) -> str:
    """Return a page with what stands between its marks replaced by the record."""
    before, rest = page.split(BEGIN)
    after = rest.split(END)[1]
    return f"{before}{BEGIN}\n\n{as_markdown(record)}\n\n{END}{after}"


def as_markdown(record: Record) -> str:
    """Return how many held, the sessions, and a table for each topic."""
    held = sum(claim.holds for claim in record.claims)
    tables = ("\n".join(_table(topic, claims, record)) for topic, claims in by_topic(record.claims).items())
    return "\n\n".join(chain([f"**{held} of {len(record.claims)} claims held.**"], _sessions(record), tables))


def _sessions(record: Record) -> Iterator[str]:
    for number, session in enumerate(record.sessions, 1):
        start = f"Session {number}: " if len(record.sessions) > 1 else ""
        yield f"{start}{_session(session)}"


def _session(session: Session) -> str:
    facts = [
        f"{session.day.isoformat()}, revision {session.revision or 'not known'}",
        f"{session.processor}, {session.cores} cores, {session.memory}, {session.system}",
        f"OMP_NUM_THREADS {session.threads or 'not set'}",
    ]
    if session.load:
        facts.append(f"load {session.load[0]:.1f} before and {session.load[1]:.1f} after {session.minutes:g} minutes")
    versions = ", ".join(f"{name} {version}" for name, version in session.versions.items())
    return f"{'; '.join(facts)}. {versions}."


def _table(topic: str, claims: list[Claim], record: Record) -> Iterator[str]:
    several, disturbed = len(record.sessions) > 1, any(claim.disturbed for claim in claims)
    yield f"### {topic[:1].upper()}{topic[1:]}\n"
    more = " disturbed by |" * disturbed + " session |" * several
    yield f"| claim | ratio | asked | against | ours | the reference | |{more}"
    yield f"|---|---:|---|---|---:|---:|---|{'---|' * disturbed}{'---:|' * several}"
    for claim in claims:
        ours, theirs = (f"{value:.3g} {claim.unit}" for value in claim.measured) if claim.measured else ("–", "–")
        name = claim.name.removeprefix(f"{claim.topic}: ")
        cells = [name, claim.shown, claim.asked, claim.reference, ours, theirs, claim.verdict]
        cells += [said_of(claim)] * disturbed + [str(claim.session + 1)] * several
        yield f"| {' | '.join(cells)} |"


if __name__ == "__main__":
    write()
