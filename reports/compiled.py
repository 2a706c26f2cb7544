"""Templates as they were compiled before, in the user's cache: that takes a third of a second of every page."""

import hashlib
import sys

from jinja2.bccache import Bucket, BytecodeCache

from ..benchmark.home import cache_folder
from .kept import Kept, code

MOST = 300
"""Templates that are kept, 5 MB."""


class Compiled(BytecodeCache):
    """The cache of one kind of environment.

    What is compiled depends on more than the template: filters of constants are computed then, so all code counts.
    """

    def __init__(self, kind: str) -> None:
        """Keep what tells this environment from others: its options, and how it shows values."""
        self._kept = Kept(cache_folder() / "templates", MOST)
        self._kind = f"{kind} {sys.implementation.cache_tag} {code('jinja2', 'markupsafe')}"

    def load_bytecode(self, bucket: Bucket) -> None:
        """Fill a bucket with what was kept; not, where there is nothing or the template has changed."""
        content = self._kept.read(self._name(bucket))
        if content is not None:
            bucket.bytecode_from_string(content)

    def dump_bytecode(self, bucket: Bucket) -> None:
        """Keep what was compiled."""
        self._kept.keep(self._name(bucket), bucket.bytecode_to_string())
        self._kept.prune()

    def _name(self, bucket: Bucket) -> str:
        parts = (self._kind, bucket.key, bucket.checksum)
        return f"{hashlib.sha256(chr(0).join(parts).encode()).hexdigest()}.bin"
