"""What `train.py` and `eval.py` share: whatever is wrong with their arguments is one line."""

import importlib.metadata
import os
import sys
from typing import NoReturn

_FLAG = "--xla_cpu_experimental_ynn_fusion_type=-individual_convolution"


def speed_up_gradients() -> None:
    """Has XLA compute convolutions on processors in the way whose weight gradients are fast.

    It makes training steps there up to twice as fast. To be called before JAX computes anything;
    JAX 0.10 alone has this choice, and others end when they are given it.
    """
    if importlib.metadata.version("jaxlib").startswith("0.10."):
        given = os.environ.get("XLA_FLAGS", "")
        if "ynn_fusion_type" not in given:
            os.environ["XLA_FLAGS"] = f"{given} {_FLAG}".strip()


def end(program: str, status: int, reason: object) -> NoReturn:
    """Leaves with one line that says why.

    Args:
        program: its name.
        status: the exit code.
        reason: what came, what was expected.
    """
    print(f"{program}:", " ".join(str(reason).split()), file=sys.stderr)
    sys.exit(status)


def lacks(program: str, missing: ImportError) -> NoReturn:
    """Leaves because a library of the extra `train` is not installed.

    Args:
        program: its name.
        missing: what was raised.
    """
    end(program, 2, f"needs {missing.name}; install what trains: pip install 'spikejax[train]'")


def parse(program: str, arguments: list[str]) -> list[str]:
    """Reads the flags of absl; one that does not exist, or a field of a configuration, is one line.

    Args:
        program: its name.
        arguments: of the command line, the program first.

    Returns:
        What is left of them.
    """
    from absl import flags

    try:
        return flags.FLAGS(arguments)
    except AttributeError as error:
        end(program, 2, f"the configuration has no field {error}")
    except (flags.Error, KeyError, TypeError, ValueError) as error:
        end(program, 2, error)
