"""The `spikejax` command: a file a sub-command, no arithmetic.

Nothing heavy is imported before a sub-command runs, so that `spikejax --help` answers at once.
"""

from spikejax.cli.application import app, main

__all__ = ["app", "main"]
