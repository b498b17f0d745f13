"""The documents of a small run, written to a work folder, and its page taken apart."""

import json
from html.parser import HTMLParser

from features.config import Config
from pipeline.report.documents import WorkFolderDocuments
from pipeline.report.figures import ReportFigures, report_figures
from pipeline.report.report import report
from pipeline.runtime.workspace import Workspace

ODD = '<b>"x"&'
NAMES = ["user", ODD, "hour", "still"]
ROWS = {"user": 100, ODD: 50, "hour": 10, "still": 4}
PLAIN = str.maketrans({"\N{MINUS SIGN}": "-", "\N{EN DASH}": "-", "\N{MULTIPLICATION SIGN}": "x"})
SECTIONS = {"path", "attention", "cost", "proof", "serving", "allocators", "compare", "features", "quality", "provenance"}
CONFIG = Config.model_validate(
    {
        "name": "small",
        "work_dir": "work/small",
        "data": {"format": "csv", "train": "rows.csv", "label": "click", "split": {"test": 0.2}},
        "features": [{"match": "*"}, {"match": "hour", "kind": "numeric", "encoding": "value", "clip": [0, 23]}],
        "model": {"embedding_width": 4},
        "selection": {"budget": {"bytes": "50%"}, "seed": 7},
    }
)


def measure(mean: float, difference: float) -> dict:
    """A figure of a proof."""
    interval, change = [mean - 0.003, mean + 0.003], [difference - 0.0004, difference + 0.0004]
    seeds = [mean - 0.001, mean + 0.001]
    return {"mean": mean, "by_seed": seeds, "interval": interval, "difference": difference, "difference_interval": change}


def proved(name: str, features: int, size: int, auc: float) -> dict:
    """A point of a proof."""
    point = {"name": name, "features": features, "bytes": size, "widths": {}, "auc": measure(auc, auc - 0.72)}
    return point | {figure: measure(0.6, 0.0) for figure in ("log_loss", "normalised_entropy", "calibration")}


def documents() -> dict:
    """A whole run over four features, by file: two kept at width 2, one not chosen, one constant."""
    return {
        **preprocessed(),
        "search/path.json": search_path(),
        "search/stage.json": {"stage": "search", "fingerprint": "0123456789abcdef", "seconds": 2.5},
        "selection/selection.json": selection(),
        "proof/proof.json": {
            "split": "test",
            "rows": 12345,
            "seeds": [1, 2],
            "confidence": 0.95,
            "points": [proved("full", 4, 2624, 0.72), proved("pruned", 2, 1200, 0.7164), proved("5 %", 1, 100, 0.65)],
        },
        "proof/timing.json": {"training_examples_per_second": {"full": 1000, "pruned": 2500}, "seconds": 9.5},
        "compare/compare.json": comparison(),
        "model/measured.json": {
            "latency_us": {"full": {"1": 300.0, "32": 800.0}, "pruned": {"1": 150.0, "32": 200.0}},
            "bytes_on_disk": {"pruned": 123456},
        },
    }


def preprocessed() -> dict:
    """The documents that preprocessing leaves."""
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
    rows = {"train": 80, "validation": 0, "test": 20}
    rejected = {"ragged row": 1200, "<text>": 3}
    return {
        "transformed/features.json": {
            "label": "click",
            "weight": None,
            "inputs": [{"name": name, "dtype": "string"} for name in NAMES],
            "features": [{"name": name, "kind": "numeric" if name == "hour" else "categorical"} for name in NAMES],
            "encodings": [{"name": name, "rows": rows} for name, rows in ROWS.items()],
        },
        "transformed/statistics.json": {"features": statistics, "splits": {"test": test}, "rejected": rejected},
        "transformed/manifest.json": {
            "splits": {split: {"rows": count, "files": []} for split, count in rows.items()},
            "raw_files": [],
            "rejected": {"rows": 1303, "reasons": rejected, "examples": {}},
        },
    }


def search_path() -> dict:
    """The path of a search of three rounds."""
    picks = [
        {"round": 1, "feature": ODD, "width": 4, "attention": 0.5, "score": 0.2, "bytes": 800, "cumulative_bytes": 800},
        {"round": 2, "feature": "user", "width": 4, "attention": 0.6, "score": 0.1, "bytes": 1600, "cumulative_bytes": 2400},
        {"round": 3, "feature": "hour", "width": 4, "attention": 1.0, "score": 0.0, "bytes": 160, "cumulative_bytes": 2560},
    ]
    for pick, auc in zip(picks, (0.65, 0.71, 0.708), strict=True):
        pick["estimate"] = {"auc": auc, "log_loss": 0.6}
    attention = [[0.3, 0.5, 0.2], [0.6, 0.0, 0.4], [0.0, 0.0, 1.0]]
    schedule = {"round_steps": [25] * 4, "warmup_rounds": 1, "picks_per_round": 1, "steps": 100}
    return {
        "method": "sequential_attention",
        "seed": 7,
        "schedule": schedule | {"batch_size": 8},
        "candidates": NAMES[:3],
        "units": [[name] for name in NAMES[:3]],
        "widths": dict.fromkeys(NAMES[:3], 4),
        "not_candidates": {"still": "constant"},
        "picks": picks,
        "rounds": [{"round": n, "loss": 0.6, "attention": weights} for n, weights in enumerate(attention, 1)],
        "seconds": 1.5,
    }


def selection() -> dict:
    """The choice of two features at width 2."""
    kept = [
        {"feature": name, "round": n, "attention": 0.5, "width": 2, "rows": ROWS[name], "bytes": ROWS[name] * 2 * 4}
        for n, name in enumerate((ODD, "user"), 1)
    ]
    return {
        "budget": {"bytes": "50%"},
        "allocator": "common width 2",
        "tried": [
            {"allocator": "common width 1", "validation_auc": 0.7011, "validation_log_loss": 0.61},
            {"allocator": "common width 2", "validation_auc": 0.7022, "validation_log_loss": 0.6},
        ],
        "kept": kept,
        "dropped": [{"feature": "hour", "reason": "not chosen"}, {"feature": "still", "reason": "constant"}],
        "bytes": 1200,
        "full_bytes": 2624,
        "cost": {"unit": "bytes", "limit": 1280.0, "spent": 1200.0, "full": 2560.0},
    }


def comparison() -> dict:
    """Two methods side by side."""
    curve = [
        {"features": k, "bytes": 500 * k, "auc": 0.7 + k / 100, "interval": [0.69, 0.74], "by_seed": [0.7 + k / 100]}
        for k in (1, 2)
    ]
    full = {"features": 4, "bytes": 2624, "auc": 0.72, "interval": [0.71, 0.73], "by_seed": [0.72]}
    common = {"mean_auc": 0.71, "orders": [NAMES]}
    methods = {
        "random": common | {"seconds": 0, "spearman": None, "curve": curve[:1]},
        "l1_gate": common | {"seconds": 61, "spearman": 0.5, "curve": curve},
    }
    return {"split": "test", "seeds": 1, "full": full, "methods": methods}


def write(folder, contents: dict) -> Workspace:
    """Writes documents by file into a work folder, which is returned."""
    for name, document in contents.items():
        path = folder / "work" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(document))
    return Workspace(str(folder / "work"))


def figures(folder, contents: dict, config: Config = CONFIG) -> ReportFigures:
    """The figures of a run with these documents."""
    work = write(folder, contents)
    return report_figures(config, WorkFolderDocuments.load(work), work)


def page_of(folder, contents: dict, config: Config = CONFIG) -> "Page":
    """The page of a run with these documents."""
    report(config, write(folder, contents), str(folder / "out"))
    return Page((folder / "out" / "index.html").read_text())


class Page(HTMLParser):
    """Text and table cells by section, every tag, and the classes of all elements."""

    def __init__(self, text):
        super().__init__()
        self.section, self.texts, self.tables, self.open = "headline", {"headline": ""}, {}, None
        self.tags, self.classes = [], []
        self.feed(text.translate(PLAIN))

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.classes.append(dict(attrs).get("class"))
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
        """The text of a section, with single blanks."""
        return " ".join(self.texts[section].split())

    def rows(self, section):
        """Cells of a section's tables by the first cell of their row."""
        return {cells[0][1]: [text for _, text in cells[1:]] for cells in self.tables[section]}
