"""Claims of speed: how they are judged and kept, and that record, page and picture say the same."""

from datetime import date
from pathlib import Path
from xml.etree import ElementTree as ET

import claim_page
import claim_picture
import claim_record
import pytest
from claim_record import Record, Session, merged
from claims import Claim, Claims, Disturbance, Watch, as_text

from emobench.benchmark.latency import devices, reference
from emobench.benchmark.latency.interference import Snapshot

pytest_plugins = ["pytester"]

QUIET = Disturbance(busy=0.01, drift=0.02)
SVG = "{http://www.w3.org/2000/svg}"
SESSION = Session(
    day=date(2026, 1, 2),
    revision="abc",
    processor="Some processor",
    cores=2,
    memory="8 GiB",
    system="Linux x86_64",
    threads="1",
    load=(0.1, 1.25),
    minutes=12.5,
    versions={"Python": "3.11.7"},
)
HELD = Claim(name="statistics: ece", ratio=771.6, at_least=10, reference="a loop over netcal", measured=(0.05, 35))
MISSED = Claim(name="run: score", ratio=0.0502, at_most=0.05, reference="the first run", busy=1.5, drift=0.2)
RECORD = Record(sessions=(SESSION,), claims=(HELD, MISSED))


def claims(disturbance: Disturbance = QUIET) -> Claims:
    return Claims(lambda: disturbance)


@pytest.mark.parametrize(
    ("ratio", "asked", "shown", "holds"),
    [
        (5.0, {"at_least": 5.0}, "5.00", True),
        (4.9999, {"at_least": 5.0}, "4.9999", False),
        (4989.4, {"at_least": 50.0}, "4,989", True),
        (1.1, {"at_most": 1.1}, "1.10", True),
        (1.1004, {"at_most": 1.1}, "1.1004", False),
        (0.02196, {"at_most": 1.0}, "0.0220", True),
        (1.04, {"at_least": 0.95, "at_most": 1.05}, "1.04", True),
        (0.949, {"at_least": 0.95, "at_most": 1.05}, "0.949", False),
        (1.06, {"at_least": 0.95, "at_most": 1.05}, "1.06", False),
    ],
)
def test_a_ratio_is_judged_by_what_is_asked(ratio: float, asked: dict[str, float], shown: str, holds: bool) -> None:
    claim = Claim(
        name="a: b", ratio=ratio, reference="it", at_least=asked.get("at_least"), at_most=asked.get("at_most")
    )
    assert (claim.holds, claim.verdict) == (holds, "held" if holds else "FAILED")
    assert claim.shown == shown


def test_claims_fail_together_after_all_are_made() -> None:
    claim = claims()
    claim("a: slow", 3.0, at_most=2, reference="half", measured=(0.3, 0.1))
    claim("a: fine", 3.0, at_least=2, reference="half")
    claim("a: slower", 1.0, at_least=2, reference="half")
    claim("a: like it", 1.04, within=0.05, reference="it")
    claim("a: unlike it", 0.94, within=0.05, reference="it")
    slow = "a: slow: 3.00 where ≤ 2 is claimed, against half (0.3 s against 0.1 s)"
    slower = "a: slower: 1.00 where ≥ 2 is claimed, against half"
    with pytest.raises(AssertionError) as raised:
        claim.check()
    unlike = "a: unlike it: 0.940 where 0.95 – 1.05 is claimed, against it"
    assert str(raised.value).splitlines()[:3] == [slow, slower, unlike]


@pytest.mark.parametrize(
    ("name", "asked", "text"),
    [
        ("no topic", 1.0, "`topic: what` as the name of a claim, got 'no topic'"),
        ("a: b", None, "a: b: expected"),
    ],
)
def test_a_claim_says_of_what_and_how_much(name: str, asked: float | None, text: str) -> None:
    with pytest.raises(ValueError, match=text):
        claims()(name, 1.0, at_least=asked, reference="it")


@pytest.mark.parametrize(
    ("disturbance", "verdict"),
    [
        (QUIET, "held"),
        (Disturbance(busy=None, drift=0.0), "held"),
        (Disturbance(busy=0.4, drift=0.0), "held ~"),
        (Disturbance(busy=None, drift=0.11), "held ~"),
    ],
)
def test_what_disturbed_a_claim_stays_with_it(disturbance: Disturbance, verdict: str) -> None:
    claim = claims(disturbance)
    claim("a: b", 1.0, at_least=1, reference="it")
    assert claim.made[0].verdict == verdict
    assert (claim.made[0].busy, claim.made[0].drift) == disturbance


def test_the_work_of_others_is_counted_once(monkeypatch: pytest.MonkeyPatch) -> None:
    moments = iter(
        Snapshot(
            seconds=seconds,
            load=None,
            busy=busy,
            own=own,
            voluntary=0,
            involuntary=0,
            collections=0,
            of_processes={},
        )
        for seconds, busy, own in ((10.0, 100.0, 5.0), (20.0, 120.0, 11.0))
    )
    monkeypatch.setattr("claims.snapshot", lambda: next(moments))
    times = iter([1.0, 1.0, 1.0, 1.5, 1.5, 1.5])
    # 20 seconds of work in all, 6 of them of the tests and of what they started.
    assert Watch(lambda: next(times)).so_far() == Disturbance(busy=pytest.approx(1.4), drift=pytest.approx(0.4))


def test_the_table_is_eighty_columns_wide_and_names_what_failed() -> None:
    long = HELD.model_copy(update={"name": f"statistics: {'many words ' * 12}", "reference": "a loop " * 12})
    text = as_text([HELD, MISSED, long])
    assert max(map(len, text.splitlines())) <= 80
    head, *rows = [line for line in text.splitlines() if line and not set(line) <= {" ", "─"}]
    assert head.split() == ["claim", "ratio", "asked", "reference", "verdict"]
    assert rows[0].split() == ["statistics:", "ece", "772", "≥", "10", "a", "loop", "over", "netcal", "held"]
    assert any(" ".join(row.split()) == "run: score 0.0502 ≤ 0.05 the first run FAILED ~" for row in rows)
    flat = " ".join(text.split())
    assert "2 of 3 claims held." in flat
    assert "~ 1 of them measured while the machine did other work too." in flat
    sentence = "FAILED run: score: 0.0502 where ≤ 0.05 is claimed, against the first run; disturbed by other processes"
    assert f"{sentence}, 1.5 cores, drift of 20 %" in flat


def test_a_whole_session_replaces_the_record_and_a_part_only_its_claims() -> None:
    later = SESSION.model_copy(update={"revision": "def"})
    again = MISSED.model_copy(update={"ratio": 0.04})
    new = HELD.model_copy(update={"name": "run: new"})
    assert merged(RECORD, later, [again], whole=True) == Record(sessions=(later,), claims=(again,))
    part = merged(RECORD, later, [again, new], whole=False)
    assert part.sessions == (SESSION, later)
    assert [(claim.name, claim.ratio, claim.session) for claim in part.claims] == [
        ("statistics: ece", 771.6, 0),
        ("run: score", 0.04, 1),
        ("run: new", 771.6, 1),
    ]
    # Once nothing is left of a session, it is forgotten.
    last = merged(part, SESSION, [HELD], whole=False)
    assert last.sessions == (later, SESSION)
    assert [claim.session for claim in last.claims] == [1, 0, 0]


@pytest.fixture
def docs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a folder that record, page and picture are written to."""
    folder = tmp_path / "docs"
    folder.mkdir()
    monkeypatch.setattr(claim_record, "RECORD", folder / "record.json")
    monkeypatch.setattr(claim_page, "PAGE", folder / "page.md")
    monkeypatch.setattr(claim_page, "PICTURE", folder / "picture.svg")
    claim_page.PAGE.write_text(f"{claim_page.BEGIN}\n{claim_page.END}\n", encoding="utf-8")
    return folder


def test_a_record_comes_back_from_its_file(docs: Path) -> None:
    assert claim_record.read() == Record()
    claim_record.write(RECORD)
    assert claim_record.read() == RECORD


BENCH = """
def test_one(claim):
    claim("a: failed", 3.0, at_most=2, reference="half")
    claim("a: held", 3.0, at_least=2, reference="half")

def test_two(claim):
    claim("b: held", 0.5, at_most=1, reference="all")

def test_no_claim():
    pass
"""
BROKEN = """
def test_two(claim):
    raise RuntimeError
"""


@pytest.fixture
def bench(docs: Path, pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> pytest.Pytester:
    """Return a folder of three tests that measures as tests/bench does, but without an operation that never changes."""
    monkeypatch.setattr(reference, "reference_for", lambda device, stopwatch: lambda: 1.0)
    monkeypatch.setattr(devices, "stopwatch_for", lambda device: None)
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    pytester.makeconftest((Path(__file__).parent / "bench" / "conftest.py").read_text(encoding="utf-8"))
    pytester.makepyfile(test_bench=BENCH)
    return pytester


def test_a_session_shows_its_claims_and_writes_nothing_unasked(bench: pytest.Pytester, docs: Path) -> None:
    result = bench.runpytest_inprocess()
    result.assert_outcomes(passed=2, failed=1)
    result.stdout.fnmatch_lines(["*= speed claims =*", "*b: held*", "2 of 3 claims held.", "FAILED a: failed: 3.00*"])
    assert [path.name for path in docs.iterdir()] == ["page.md"]


def test_recording_measures_claims_alone_and_keeps_them(bench: pytest.Pytester, docs: Path) -> None:
    bench.runpytest_inprocess("--record").assert_outcomes(passed=1, failed=1, deselected=1)
    names = ["a: failed", "a: held", "b: held"]
    assert [claim.name for claim in claim_record.read().claims] == names
    assert "**2 of 3 claims held.**" in claim_page.PAGE.read_text(encoding="utf-8")
    assert "b: held: 0.500 (asked ≤ 1, held" in claim_page.PICTURE.read_text(encoding="utf-8")
    # One of them again, in a session of its own; then one that breaks off before it claims anything.
    bench.runpytest_inprocess("--record", "-k", "two").assert_outcomes(passed=1, deselected=2)
    assert [(claim.name, claim.session) for claim in claim_record.read().claims] == list(
        zip(names, (0, 0, 1), strict=True)
    )
    bench.makepyfile(test_other=BENCH.split("def test_two")[0].replace("a: ", "c: "))
    bench.runpytest_inprocess("--record", "test_other.py").assert_outcomes(failed=1)
    names = [claim.name for claim in claim_record.read().claims]
    assert names == ["a: failed", "a: held", "b: held", "c: failed", "c: held"], "a file is a part"
    bench.makepyfile(test_bench=BENCH.split("def test_two")[0] + BROKEN)
    bench.runpytest_inprocess("--record").assert_outcomes(failed=3)
    assert [claim.name for claim in claim_record.read().claims] == names


def test_speed_is_not_measured_side_by_side(bench: pytest.Pytester) -> None:
    result = bench.runpytest_inprocess("-p", "xdist", "-n", "2")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["*speed is measured one test at a time: leave out -n"])


def test_the_page_has_every_figure_of_the_record() -> None:
    page = claim_page.with_record(f"before\n{claim_page.BEGIN}\nold\n{claim_page.END}\nafter\n", RECORD)
    before, after = page.split("\n\n", 1)[0], page.rsplit("\n\n", 1)[1]
    assert (before, after) == (f"before\n{claim_page.BEGIN}", f"{claim_page.END}\nafter\n")
    assert "old" not in page
    assert "| ece | 772 | ≥ 10 | a loop over netcal | 0.05 s | 35 s | held |" in page
    assert "| score | 0.0502 | ≤ 0.05 | the first run | – | – | FAILED ~ | other processes, 1.5 cores, drift of" in page
    session = "2026-01-02, revision abc; Some processor, 2 cores, 8 GiB, Linux x86_64; OMP_NUM_THREADS 1; "
    assert f"{session}load 0.1 before and 1.2 after 12.5 minutes. Python 3.11.7." in page
    assert claim_page.with_record(page, RECORD) == page


def test_the_page_tells_sessions_apart_where_there_are_several() -> None:
    dark = SESSION.model_copy(update={"load": None, "revision": "", "threads": ""})
    text = claim_page.as_markdown(merged(RECORD, dark, [MISSED], whole=False))
    assert "Session 1: 2026-01-02, revision abc;" in text
    assert "Session 2: 2026-01-02, revision not known;" in text
    assert "OMP_NUM_THREADS not set. Python 3.11.7." in text
    assert "| held | 1 |" in text
    assert "drift of 20 % | 2 |" in text


def test_the_picture_says_in_words_what_it_shows() -> None:
    root = ET.fromstring(claim_picture.picture(RECORD))
    assert root.get("role") == "img"
    found = root.find(f"{SVG}desc")
    assert found is not None
    assert found.text == "statistics: ece: 772 (asked ≥ 10, held)\nrun: score: 0.0502 (asked ≤ 0.05, failed, disturbed)"
    drawn = {text.text for text in root.iter(f"{SVG}text")}
    assert {"ece", "772", "score", "0.0502", "asked", "held", "failed", "disturbed"} <= drawn
    assert claim_picture.picture(RECORD) == claim_picture.picture(RECORD)


def test_record_page_and_picture_of_the_project_agree() -> None:
    record = claim_record.read()
    assert record.claims
    assert len({claim.name for claim in record.claims}) == len(record.claims)
    page = claim_page.PAGE.read_text(encoding="utf-8")
    assert claim_page.with_record(page, record) == page
    words = ET.fromstring(claim_page.PICTURE.read_bytes()).find(f"{SVG}desc")
    assert words is not None
    assert words.text == claim_picture.in_words(record)
