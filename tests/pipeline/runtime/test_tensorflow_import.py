import os
import subprocess
import sys

import pytest

from features.errors import DataError
from pipeline.runtime.tensorflow_import import loading_tensorflow


def test_while_tensorflow_is_imported_the_libraries_lines_are_lost_but_not_those_of_python():
    script = (
        "import os, sys\n"
        "from pipeline.runtime.tensorflow_import import loading_tensorflow\n"
        "with loading_tensorflow():\n"
        "    print('counted', file=sys.stderr)\n"
        "    os.write(2, b'a library\\n')\n"
        "assert 'tensorflow_transform' in sys.modules\n"
        "print('done', file=sys.stderr)\n"
        "os.write(2, b'a library again\\n')\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stderr.splitlines() == ["counted", "done", "a library again"]


def test_an_error_while_tensorflow_is_imported_leaves_stderr_as_it_was():
    before = sys.stderr, os.fstat(2)
    with pytest.raises(DataError, match="a row"), loading_tensorflow():
        raise DataError("a row")
    assert (sys.stderr, os.fstat(2).st_ino) == (before[0], before[1].st_ino)
