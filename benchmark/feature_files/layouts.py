"""Layouts of feature files, and which of them a value has.

Fields are told by what they hold, in their order.

Sources: the training code that reads each layout, after which it is named.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from ..errors import DataError
from .fields import Field, Kind

ROBERTA = ("roberta1", "roberta2", "roberta3", "roberta4")
"""Four layers of one encoder, each 1024 wide."""
_SPEAKER_CODES = 9
"""Width of the one-hot vectors that MELD's and EmoryNLP's files name speakers by."""


@dataclass(frozen=True, eq=False)
class Layout:
    """The parts of a file, in their order, and how wide the vectors are."""

    name: str
    """Whose it is."""
    data: str
    """Name of the data set."""
    parts: tuple[str, ...]
    """`ids`, `speakers`, `labels`, `sentiments`, `sentences`, modalities, names of splits, `fitting` (training and
    validation) and `unused`."""
    widths: tuple[Mapping[str, int], ...] = ({},)
    """Per version of the files, the width of each modality."""

    def differs(self, fields: Sequence[Field]) -> str:
        """Return how fields differ from the parts, as one would say it; empty: they do not."""
        if len(fields) != len(self.parts):
            return f"{len(self.parts)} parts"
        for number, (part, field) in enumerate(zip(self.parts, fields, strict=True), start=1):
            if field.kind.sort not in self._sorts(part):
                return f"{' or '.join(self._sorts(part))} as part {number}, {part}"
        got = {part: field.kind.width for part, field in zip(self.parts, fields, strict=True)}
        if not any(all(got[part] == width for part, width in widths.items()) for widths in self.widths):
            options = " or ".join(", ".join(f"{part} {width}" for part, width in each.items()) for each in self.widths)
            return f"the widths {options}"
        return ""

    def _sorts(self, part: str) -> tuple[str, ...]:
        if part == "speakers":
            return ("texts",) if self.data == "iemocap" else ("vectors",)
        sorts: dict[str, tuple[str, ...]] = {
            "ids": ("texts", "numbers"),
            "labels": ("numbers",),
            "sentiments": ("numbers",),
            "sentences": ("texts",),
            "unused": ("texts", "numbers", "vectors", "names", "other"),
            **dict.fromkeys(("train", "validation", "test", "fitting"), ("names",)),
        }
        return sorts.get(part, ("vectors",))


_MMGCN = ("ids", "speakers", "labels", "text", "audio", "video", "sentences", "fitting", "test")
_M3NET = ("ids", "speakers", "labels", *ROBERTA, "audio", "video", "sentences", "fitting", "test")
_LISTS = ("train", "test", "validation")
"""The order of COSMIC's lists, which is not that in which splits are named elsewhere."""
_ROBERTA_WIDTHS = dict.fromkeys(ROBERTA, 1024)

LAYOUTS = (
    Layout(
        "IEMOCAP_features of MMGCN and DialogueRNN",
        "iemocap",
        _MMGCN,
        ({"text": 100, "audio": 1582, "video": 342}, {"text": 100, "audio": 100, "video": 512}),
    ),
    Layout(
        "MELD_features_raw1 of MMGCN",
        "meld",
        (*_MMGCN, "unused"),
        ({"speakers": _SPEAKER_CODES, "text": 600, "audio": 300, "video": 342},),
    ),
    Layout(
        "MELD_features_raw of DialogueRNN",
        "meld",
        ("ids", "speakers", "labels", "text", "audio", "sentences", "fitting", "test", "sentiments"),
        ({"speakers": _SPEAKER_CODES, "text": 600, "audio": 300},),
    ),
    Layout(
        "iemocap_multimodal_features of M3Net and SDT",
        "iemocap",
        _M3NET,
        ({**_ROBERTA_WIDTHS, "audio": 1582, "video": 342},),
    ),
    Layout(
        "meld_multimodal_features of M3Net and SDT",
        "meld",
        (*_M3NET, "unused"),
        ({"speakers": _SPEAKER_CODES, **_ROBERTA_WIDTHS, "audio": 300, "video": 342},),
    ),
    Layout(
        "iemocap_features_roberta of COSMIC",
        "iemocap",
        ("speakers", "labels", *ROBERTA, "sentences", *_LISTS),
        (_ROBERTA_WIDTHS,),
    ),
    Layout(
        "meld_features_roberta of COSMIC",
        "meld",
        ("speakers", "labels", "sentiments", *ROBERTA, "sentences", *_LISTS),
        ({"speakers": _SPEAKER_CODES, **_ROBERTA_WIDTHS},),
    ),
    Layout(
        "meld of COSMIC",
        "meld",
        ("speakers", "labels", "sentiments", "sentences", *_LISTS),
        ({"speakers": _SPEAKER_CODES},),
    ),
    Layout(
        "emorynlp of COSMIC",
        "emorynlp",
        ("speakers", "labels", "sentences", *_LISTS),
        ({"speakers": _SPEAKER_CODES},),
    ),
    Layout("iemocap of COSMIC", "iemocap", ("speakers", "labels", "sentences", *_LISTS)),
)
"""Files that are one tuple or list of parts."""

COGMEN = Layout(
    "data_iemocap of COGMEN",
    "iemocap",
    ("speakers", "labels", "text", "audio", "video", "sentences", "train", "validation", "test"),
    ({"text": 768, "audio": 100, "video": 512},),
)
"""A dictionary of three lists of records."""


def recognised(fields: Sequence[Field], *, path: object, layouts: Sequence[Layout] = LAYOUTS) -> Layout:
    """Return the layout that fields have.

    Raises
    ------
    DataError
        When they have none; says what was found, and what the nearest layout has instead.
    """
    differences = {layout: layout.differs(fields) for layout in layouts}
    for layout, difference in differences.items():
        if not difference:
            return layout
    near = [layout for layout, difference in differences.items() if not difference.endswith("parts")]
    nearest = f"; {near[0].name} would have {differences[near[0]]}" if near else ""
    raise DataError(
        f"{path}: expected one of the layouts of feature files that docs/feature_files.md lists, got "
        f"{len(fields)} parts: {', '.join(said(field.kind for field in fields))}{nearest}"
    )


def said(kinds: Iterator[Kind] | Sequence[Kind]) -> Iterator[str]:
    """Say what fields hold, those of one kind that follow each other together."""
    before, count = None, 0
    for kind in (*kinds, None):
        if before is not None and kind != before:
            yield f"{count} × {before}" if count > 1 else str(before)
            count = 0
        before, count = kind, count + 1
