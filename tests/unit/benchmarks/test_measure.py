"""How benchmarks measure: medians and ratios, budgets on their side, and a failure that is never a good result."""

import json

import pytest

from benchmarks import __main__ as run
from benchmarks.measure import Row, holds, row, side_by_side, side_by_side_async
from benchmarks.verdicts import Known


def test_a_row_is_the_median_and_the_ratio_of_medians():
    judged = row("x", [3.0, 1.0, 2.0], "ms", base=[1.0, 4.0, 1.0], against="the other", budget=2.0)
    assert (judged.value, judged.ratio, judged.ok, judged.spread) == (2.0, 2.0, True, 0.5)


def test_the_ratio_of_paired_samples_is_the_median_of_the_pairs_ratios():
    # The machine became ten times slower: every pair says a half, the medians do not.
    ours, theirs = [1.0, 2.0, 30.0], [2.0, 4.0, 60.0]
    paired = row("x", ours, "ms", base=theirs, budget=0.6, paired=True)
    assert (paired.value, paired.ratio, paired.ok, paired.spread) == (2.0, 0.5, True, 0.0)
    uneven = row("x", [1.0, 2.0, 30.0], "ms", base=[1.0, 4.0, 10.0], budget=0.6, paired=True)
    assert (uneven.ratio, uneven.ok) == (1.0, False)
    assert row("x", [1.0, 2.0, 30.0], "ms", base=[1.0, 4.0, 10.0], budget=0.6).ratio == 0.5


@pytest.mark.parametrize(
    ("figure", "budget", "direction", "kept"),
    [
        (2.0, 2.0, "at_most", True),
        (2.1, 2.0, "at_most", False),
        (2.0, 2.0, "at_least", True),
        (1.9, 2.0, "at_least", False),
        (float("nan"), 2.0, "at_most", False),
        (float("nan"), 2.0, "at_least", False),
        (float("nan"), None, "at_most", False),
        (1.0, None, "at_most", True),
    ],
)
def test_a_budget_holds_on_its_side_only(figure, budget, direction, kept):
    assert holds(figure, budget, direction) is kept


def test_without_a_base_the_budget_is_about_the_value():
    assert not row("calls", 3, "calls", budget=2).ok
    assert row("calls", 2, "calls", budget=2).ok


def test_contenders_are_timed_in_every_round():
    samples = side_by_side({"a": lambda: None, "b": lambda: sum(range(100))}, rounds=3, seconds=1e-6)
    assert {name: len(figures) for name, figures in samples.items()} == {"a": 3, "b": 3}
    assert min(samples["b"]) > 0


async def test_coroutines_are_timed_in_every_round():
    async def nothing():
        return None

    samples = await side_by_side_async({"a": nothing}, rounds=3, seconds=1e-6)
    assert len(samples["a"]) == 3


def test_a_benchmark_that_fails_or_measures_nothing_is_not_ok(capsys):
    def fails(*, quick):
        raise OSError(quick)

    assert [judged.ok for judged in run.measured("x", fails, quick=True)] == [False]
    assert "Traceback" in capsys.readouterr().err
    assert [judged.ok for judged in run.measured("x", lambda *, quick: [], quick=True)] == [False]


@pytest.fixture
def one_benchmark(monkeypatch):
    def install(*rows):
        class Module:
            @staticmethod
            def rows(*, quick):
                return list(rows)

        monkeypatch.setattr(run, "found", lambda: ["one"])
        monkeypatch.setattr(run.importlib, "import_module", lambda name: Module)

    return install


def test_the_exit_code_is_1_when_one_budget_does_not_hold(one_benchmark, capsys):
    one_benchmark(Row(name="a", value=1.0, unit="s"), Row(name="b", value=2.0, unit="s", ok=False))
    assert run.main(["--json"]) == 1
    printed = json.loads(capsys.readouterr().out)
    assert [entry["ok"] for entry in printed] == [True, False]
    assert set(printed[0]) >= {"name", "value", "unit", "ratio", "budget", "direction", "against", "ok"}


def test_a_miss_that_is_known_does_not_fail_the_run(one_benchmark, capsys, monkeypatch):
    monkeypatch.setattr(run, "known", lambda: {"a": Known(2.0, "why"), "c": Known(2.0, "why")})
    missed = Row(name="a", value=2.1, unit="s", budget=1.0, ok=False)
    one_benchmark(missed, Row(name="c", value=0.9, unit="s", budget=1.0))
    assert run.main([]) == 0
    said = capsys.readouterr()
    assert "as known" in said.out
    assert "c: holds now" in said.err
    one_benchmark(Row(name="a", value=2.6, unit="s", budget=1.0, ok=False))
    assert run.main([]) == 1


def test_the_table_says_which_budget_is_over(one_benchmark, capsys):
    one_benchmark(Row(name="a", value=1.0, unit="s", spread=0.1), Row(name="b", value=2.0, unit="s", ok=False))
    assert run.main([]) == 1
    assert "OVER" in capsys.readouterr().out


def test_an_unknown_name_is_wrong_usage(one_benchmark, capsys):
    one_benchmark()
    with pytest.raises(SystemExit) as raised:
        run.main(["nothing"])
    assert raised.value.code == 2
    assert "there are one" in capsys.readouterr().err
