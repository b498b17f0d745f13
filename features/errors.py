"""Errors a person can act on. The command line prints them without a traceback."""


class WinnowError(Exception):
    """Base of all errors whose message says where the problem is and what to do about it."""

    # Exit codes differ by kind of error, so that a scheduler can tell a wrong config from wrong data without reading logs.
    exit_code = 1


class ConfigError(WinnowError):
    """The config asks for something that cannot be."""

    exit_code = 2


class DataError(WinnowError):
    """The data is not what the config says it is."""

    exit_code = 3


# The message where a command was stopped and it is not known at which step.
STOPPED = "stopped; run the same command again to go on from what is done"


class StoppedError(WinnowError):
    """A person or the machine's scheduler ended the job; what is done is kept."""

    exit_code = 130  # as shells say it of a command that was interrupted: 128 and the number of the signal


class TrainingError(WinnowError):
    """A training cannot begin or cannot go on; the message names the step, the table or the worker."""
