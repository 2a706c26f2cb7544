"""Bytes and texts that are left in the pickle; a token stands in their place while it is read.

The unpickler would copy them, and keep each copy to its end, as pickles remember all they hold. No pickle can hold a
token itself: it is drawn anew for each file.
"""

import mmap
import secrets
from collections.abc import Sequence

LEAVE = 256
"""Bytes that are left: from this length on."""
_SECRET = 16


class LeftBytes:
    """Gives tokens for pieces of a pickle, and says what they stand for."""

    def __init__(self, pickle: mmap.mmap) -> None:
        """Take the whole pickle."""
        self._pickle = memoryview(pickle)
        self._secret = secrets.token_hex(_SECRET // 2)
        self._secret_bytes = self._secret.encode()
        self._starts: list[int] = []
        self._lengths: list[int] = []
        self._are_utf8: list[bool] = []

    @property
    def size(self) -> int:
        """Bytes of the whole pickle."""
        return len(self._pickle)

    def tokens(self, starts: Sequence[int], length: int, *, is_utf8: bool) -> list[bytes]:
        """Return what stands for pieces of the pickle: 32 letters and digits each.

        Parameters
        ----------
        starts
            Where each piece begins.
        length
            Bytes of each.
        is_utf8
            Whether they are text in UTF-8; else they are bytes, or text of one byte per character.
        """
        first = len(self._starts)
        self._starts += starts
        self._lengths += [length] * len(starts)
        self._are_utf8 += [is_utf8] * len(starts)
        return [b"%b%016x" % (self._secret_bytes, number) for number in range(first, len(self._starts))]

    def find_all(self, values: Sequence[str | bytes | bytearray], length: int) -> list[int] | None:
        """Return where pieces begin that stand for values of that length; None: not all of them do, as they are."""
        secrets_of = self._secret, self._secret_bytes
        numbers = [int(value[_SECRET:], 16) for value in values if value[:_SECRET] in secrets_of]
        if len(numbers) < len(values) or {*map(self._lengths.__getitem__, numbers)} != {length}:
            return None
        if any(map(self._are_utf8.__getitem__, numbers)):
            return None
        return [*map(self._starts.__getitem__, numbers)]

    def text(self, value: str) -> str:
        """Return the text that a text stands for."""
        number = self._number(value)
        if number is None:
            return value
        return self._decoded(number) if self._are_utf8[number] else str(self._piece(number), "latin-1")

    def content(self, value: str | bytes | bytearray) -> bytes:
        """Return the bytes that a value stands for; text means those of its characters, as in Python 2."""
        number = self._number(value)
        if number is None:
            return value.encode("latin-1") if isinstance(value, str) else bytes(value)
        return self._decoded(number).encode("latin-1") if self._are_utf8[number] else bytes(self._piece(number))

    def _number(self, value: str | bytes | bytearray) -> int | None:
        """Return the number of the piece that a value stands for; None: it stands for itself."""
        if value[:_SECRET] not in (self._secret, self._secret_bytes):
            return None
        return int(value[_SECRET:], 16)

    def _decoded(self, number: int) -> str:
        return str(self._piece(number), "utf-8", "surrogatepass")

    def _piece(self, number: int) -> memoryview:
        start = self._starts[number]
        return self._pickle[start : start + self._lengths[number]]
