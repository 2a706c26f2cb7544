"""The protocol of a run in prose."""

from collections.abc import Callable
from pathlib import Path

from test_comparisons import one, write

from emobench.benchmark.run_folder import RunFolder
from emobench.reports.comparisons import comparisons_of
from emobench.reports.gathering import read
from emobench.reports.methods import methods
from emobench.reports.references import cited

Maker = Callable[..., RunFolder]


def said(folder: RunFolder, *, compared: bool = False) -> str:
    run, comparisons = read(folder), comparisons_of(folder) if compared else None
    text = methods(run, cited(run, compared=compared), comparisons)
    return text.replace(r"\allowbreak{}", "")


def test_it_states_the_protocol(plain: RunFolder) -> None:
    text = said(plain)
    for piece in (
        r"We use simulated conversations \texttt{simulated}~\cite{poria2019}",
        "120 dialogues with",
        r"SHA-256): \texttt{" + "ab12" * 16 + "}",
        "text features were fitted on the training labels",
        r"\texttt{rage\_fusion}~\cite{rage_fusion}",
        r"\texttt{bayes\_optimal}~\cite{rabiner1989}, the exact posterior",
        "trained with 2 seeds (0, 1)",
        "the epoch that scores best on the validation split is kept",
        r"\texttt{modality\_drop:rate=0.7}",
        "Stresses are drawn from seed 0, and all models",
        r"\emph{ECE}~\cite{guo2017,naeini2015,davison1997,efron1981}: expected calibration error: distance between "
        "confidence and accuracy over 15 equal bins. 15 bins.",
        r"\emph{Weighted F1}: F1 of each class",
        r"10,000 draws~\cite{efron1987}",
        "emobench 0.1.0, revision 0123456789ab",
        "Python 3.11.7, numpy 2.4.6; device: cpu",
        "Run of 2030-01-02",
    ):
        assert piece in text, piece
    assert "adjusted" not in text


def test_it_says_what_was_drawn_and_what_failed(stressed: RunFolder, hostile: RunFolder) -> None:
    text = said(stressed)
    assert "Each model is trained once (seed 0); what another training would change is not known." in text
    assert "each that depends on chance 3 times" in text
    assert r"One after the other: \texttt{noise:snr\_db=5+modality\_drop:rate=0.3}." in text
    assert r"\texttt{context\_removal}~\cite{tu2024}" in text
    assert "2 of the trainings and predictions asked for were not computed" in said(hostile)


def test_it_tells_of_selection_on_test_of_overlaps_and_of_comparisons(tmp_path: Path, make_run: Maker) -> None:
    folder = make_run(
        tmp_path, data=("mosi",), models=("rage_fusion",), selection="test", only=("clean",), dialogues=20,
        metrics=("accuracy",),
    )  # fmt: skip
    record = folder.read_record()
    data = record.data[0].model_copy(update={"overlaps": ("3 texts stand in two splits",), "leaks": ()})
    changes = {"data": (data,), "metrics": ("accuracy", "ece:bins=10,norm=2", "own_metric"), "git_revision": ""}
    folder.write_record(record.model_copy(update=changes))
    write(folder, [one()])
    text = said(folder, compared=True)
    for piece in (
        r"We use the data set \texttt{mosi}~\cite{zadeh2016,poria2017}",
        "The splits overlap: 3 texts stand in two splits.",
        "As this is the split that is scored, figures are too good.",
        "All figures are of the input as recorded.",
        r"\emph{ECE} (\texttt{norm=2})",
        "10 bins.",
        r"\texttt{own\_metric}: as its plug-in defines it.",
        r"comparisons to a false discovery rate~\cite{benjamini1995}; level 95~\%, margin of equivalence 0.01.",
        r"emobench 0.1.0~\cite{emobench}",
    ):
        assert piece in text, piece
    assert "jackknife" not in text, "there is no calibration error in it"
    assert "Known of these data" not in text


def test_training_is_left_out_where_there_was_none(tmp_path: Path, make_run: Maker) -> None:
    folder = make_run(tmp_path, models=("prior",), only=("clean",), dialogues=20, seeds=(0,))
    text = said(folder)
    assert "epoch" not in text
    assert "ceiling" not in text


def test_what_is_in_no_list_of_references_is_not_cited(plain: RunFolder) -> None:
    text = methods(read(plain), ())
    assert r"\cite{poria2019}" not in text
    assert "jackknife's;" in text
