"""Names that users choose, of data sets and of modalities: words that can stand in spec texts and file names."""

from ..errors import SpecError


def is_word(name: str) -> bool:
    """Return whether a name has nothing but letters (of ASCII), digits and underscores, and no digit first."""
    return name.isidentifier() and name.isascii()


def require_word(data: str, name: str) -> None:
    """Raise SpecError where the argument `name` of a data set is no word."""
    if not is_word(name):
        raise SpecError(f"{data}: expected a name of letters, digits and underscores, got {name!r}")
