"""Methods compared on small data, through the command line."""

import json

import pytest

from pipeline.selection.compare import agreement


def written(folder):
    """When each kept ranking and run was written."""
    return {path: path.stat().st_mtime_ns for name in ("rankings", "runs") for path in (folder / name).iterdir()}


def test_compares_and_goes_on_where_it_stopped(small_job, winnow, tmp_path):
    config = small_job()
    asked = ("compare", config, "--seeds", 2)
    code, said = winnow(*asked, "--methods", "sequential_attention,random", "--k", "1,2")
    assert code == 0, said
    folder = tmp_path / "work" / "compare"
    document = json.loads((folder / "compare.json").read_text())
    assert document["split"] == "test"
    assert document["full"]["features"] == 5  # `still` is constant
    ours, random = document["methods"]["sequential_attention"], document["methods"]["random"]
    assert [point["features"] for point in ours["curve"]] == [1, 2]
    assert all(set(order[:2]) == {"good", "fine"} for order in ours["orders"])
    assert sorted(ours["orders"][0]) == ["code", "fine", "good", "noise", "number"]  # `still` is constant
    assert ours["curve"][1]["auc"] > max(0.75, random["curve"][1]["auc"])
    low, high = ours["curve"][1]["interval"]
    assert low < ours["curve"][1]["auc"] < high
    assert ours["mean_auc"] == pytest.approx(sum(point["auc"] for point in ours["curve"]) / 2, rel=1e-5)
    assert "sequential_attention" in said

    # More methods and numbers of features: what is there is not made again. A run that is gone is, with the same result.
    before = written(folder)
    code, said = winnow(*asked, "--methods", "sequential_attention,random,permutation", "--k", "1,2,3")
    assert code == 0, said
    after = written(folder)
    assert before.items() <= after.items()
    again = json.loads((folder / "compare.json").read_text())["methods"]
    assert again["sequential_attention"]["curve"][:2] == ours["curve"]
    assert set(again["permutation"]["orders"][0][:2]) == {"good", "fine"}
    next(iter(before)).unlink()
    sorted((folder / "runs").iterdir())[0].unlink()
    assert winnow(*asked, "--methods", "sequential_attention,random,permutation", "--k", "1,2,3")[0] == 0
    repeated = json.loads((folder / "compare.json").read_text())["methods"]
    assert {name: found["curve"] for name, found in repeated.items()} == {name: found["curve"] for name, found in again.items()}


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--methods", "magic"), "--methods: 'magic' is not one of sequential_attention, group_lasso"),
        (("--k", "2,many"), "--k: '2,many' is not numbers with commas between, such as 5,10,20"),
        (("--k", "6"), "--k: 6 is not between 1 and the 5 features there are to choose from"),
    ],
)
def test_bad_options(small_job, winnow, options, message):
    code, said = winnow("compare", small_job(), *options)
    assert code == 2
    assert message in said


def test_a_method_of_the_config_gives_the_path(small_job, winnow, tmp_path):
    config = small_job()
    assert winnow("preprocess", config)[0] == 0
    code, said = winnow("select", config, "--set", "selection.method=permutation", "--set", "selection.keep=[noise]")
    assert code == 0, said
    path = json.loads((tmp_path / "work" / "search" / "path.json").read_text())
    assert path["method"] == "permutation"
    order = [pick["feature"] for pick in path["picks"]]
    assert order[0] == "noise"
    assert set(order[1:3]) == {"good", "fine"}
    assert [pick["round"] for pick in path["picks"]] == [0, 2, 3, 4, 5]
    chosen = json.loads((tmp_path / "work" / "selection" / "selection.json").read_text())
    assert [kept["feature"] for kept in chosen["kept"]] == order[:2]


def test_agreement_is_the_mean_rank_correlation_over_pairs():
    assert agreement(["abcd"]) is None
    assert agreement(["abcd", "abcd"]) == 1.0
    assert agreement(["abcd", "dcba"]) == -1.0
    assert agreement(["abcd", "abdc"]) == pytest.approx(0.8)  # 1 - 6 * 2 / (4 * 15)
    assert agreement(["abcd", "abdc", "abcd"]) == pytest.approx((0.8 + 1.0 + 0.8) / 3, rel=1e-5)
