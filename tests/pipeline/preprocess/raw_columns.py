"""Raw columns as parsing gives them to counting, and keys for their rows."""

import numpy as np
import pyarrow as pa

from pipeline.preprocess.row_keys import RowKeys
from pipeline.raw.hashing import mix


def keys(rows):
    return RowKeys(mix(np.arange(rows, dtype=np.uint64) + np.uint64(99)))


def table(**columns):
    arrays = {name: pa.array(values) for name, values in columns.items()}
    coded = (pa.types.is_string, pa.types.is_integer)
    return pa.table({n: a.dictionary_encode() if any(is_(a.type) for is_ in coded) else a for n, a in arrays.items()})
