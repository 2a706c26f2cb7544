"""All that emobench reads from elsewhere, by name."""

from fuzz_array_readers import ARRAY_READERS
from fuzz_inputs import Reader
from fuzz_pickle_readers import PICKLE_READERS
from fuzz_run_readers import RUN_READERS
from fuzz_table_readers import TABLE_READERS
from fuzz_text_readers import TEXT_READERS
from fuzz_typed_readers import TYPED_READERS

READERS: dict[str, Reader] = {
    reader.name: reader
    for reader in (*PICKLE_READERS, *TABLE_READERS, *TYPED_READERS, *TEXT_READERS, *ARRAY_READERS, *RUN_READERS)
}
