import csv
import json
import shutil
from html.parser import HTMLParser

import numpy as np
import pytest

from features.config import Config
from features.errors import DataError
from pipeline.report import page as module
from pipeline.report.charts import Point, Series, attention_map, quality_plot
from pipeline.report.report import report
from pipeline.runtime.workspace import Workspace

ODD = '<b>"x"&'
NAMES = ["user", ODD, "hour", "still"]
ROWS = {"user": 100, ODD: 50, "hour": 10, "still": 4}
PLAIN = str.maketrans({"\N{MINUS SIGN}": "-", "\N{EN DASH}": "-", "\N{MULTIPLICATION SIGN}": "x"})
SECTIONS = {"path", "attention", "cost", "proof", "serving", "allocators", "compare", "features", "quality", "provenance"}


@pytest.fixture
def config():
    return Config.model_validate(
        {
            "name": "small",
            "work_dir": "work/small",
            "data": {"format": "csv", "train": "rows.csv", "label": "click", "split": {"test": 0.2}},
            "features": [{"match": "*"}, {"match": "hour", "kind": "numeric", "encoding": "value", "clip": [0, 23]}],
            "model": {"embedding_width": 4},
            "selection": {"budget": {"bytes": "50%"}, "seed": 7},
        }
    )


def measure(mean, difference):
    interval, change = [mean - 0.003, mean + 0.003], [difference - 0.0004, difference + 0.0004]
    seeds = [mean - 0.001, mean + 0.001]
    return {"mean": mean, "by_seed": seeds, "interval": interval, "difference": difference, "difference_interval": change}


def proved(name, features, size, auc):
    point = {"name": name, "features": features, "bytes": size, "auc": measure(auc, auc - 0.72)}
    return point | {figure: measure(0.6, 0.0) for figure in ("log_loss", "normalised_entropy", "calibration")}


def documents():
    """A whole run over four features: two kept at width 2, one not chosen, one constant."""
    statistics = [
        {"name": "user", "count": 80, "missing": 0, "distinct": 97, "top": [["7", 5], ["8", 4]]},
        {"name": ODD, "count": 76, "missing": 4, "distinct": 12, "top": [["a", 38], ["b", 19]]},
        {"name": "hour", "count": 20, "missing": 60, "distinct": 24, "top": [["1.0", 9]], "mean": 10.0, "std": 4.0},
        {"name": "still", "count": 80, "missing": 0, "distinct": 1, "top": [["0", 80]]},
    ]
    test = [
        {"name": ODD, "count": 15, "missing": 5, "distinct": 9, "top": [["a", 3], ["c", 6]]},
        {"name": "hour", "count": 5, "missing": 15, "distinct": 5, "top": [["1.0", 2]], "mean": 12.0, "std": 4.0},
    ]
    picks = [
        {"round": 1, "feature": ODD, "width": 4, "attention": 0.5, "score": 0.2, "bytes": 800, "cumulative_bytes": 800},
        {"round": 2, "feature": "user", "width": 4, "attention": 0.6, "score": 0.1, "bytes": 1600, "cumulative_bytes": 2400},
        {"round": 3, "feature": "hour", "width": 4, "attention": 1.0, "score": 0.0, "bytes": 160, "cumulative_bytes": 2560},
    ]
    for pick, auc in zip(picks, (0.65, 0.71, 0.708), strict=True):
        pick["estimate"] = {"auc": auc, "log_loss": 0.6}
    attention = [[0.3, 0.5, 0.2], [0.6, 0.0, 0.4], [0.0, 0.0, 1.0]]
    kept = [
        {"feature": name, "round": n, "attention": 0.5, "width": 2, "rows": ROWS[name]}
        for n, name in enumerate((ODD, "user"), 1)
    ]
    for entry in kept:
        entry["bytes"] = ROWS[entry["feature"]] * 2 * 4
    curve = [{"features": k, "bytes": 500 * k, "auc": 0.7 + k / 100, "interval": [0.69, 0.74]} for k in (1, 2)]
    return {
        "transformed/features.json": {
            "label": "click",
            "features": [{"name": name, **({"kind": "numeric"} if name == "hour" else {})} for name in NAMES],
            "encodings": [{"name": name, "rows": rows} for name, rows in ROWS.items()],
        },
        "transformed/statistics.json": {
            "features": statistics,
            "splits": {"test": test},
            "rejected": {"ragged row": 1200, "<text>": 3},
        },
        "transformed/manifest.json": {"splits": {"train": {"rows": 80}, "validation": {"rows": 0}, "test": {"rows": 20}}},
        "search/path.json": {
            "method": "sequential_attention",
            "schedule": {"warmup_rounds": 1, "picking_rounds": 3, "steps_per_round": 25, "batch_size": 8},
            "candidates": NAMES[:3],
            "not_candidates": {"still": "constant"},
            "picks": picks,
            "rounds": [{"round": n, "attention": weights} for n, weights in enumerate(attention, 1)],
            "seconds": 1.5,
        },
        "search/stage.json": {"stage": "search", "fingerprint": "0123456789abcdef", "seconds": 2.5},
        "selection/selection.json": {
            "budget": {"bytes": "50%"},
            "allocator": "common width 2",
            "tried": [
                {"allocator": "common width 1", "validation_auc": 0.7011, "validation_log_loss": 0.61},
                {"allocator": "common width 2", "validation_auc": 0.7022, "validation_log_loss": 0.6},
            ],
            "kept": kept,
            "dropped": [{"feature": "hour", "reason": "not chosen"}, {"feature": "still", "reason": "constant"}],
            "cost": {"unit": "bytes", "limit": 1280.0, "spent": 1200.0, "full": 2560.0},
        },
        "proof/proof.json": {
            "split": "test",
            "rows": 12345,
            "seeds": [1, 2],
            "confidence": 0.95,
            "points": [proved("full", 4, 2624, 0.72), proved("pruned", 2, 1200, 0.7164), proved("5 %", 1, 100, 0.65)],
        },
        "proof/timing.json": {"training_examples_per_second": {"full": 1000, "pruned": 2500}},
        "compare/compare.json": {
            "methods": {
                "random": {"seconds": 0, "curve": curve[:1]},
                "l1_gate": {"seconds": 61, "spearman": 0.5, "curve": curve},
            }
        },
        "model/measured.json": {
            "latency_us": {"full": {"1": 300.0, "32": 800.0}, "pruned": {"1": 150.0, "32": 200.0}},
            "bytes_on_disk": {"pruned": 123456},
        },
    }


def write(folder, found):
    for name, document in found.items():
        path = folder / "work" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(document))
    return Workspace(str(folder / "work"))


class Page(HTMLParser):
    """Text and table cells by section, and every tag."""

    def __init__(self, text):
        super().__init__()
        self.section, self.texts, self.tables, self.tags, self.open = "headline", {"headline": ""}, {}, [], None
        self.feed(text.translate(PLAIN))

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        if tag == "section":
            self.section = dict(attrs)["id"]
            self.texts[self.section], self.tables[self.section] = "", []
        elif tag == "tr":
            self.tables[self.section].append([])
        elif tag in ("th", "td"):
            self.open = [dict(attrs).get("data-v"), ""]
            self.tables[self.section][-1].append(self.open)

    def handle_endtag(self, tag):
        if tag in ("th", "td"):
            self.open = None

    def handle_data(self, data):
        self.texts[self.section] += data
        if self.open is not None:
            self.open[1] += data

    def words(self, section):
        return " ".join(self.texts[section].split())

    def rows(self, section):
        return {cells[0][1]: [text for _, text in cells[1:]] for cells in self.tables[section]}


@pytest.fixture
def made(config, tmp_path):
    """Output folder, page and numbers of the whole run."""
    report(config, write(tmp_path, documents()), str(tmp_path / "out"))
    out = tmp_path / "out"
    return out, Page((out / "index.html").read_text()), json.loads((out / "report.json").read_text())


def test_every_section_is_there_and_nothing_is_fetched(made):
    out, page, _ = made
    assert set(page.tables) == SECTIONS
    text = (out / "index.html").read_text()
    assert "http" not in text
    assert "@import" not in text
    assert not list(out.glob("*.partial"))


def test_headline_in_words(made):
    _, page, numbers = made
    words = page.words("headline")
    assert "2 of 4 features keep 99.50 % of the AUC: .7164 against .7200 with all 4." in words
    assert "The difference is -.0036 (95 % interval -.0040 to -.0032). It is more than chance: the full model" in words
    assert "2 seeds each, and scored on the 12,345 rows of the test split." in words
    assert "of 2.62 kB: 54.3 % saved" in words  # (100+50) * 2 * 4 of 164 * 4 * 4 bytes
    assert "of 800 µs: 75.0 % saved" in words
    assert "2,500 examples/s, was 1,000" in words
    assert numbers["headline"]["auc_kept"] == pytest.approx(0.995)
    assert (numbers["headline"]["bytes"], numbers["headline"]["full_bytes"]) == (1200, 2624)


@pytest.mark.parametrize(
    ("auc", "words"),
    [(0.7201, "The interval holds 0: on this data the two models"), (0.73, "more than chance: the pruned model is the better")],
)
def test_headline_says_what_the_interval_means(config, tmp_path, auc, words):
    found = documents()
    found["proof/proof.json"]["points"][1] = proved("pruned", 2, 1200, auc)
    report(config, write(tmp_path, found), str(tmp_path / "out"))
    assert words in Page((tmp_path / "out" / "index.html").read_text()).words("headline")


def test_feature_table_shows_the_numbers_of_the_json(made):
    _, page, numbers = made
    columns = ["round", "distinct", "missing_share", "equal_shares", "score", "gain", "width", "full_bytes", "bytes"]
    places = [2, 4, 5, 6, 7, 8, 9, 10, 11]
    cells = page.tables["features"][1:]
    assert (
        [row[0][1] for row in cells]
        == [feature["feature"] for feature in numbers["features"]]
        == [ODD, "user", "hour", "still"]
    )
    for row, feature in zip(cells, numbers["features"], strict=True):
        shown = [None if row[place][0] is None else float(row[place][0]) for place in places]
        assert shown == [feature[column] for column in columns]
    rows = page.rows("features")
    assert rows[ODD] == ["kept", "1", "categorical", "12", "5.0 %", "1.50x", ".2000", "+.1500", "2", "800 B", "400 B"]
    assert rows["hour"] == ["not chosen", "3", "numeric", "24", "75.0 %", "1.00x", ".0000", "-.0020", "-", "160 B", "-"]
    assert rows["still"][:2] == ["constant", "-"]


def test_names_are_escaped_everywhere(made):
    out, page, _ = made
    assert "b" not in [tag for tag in page.tags if page.tags.count(tag) != 1]  # the one <b> is the legend's
    assert ODD not in (out / "index.html").read_text()
    assert page.words("attention").count(ODD) == 3  # its name, its name's title, its pick's
    assert page.words("cost").count(ODD) == 1
    assert "<text>" in page.words("quality")


def test_csv_files(made):
    out, _, numbers = made
    path = (out / "path.csv").read_text().splitlines()
    assert path[0] == (
        "round,feature,width,bytes,cumulative_bytes,attention,equal_shares,score,features,estimated_auc,estimated_log_loss,gain"
    )
    assert path[2] == "2,user,4,1600,2400,0.6,1.2,0.1,2,0.71,0.6,0.06"
    for name in ("features", "path", "proof"):
        with (out / f"{name}.csv").open(newline="") as source:
            rows = list(csv.DictReader(source))
        assert rows == [{k: "" if v is None else str(v) for k, v in row.items()} for row in numbers[name]]
    assert numbers["proof"][1]["auc_difference_low"] == pytest.approx(-0.004)


def test_proof_allocators_serving_and_comparison(made):
    _, page, _ = made
    assert page.rows("proof")["pruned"][:4] == ["2", "1,200", ".7164.7134 to .7194", "-.0036-.0040 to -.0032"]
    assert page.rows("allocators")["common width 2"] == [".7022", ".6000", "kept"]
    assert "The budget: 50% of the bytes of embedding tables. What is kept takes 1.2 kB of 1.28 kB;" in page.words("allocators")
    assert "all candidates at full width would take 2.56 kB." in page.words("allocators")
    assert page.rows("serving")["Latency, batch of 1"] == ["300 µs", "150 µs", "50.0 %"]
    assert page.rows("serving")["Size on disk"] == ["-", "123 kB", "-"]
    assert page.rows("compare")["l1_gate"] == ["61", "0.50", ".7100", ".7200"]
    assert page.rows("compare")["random"] == ["0", "-", ".7100", "-"]


@pytest.mark.parametrize(
    ("unit", "words"),
    [("microseconds", "takes 1,200 µs of 1,280 µs"), ("cost", "takes 1,200 of 1,280"), ("parameters", "takes 1,200 of 1,280")],
)
def test_what_is_spent_is_in_the_budgets_unit(config, tmp_path, unit, words):
    found = documents()
    found["selection/selection.json"]["cost"]["unit"] = unit
    report(config, write(tmp_path, found), str(tmp_path / "out"))
    assert words in Page((tmp_path / "out" / "index.html").read_text()).words("allocators")


def test_what_changed_since_an_earlier_spec(config, tmp_path):
    found = documents()
    since = {"spec": "may", "stayed": [ODD], "added": ["user"], "removed": {"hour": "not chosen", ODD: "not in the data"}}
    found["selection/selection.json"]["since"] = since | {"widths": {ODD: [4, 2]}}
    report(config, write(tmp_path, found), str(tmp_path / "unproved"))
    page = Page((tmp_path / "unproved" / "index.html").read_text())
    assert "1 of its features stayed, 2 went, 1 came. What the change is worth is not proved yet." in page.words("since")
    cells = [[text for _, text in row] for row in page.tables["since"][1:]]
    assert cells == [
        ["user", "came", "picked in round 2"],
        ["hour", "went", "not chosen"],
        [ODD, "went", "not in the data"],
        [ODD, "width 4 → 2", "narrower under this budget"],
    ]
    found["proof/proof.json"]["points"].append(proved("previous", 2, 1500, 0.7131))
    report(config, write(tmp_path, found), str(tmp_path / "out"))
    words = Page((tmp_path / "out" / "index.html").read_text()).words("since")
    assert "the earlier one has an AUC of .7131 (.7101 to .7161) and tables of 1.5 kB, the new one .7164" in words
    assert "The change is worth +.0033 AUC and +.0000 log loss." in words
    found["proof/proof.json"]["points"].append(proved("dense pruned", 2, 1200, 0.7171))  # the earlier one has a dense tower too
    report(config, write(tmp_path, found), str(tmp_path / "dense"))
    words = Page((tmp_path / "dense" / "index.html").read_text()).words("since")
    assert "The change is worth +.0040 AUC" in words


def test_a_thinned_tower_beside_the_dense_one(config, tmp_path):
    found = documents()
    points = found["proof/proof.json"]["points"]
    points[1]["block_sparsity"] = {"block": 16, "sparsity": 0.9}
    points.append(proved("dense pruned", 2, 1200, 0.7171))
    report(config, write(tmp_path, found), str(tmp_path / "out"))
    page = Page((tmp_path / "out" / "index.html").read_text())
    assert "2 of 4 features and a thinned tower keep 99.50 % of the AUC" in page.words("headline")
    assert "prunedthinned tower" in page.rows("proof")
    words = page.words("proof")
    assert "Of the pruned model's tower 90 % of the blocks of 16 x 16 weights are taken away" in words
    assert "Thinning alone changes the AUC by -.0007 and the log loss by +.0000." in words
    numbers = json.loads((tmp_path / "out" / "report.json").read_text())["proof"]
    assert [(row["block"], row["sparsity"]) for row in numbers] == [(None, None), (16, 0.9), (None, None), (None, None)]


def test_without_a_search_one_model_is_shown_as_one(config, tmp_path):
    found = documents()
    found["selection/selection.json"]["budget"] = {"all": True}
    report(config, write(tmp_path, found), str(tmp_path / "out"))
    words = Page((tmp_path / "out" / "index.html").read_text()).words("headline")
    assert "All 4 features are kept: AUC .7164 (.7134 to .7194). Nothing was searched, as the config has no selection." in words
    assert "difference" not in words


def test_data_quality(made):
    _, page, numbers = made
    words = page.words("quality")
    assert "80 train rows, 20 test rows. Rejected: 1,200 (ragged row), 3 (<text>)." in words
    found = [(row["feature"], row["finding"]) for row in numbers["data_quality"]["findings"]]
    assert found == [("user", "near-unique"), ("hour", "mostly missing"), ("still", "constant")]
    drift = {row.pop("feature"): row for row in numbers["data_quality"]["drift"]}
    # Shares of a, b, c: .5, .25, 0 in train and .2, 0, .4 in test.
    assert drift[ODD] == {"missing_share": pytest.approx(0.2), "mean": None, "top_values": pytest.approx(0.475)}
    assert drift["hour"] == {"missing_share": 0.0, "mean": 0.5, "top_values": pytest.approx(0.025)}


def test_provenance_and_rerun(config, made):
    out, page, numbers = made
    assert Config.load(out / "config.yaml") == config
    words = page.words("provenance")
    assert numbers["provenance"]["config"] in words
    assert "split 0, selection 7, training 1, 2, 3" in words
    assert "sequential attention: 1 warm-up and 3 picking rounds of 25 steps, batch 8; 1.5 s" in words
    assert page.rows("provenance")["Stage search"] == ["0123456789abcdef, 2.5 s"]
    assert "winnow run config.yaml --force" in words


def test_same_input_same_page(config, made, tmp_path):
    report(config, Workspace(str(tmp_path / "work")), str(tmp_path / "again"))
    for file in (tmp_path / "out").iterdir():
        assert (tmp_path / "again" / file.name).read_bytes() == file.read_bytes()


def test_what_has_not_run_is_named_with_its_command(config, tmp_path):
    found = {name: document for name, document in documents().items() if name.startswith("transformed/")}
    for optional in ("splits", "rejected"):
        del found["transformed/statistics.json"][optional]
    report(config, write(tmp_path, found), str(tmp_path / "out"))
    page = Page((tmp_path / "out" / "index.html").read_text())
    assert set(page.tables) == {"cost", "features", "quality", "provenance", "absent"}
    assert "4 features, and no selection yet." in page.words("headline")
    for command in ("select", "prove", "export", "compare"):
        assert f"winnow {command} CONFIG" in page.words("absent")
    assert "ejected" not in page.words("quality")
    assert page.rows("features")["still"][0] == "constant"
    assert sorted(file.name for file in (tmp_path / "out").iterdir()) == [
        "config.yaml",
        "features.csv",
        "index.html",
        "report.json",
    ]


@pytest.mark.parametrize(
    ("absent", "section", "words"),
    [
        ("proof/proof.json", "headline", "2 of 4 features are kept; what that costs in quality is not proved yet."),
        ("selection/selection.json", "headline", "4 features, and no selection yet."),
        ("search/path.json", "headline", "2 of 4 features keep 99.50 % of the AUC"),
        ("proof/timing.json", "headline", "2 of 4 features keep 99.50 % of the AUC"),
    ],
)
def test_any_one_document_may_be_absent(config, tmp_path, absent, section, words):
    found = documents()
    del found[absent]
    report(config, write(tmp_path, found), str(tmp_path / "out"))
    assert words in Page((tmp_path / "out" / "index.html").read_text()).words(section)


def test_search_without_validation_rows_or_with_kept_features(config, tmp_path):
    found = documents()
    picks = found["search/path.json"]["picks"]
    for pick in picks:
        pick["estimate"] = None
    picks[0] |= {"round": 0, "attention": 1.0}  # kept by the config: no estimate, no score, no round of its own
    del picks[0]["estimate"], picks[0]["score"]
    found["selection/selection.json"]["kept"][0]["round"] = 0
    report(config, write(tmp_path, found), str(tmp_path / "out"))
    page = Page((tmp_path / "out" / "index.html").read_text())
    assert page.rows("features")[ODD] == [
        "kept by the config",
        "0",
        "categorical",
        "12",
        "5.0 %",
        *"---",
        "2",
        "800 B",
        "400 B",
    ]


@pytest.mark.parametrize(
    ("budget", "words", "unit", "limit"),
    [
        ({"features": 2}, "2 features", "features", 1280),
        ({"bytes": 1500}, "1,500 bytes of embedding tables", "bytes", 1280),
        ({"bytes": "50%"}, "50% of the bytes of embedding tables", "bytes", 1280),
        (
            {"bytes": "50%", "optimizer_slots": True},
            "50% of the bytes of embedding tables with their optimizer's slots",
            "bytes",
            None,
        ),
        ({"parameters": "5%"}, "5% of the parameters of the tables and of the weights on their columns", "parameters", None),
        ({"cost": 2.5}, "a declared cost of 2.5", "cost", None),
        ({"latency": "2ms"}, "2ms for a request of 32 rows", "latency", None),
        ({"latency": "40%", "latency_batch": 8}, "40% of the latency of a request of 8 rows", "latency", None),
        (
            {"auto": "bytes", "tolerance": 0.002},
            "the fewest bytes of embedding tables at which the validation log loss is within 0.002 of the full model's",
            "bytes",
            1280,
        ),
        ({"all": True}, "none, everything is kept", "all", None),
    ],
)
def test_budgets_of_every_unit(config, tmp_path, budget, words, unit, limit):
    found = documents()
    found["selection/selection.json"]["budget"] = budget
    report(config, write(tmp_path, found), str(tmp_path / "out"))
    asked = json.loads((tmp_path / "out" / "report.json").read_text())["selection"]
    assert (asked["budget"], asked["unit"], asked["limit"]) == (words, unit, limit)
    assert (tmp_path / "out" / "index.html").read_text().count('class="budget"') == (limit is not None)


def test_a_feature_picked_twice_counts_once(config, tmp_path):
    found = documents()
    found["search/path.json"]["picks"][2]["feature"] = "user"
    report(config, write(tmp_path, found), str(tmp_path / "out"))
    numbers = json.loads((tmp_path / "out" / "report.json").read_text())
    assert [row["features"] for row in numbers["path"]] == [1, 2, 2]
    assert [row["round"] for row in numbers["features"]] == [1, 2, None, None]


def test_errors_name_the_file_and_the_remedy(config, tmp_path):
    with pytest.raises(DataError, match=r"features\.json: not there; run `winnow preprocess` first"):
        report(config, Workspace(str(tmp_path / "none")), str(tmp_path / "out"))
    folder = write(tmp_path, documents())
    (tmp_path / "work" / "proof" / "proof.json").write_text('{"split": ')
    with pytest.raises(DataError, match=r"proof\.json: not a JSON document .* run the stage again"):
        report(config, folder, str(tmp_path / "out"))
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("form", "value", "text"),
    [
        (module._auc, 0.71768, ".7177"),
        (module._auc, 1.01441, "1.0144"),
        (module._change, -0.00104, "-.0010"),
        (module._change, -0.00001, "+.0000"),
        (module._size, 0, "0 B"),
        (module._size, 999, "999 B"),
        (module._size, 999_600, "1 MB"),
        (module._size, 1_052_032, "1.05 MB"),
        (module._size, 3.2e12, "3.2 TB"),
        (module._percent, 0.0175, "1.8 %"),
        (module._count, 133545, "133,545"),
    ],
)
def test_numbers_as_a_person_reads_them(form, value, text):
    assert form(value).translate(PLAIN) == text


def test_plot_puts_points_where_their_numbers_say():
    points = [Point(0, 0.6, "a"), Point(100, 0.7, "b", (0.69, 0.71))]
    plot = str(quality_plot([Series("one", "s0", points, line=True)], "features", str, budget=50))
    # x: 54 to 466 over 0 to 103; y: 294 down to 16 over .6 to .71, widened by 6 % on both sides.
    assert 'points="54.0,279.1 454.0,53.5"' in plot
    assert '<line x1="254.0" y1="16" x2="254.0" y2="294" class="budget" />' in plot
    assert [f">{tick}</text>" in plot for tick in (".60", ".62", ".70")] == [True, True, True]
    assert plot.count("<circle") == 2
    assert plot.count('class="interval"') == 3
    assert quality_plot([], "features", str) == ""


def test_plot_of_small_budgets_is_logarithmic():
    points = [Point(cost, 0.7, "", (0.69, 0.71)) for cost in (1e3, 1e6)]
    plot = str(quality_plot([Series("one", "s0", points)], "bytes", lambda value: f"{value:g}"))
    assert [f">{tick}<" in plot for tick in ("1000", "10000", "100000", "1e+06", "0")] == [True, True, True, True, False]


def test_attention_map_of_many_candidates_stays_small():
    shares = np.triu(np.random.default_rng(1).lognormal(0, 0.1, (300, 300))).T
    shares = np.where(shares == 0, np.nan, shares)
    names = [f"one_and_the_same_source_{number}" for number in range(300)]
    text, cells, (low, high) = attention_map(names, shares, {column: [column] for column in range(300)}, frozenset(names[:9]))
    assert cells.count("<rect") == 300
    assert text.count('class="kept"') == 9
    assert "one_and_th…ource_299" in text
    assert 0.7 < low < 0.85 < 1.2 < high < 1.3
    assert len(cells) + len(text) < 250_000


@pytest.mark.slow
def test_page_in_a_browser(made, tmp_path):
    webdriver = pytest.importorskip("selenium.webdriver", reason="selenium is not installed: pip install selenium")
    browser, driver = shutil.which("chromium"), shutil.which("chromedriver")
    if not browser or not driver:
        pytest.skip("chromium or chromedriver is not installed: apt-get install chromium chromium-driver")
    options = webdriver.ChromeOptions()
    options.binary_location = browser
    quiet = "headless no-sandbox disable-gpu disable-quic no-first-run disable-background-networking disable-component-update"
    for argument in (*quiet.split(), "disable-sync", f"user-data-dir={tmp_path / 'browser'}"):
        options.add_argument(f"--{argument}")
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    session = webdriver.Chrome(options=options, service=webdriver.ChromeService(driver))
    try:
        for width in (1280, 400):
            for theme, ink in (("light", "rgb(28, 36, 48)"), ("dark", "rgb(230, 234, 240)")):
                screen = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": width == 400}
                session.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", screen)
                media = {"features": [{"name": "prefers-color-scheme", "value": theme}]}
                session.execute_cdp_cmd("Emulation.setEmulatedMedia", media)
                session.get((made[0] / "index.html").as_uri())
                assert session.execute_script("return document.documentElement.scrollWidth") <= width
                assert session.execute_script("return getComputedStyle(document.querySelector('h2')).color") == ink
                shown = "return [...document.querySelectorAll('section')].filter(s => s.offsetHeight > 60).map(s => s.id)"
                assert set(session.execute_script(shown)) == SECTIONS
        column = (
            "document.querySelectorAll('#feature-table thead button')[4].click();"
            "return [...document.querySelectorAll('#feature-table tbody th')].map(cell => cell.textContent)"
        )
        assert session.execute_script(column) == ["still", ODD, "hour", "user"]  # by distinct values, rising
        assert session.execute_script(column) == ["user", "hour", ODD, "still"]
        assert session.get_log("browser") == []
    finally:
        session.quit()
