"""References hold what the descriptions of plug-ins say, and nothing else."""

import ast
import re
from pathlib import Path

import pytest

import emobench
from emobench.benchmark.run_folder import RunFolder
from emobench.reports.gathering import read
from emobench.reports.references import Reference, all_references, bibtex, cited, keys_of, used_names

ROOT = Path(emobench.__file__).parent
OWN = ("emobench", "sure", "rage_fusion", "mister_e")


def descriptions() -> str:
    """All docstrings of modules of the package, on one line."""
    folders = ("baselines", "protocols", "benchmark")
    paths = [path for folder in folders for path in sorted((ROOT / folder).rglob("*.py"))]
    found = [ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or "" for path in paths]
    return " ".join(" ".join(found).split())


def test_titles_authors_and_years_are_those_of_the_descriptions() -> None:
    text = descriptions()
    for one in all_references():
        if one.key not in OWN:
            assert one.fields["title"].lower() in text.lower(), one.key
            for name in one.fields["author"].split(" and "):
                assert name.strip("{}") in text or name == "others", one.key
            assert one.fields.get("year", "") in text, one.key
    assert not [one.key for one in all_references() if {"doi", "pages", "url"} & one.fields.keys()]


def test_what_is_cited_exists() -> None:
    names = {path.stem for path in ROOT.rglob("*.py")}
    papers = {"rage-fusion", "mister-e"}
    for one in all_references():
        assert set(one.cites) <= names | papers, one.key


def test_a_run_cites_what_it_used(plain: RunFolder) -> None:
    run = read(plain)
    assert {"rage_fusion", "bayes_optimal", "simulated", "modality_drop", "ece"} <= used_names(run)
    keys = [one.key for one in cited(run, compared=False)]
    assert {"emobench", "rage_fusion", "rabiner1989", "guo2017", "naeini2015", "efron1987"} <= set(keys)
    assert not {"hu2021", "benjamini1995"} & set(keys)
    assert "benjamini1995" in [one.key for one in cited(run, compared=True)]
    assert keys_of(["m3net:preset=paper+cmerc"], all_references()) == ("chen2023", "tu2024")


@pytest.mark.parametrize(
    ("fields", "kind", "item"),
    [
        (
            {"author": "A and B and {C D}", "title": "On MELD", "journal": "J", "volume": "3", "year": "1999"},
            "article",
            r"\bibitem{k} A, B and C D. On MELD. J, 3, 1999.",
        ),
        ({"author": "A and others", "title": "It", "booktitle": "X"}, "inproceedings", r"\bibitem{k} A et al. It. X."),
        ({"title": "SURE"}, "misc", r"\bibitem{k} SURE."),
    ],
)
def test_entries_are_written(fields: dict[str, str], kind: str, item: str) -> None:
    one = Reference("k", (), fields)
    assert one.bibtex.startswith(f"@{kind}{{k,\n")
    assert one.item == item
    assert ("key = {{SURE}}" in one.bibtex or "key = {SURE}" in one.bibtex) == ("author" not in fields)


def test_names_of_systems_keep_their_capitals() -> None:
    text = bibtex(all_references())
    assert "title = {{DialogueRNN:} an attentive {RNN} for emotion" in text
    assert "{Candès}" not in text
    assert len(re.findall(r"^@", text, flags=re.MULTILINE)) == len(all_references())
