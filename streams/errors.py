"""The one error that a user sees: a sentence, and an exit code."""

from __future__ import annotations


class UserError(Exception):
    """Bad input or a missing tool, told in one sentence: what, where, got, allowed, what to do.

    ``exit_code`` is 1 for bad data or a failed check and 2 for bad usage or configuration.

    >>> error = UserError("run.h5: got 3 streams, want 40: simulate the whole APA")
    >>> error.exit_code, str(error)
    (1, 'run.h5: got 3 streams, want 40: simulate the whole APA')
    """

    exit_code = 1


class ConfigError(UserError):
    """A configuration or command line that cannot be used (exit code 2)."""

    exit_code = 2
