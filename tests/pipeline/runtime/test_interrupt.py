import os
import signal
import weakref

import pytest

from pipeline.runtime.console import say
from pipeline.runtime.interrupt import check_interrupt, remembered_interrupts


class Deleted:
    """What is interrupted while it is deleted, where Python drops the exception."""


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_an_interrupt_that_python_drops_ends_the_work_at_the_next_line_that_is_said():
    with remembered_interrupts():
        thing = Deleted()
        weakref.finalize(thing, os.kill, os.getpid(), signal.SIGINT)
        del thing
        with pytest.raises(KeyboardInterrupt):
            say("search: started")
        check_interrupt()  # one Ctrl-C ends the work once


def test_errors_are_said_after_an_interrupt_and_the_former_handler_comes_back(capsys):
    before = signal.getsignal(signal.SIGINT)
    with remembered_interrupts():
        with pytest.raises(KeyboardInterrupt):
            os.kill(os.getpid(), signal.SIGINT)
        say("stopped", "error")
    assert signal.getsignal(signal.SIGINT) is before
    check_interrupt()
    assert "error: stopped" in capsys.readouterr().err
