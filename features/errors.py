"""Errors a person can act on. The command line prints them without a traceback."""


class WinnowError(Exception):
    """Base of all errors whose message names the place and the remedy."""

    exit_code = 1


class ConfigError(WinnowError):
    """The config asks for something that cannot be."""

    exit_code = 2


class DataError(WinnowError):
    """The data is not what the config says it is."""

    exit_code = 3


# What is said where a command was stopped and no place more exact is known.
STOPPED = "stopped; run the same command again to go on from what is done"


class StoppedError(WinnowError):
    """A person or the machine's scheduler ended the job; what is done is kept."""

    exit_code = 130


class TrainingError(WinnowError):
    """A training cannot begin or go on; the message names the step, the table or the worker."""
