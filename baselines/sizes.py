"""How large models are: numbers of parameters for model cards, by preset and the features they are for. No plug-in."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Size:
    """Number of parameters, and what it hangs on."""

    parameters: int
    """Those of the network, trained or not."""
    data: str
    """Name of the data set for people."""
    widths: Mapping[str, int]
    """Width of the features per modality."""
    classes: int
    """Number of classes."""
    speakers: int
    """Largest number of speakers in a dialogue."""


def on_simulated(parameters: int) -> Size:
    """Return the size on the simulated data with default arguments."""
    return Size(parameters, "simulated", {"text": 64, "audio": 32, "video": 32}, 7, 4)


def on_iemocap(parameters: int, **widths: int) -> Size:
    """Return the size on IEMOCAP with features of these widths."""
    return Size(parameters, "IEMOCAP", widths, 6, 2)


def on_meld(parameters: int, **widths: int) -> Size:
    """Return the size on MELD with features of these widths."""
    return Size(parameters, "MELD", widths, 7, 9)
