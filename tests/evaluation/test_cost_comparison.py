import pytest

from spikejax import evaluation
from spikejax.evaluation import cost_comparison, run
from spikejax.evaluation.data_spec import DataSpec

SIZE = (16, 24)
SSIR_MULTIPLY_ADDS = (  # kernel, inputs, outputs, pixels per output pixel of the image
    (9, 41, 128, 1),
    (9, 128, 128, 1 / 4),
    (1, 128, 32, 1 / 4),
    (9, 32, 32, 1 / 4),
    (1, 32, 128, 1 / 4),
    # A transposed 4x4 convolution that doubles: four taps per output pixel, and a ring around.
    (4, 128, 64, 9 * 13 / (8 * 12)),
    (9, 64, 32, 22 * 30 / (16 * 24)),
    (9, 32, 32, 20 * 28 / (16 * 24)),
    (9, 32, 32, 18 * 26 / (16 * 24)),
    (9, 32, 1, 1),
)


def test_a_network_without_weights_has_costs():
    cost = evaluation.method_cost("ssir", size=SIZE)
    assert cost.parameters == 381_542 and cost.readouts == 41
    expected = sum(k * i * o * share for k, i, o, share in SSIR_MULTIPLY_ADDS) * SIZE[0] * SIZE[1]
    assert cost.multiply_adds == expected
    assert cost.memory_bytes > 0 and cost.latency_s is None


def test_the_published_costs_stand_beside_at_the_published_size(monkeypatch):
    monkeypatch.setattr(cost_comparison, "PAPER_SIZE", SIZE)
    table = evaluation.cost_table(["tfp", "lrn", "ssir"], size=SIZE)
    cells = {
        label: {c.name: cell.value for c, cell in zip(table.columns, row, strict=True)}
        for label, row in table.rows
    }
    assert cells["ssir"]["parameters M published"] == 0.38
    assert cells["ssir"]["MACs T published"] == 0.24
    assert cells["lrn"]["parameters M"] == pytest.approx(0.180705)
    assert cells["lrn"]["MACs T published"] is None
    assert cells["tfp"]["parameters M"] is None and cells["tfp"]["memory G"] > 0
    other = evaluation.cost_table(["tfp"], size=(8, 8))
    assert not any("published" in column.name for column in other.columns)


def test_calls_are_timed_when_asked():
    table = evaluation.cost_table(["tfp"], size=(8, 8), repeats=1)
    assert table.columns[-1].name == "ms" and table.rows[0][1][-1].value > 0


def test_an_unknown_method_is_named():
    with pytest.raises(ValueError, match="methods: there is no 'nosuch'"):
        evaluation.cost_table(["nosuch"], size=SIZE)


def test_the_paper_table_has_a_row_for_networks_without_weights(monkeypatch):
    monkeypatch.setattr(run, "PAPER_SIZE", SIZE)
    monkeypatch.setattr(run, "network_names", lambda: ("lrn", "bsf"))
    monkeypatch.setattr(run, "make_candidates", lambda *_: [evaluation.Candidate("tfp")])
    monkeypatch.setattr(
        run, "method_cost", lambda name, size: evaluation.method_cost("lrn", size=size)
    )
    table = run.evaluate(DataSpec(scenes=1, size="24x24"), table="paper")
    assert [label for label, _ in table.rows] == ["tfp", "lrn", "bsf"]
    names = [column.name for column in table.columns]
    absent = table.rows[-1][1]
    assert absent[names.index("PSNR")].value is None
    assert absent[names.index("parameters M")].value > 0
    assert any("lrn, bsf: no weights ship" in note for note in table.notes)
