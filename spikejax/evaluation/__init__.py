"""Evaluation of methods on recordings with true images: scores, costs, tables and a page.

The names load on first use, so that `spikejax.evaluation.data_spec` does not load JAX.
"""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from spikejax.evaluation.candidates import Candidate, make_candidates
    from spikejax.evaluation.cost import Cost, measure_cost
    from spikejax.evaluation.cost_comparison import cost_table, method_cost
    from spikejax.evaluation.data_spec import DataSpec
    from spikejax.evaluation.published import PUBLISHED, Published
    from spikejax.evaluation.run import BY_RATE, FILES, evaluate
    from spikejax.evaluation.samples import (
        Sample,
        Samples,
        paired_samples,
        prepared_samples,
        synthetic_samples,
    )
    from spikejax.evaluation.scoring import Score, Summary, score_samples
    from spikejax.evaluation.table import Table

_HOME = {
    "Candidate": "candidates",
    "Cost": "cost",
    "DataSpec": "data_spec",
    "BY_RATE": "run",
    "FILES": "run",
    "PUBLISHED": "published",
    "Published": "published",
    "Sample": "samples",
    "Samples": "samples",
    "Score": "scoring",
    "Summary": "scoring",
    "Table": "table",
    "cost_table": "cost_comparison",
    "evaluate": "run",
    "make_candidates": "candidates",
    "measure_cost": "cost",
    "method_cost": "cost_comparison",
    "paired_samples": "samples",
    "prepared_samples": "samples",
    "score_samples": "scoring",
    "synthetic_samples": "samples",
}
__all__ = [
    "BY_RATE",
    "FILES",
    "PUBLISHED",
    "Candidate",
    "Cost",
    "DataSpec",
    "Published",
    "Sample",
    "Samples",
    "Score",
    "Summary",
    "Table",
    "cost_table",
    "evaluate",
    "make_candidates",
    "measure_cost",
    "method_cost",
    "paired_samples",
    "prepared_samples",
    "score_samples",
    "synthetic_samples",
]


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'spikejax.evaluation' has no attribute {name!r}")
    value = getattr(importlib.import_module(f"spikejax.evaluation.{_HOME[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
