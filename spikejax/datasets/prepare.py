"""An alias: `python -m spikejax.datasets.prepare ...` runs `spikejax prepare ...`."""

import sys

from spikejax.cli import main

if __name__ == "__main__":
    main(["prepare", *sys.argv[1:]])
