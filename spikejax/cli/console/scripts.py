"""Shared parts of `train.py` and `eval.py`: flags, exit codes, one line per error."""

import importlib.metadata
import os
import sys
from typing import NoReturn

_FLAG = "--xla_cpu_experimental_ynn_fusion_type=-individual_convolution"


def speed_up_gradients() -> None:
    """Selects XLA's faster weight gradients of convolutions on CPU.

    Training steps on CPU take up to half the time. Call it before JAX computes anything. Only
    JAX 0.10 has this flag; other versions abort on it.
    """
    if importlib.metadata.version("jaxlib").startswith("0.10."):
        flags = os.environ.get("XLA_FLAGS", "")
        if "ynn_fusion_type" not in flags:
            os.environ["XLA_FLAGS"] = f"{flags} {_FLAG}".strip()


def end(program: str, status: int, reason: object) -> NoReturn:
    """Exits with one line that gives the reason.

    Args:
        program: its name.
        status: the exit code.
        reason: the value that came and what was expected.
    """
    print(f"{program}:", " ".join(str(reason).split()), file=sys.stderr)
    sys.exit(status)


def lacks(program: str, missing: ImportError) -> NoReturn:
    """Exits because a library of the extra `train` is not installed.

    Args:
        program: its name.
        missing: the exception of the import.
    """
    end(
        program,
        2,
        f"needs {missing.name}; install the training libraries: pip install 'spikejax[train]'",
    )


def parse(program: str, arguments: list[str]) -> list[str]:
    """Parses the absl flags; exits with one line on an unknown flag or configuration field.

    Args:
        program: its name.
        arguments: the command line, the program first.

    Returns:
        The arguments that are no flags.
    """
    from absl import flags

    try:
        return flags.FLAGS(arguments)
    except AttributeError as error:
        end(program, 2, f"the configuration has no field {error}")
    except (flags.Error, KeyError, TypeError, ValueError) as error:
        end(program, 2, error)
