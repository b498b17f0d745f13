"""The page: its words, tables and pictures."""

import json
import shutil

import pytest

from tests.pipeline.report.small_run import ODD, SECTIONS, documents, page_of, preprocessed, proved

HOSTILE = [
    "<script>alert(1)</script>",
    "'\"><img src=x onerror=alert(1)>",
    "\N{RIGHT-TO-LEFT OVERRIDE}gnp.exe\N{RIGHT-TO-LEFT MARK}",
    "\N{GRINNING FACE}\N{ZERO WIDTH JOINER}\N{ROCKET}",
    "n" * 300,
    "{{ 7 * 7 }}{% raw %}",
    "日本語",
]


@pytest.fixture
def page(tmp_path):
    """The page of the whole run."""
    return page_of(tmp_path, documents())


@pytest.fixture
def numbers(page, tmp_path):
    """The numbers of the whole run, as plain JSON values."""
    return json.loads((tmp_path / "out" / "report.json").read_text())


def test_every_section_is_there_and_nothing_is_fetched(page, tmp_path):
    assert set(page.tables) == SECTIONS
    text = (tmp_path / "out" / "index.html").read_text()
    assert "http" not in text
    assert "@import" not in text


def test_headline_in_words(page):
    words = page.words("headline")
    assert "2 of 4 features keep 99.50 % of the AUC: .7164 against .7200 with all 4." in words
    assert "The difference is -.0036 (95 % interval -.0040 to -.0032). It is more than chance: the full model" in words
    assert "2 seeds each, and scored on the 12,345 rows of the test split." in words
    assert "of 2.62 kB: 54.3 % saved" in words  # (100+50) * 2 * 4 of 164 * 4 * 4 bytes
    assert "of 800 µs: 75.0 % saved" in words
    assert "2,500 examples/s, was 1,000" in words


def test_the_full_model_is_said_to_be_without_what_is_excluded(tmp_path):
    contents = documents()
    contents["proof/proof.json"]["points"][0] |= {"features": 3, "without": {"hour": "excluded by the config"}}
    page = page_of(tmp_path, contents)
    assert ".7164 against .7200 of the full model." in page.words("headline")
    assert "AUC, full model" in page.words("headline")
    assert "3 features: ." in page.words("headline")
    assert (
        "takes the 3 features that one would train on without a selection: all but hour (excluded by the config)."
        in page.words("proof")
    )


@pytest.mark.parametrize(
    ("auc", "words"),
    [(0.7201, "The interval holds 0: on this data the two models"), (0.73, "more than chance: the pruned model is the better")],
)
def test_headline_says_what_the_interval_means(tmp_path, auc, words):
    contents = documents()
    contents["proof/proof.json"]["points"][1] = proved("pruned", 2, 1200, auc)
    assert words in page_of(tmp_path, contents).words("headline")


def test_feature_table_shows_the_numbers_of_the_json(page, numbers):
    columns = ["round", "distinct", "missing_share", "equal_shares", "score", "gain", "width", "full_bytes", "bytes"]
    places = [2, 4, 5, 6, 7, 8, 9, 10, 11]
    cells = page.tables["features"][1:]
    names = [feature["feature"] for feature in numbers["features"]]
    assert [row[0][1] for row in cells] == names == [ODD, "user", "hour", "still"]
    for row, feature in zip(cells, numbers["features"], strict=True):
        shown = [None if row[place][0] is None else float(row[place][0]) for place in places]
        assert shown == [feature[column] for column in columns]
    rows = page.rows("features")
    assert rows[ODD] == ["kept", "1", "categorical", "12", "5.0 %", "1.50x", ".2000", "+.1500", "2", "800 B", "400 B"]
    assert rows["hour"] == ["not chosen", "3", "numeric", "24", "75.0 %", "1.00x", ".0000", "-.0020", "-", "160 B", "-"]
    assert rows["still"][:2] == ["constant", "-"]


def test_names_are_escaped_everywhere(page, tmp_path):
    assert "b" not in [tag for tag in page.tags if page.tags.count(tag) != 1]  # the one <b> is the legend's
    assert ODD not in (tmp_path / "out" / "index.html").read_text()
    assert page.words("attention").count(ODD) == 3  # its name, its name's title, its pick's
    assert page.words("cost").count(ODD) == 1
    assert "<text>" in page.words("quality")


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_names_are_shown_and_change_no_tag(tmp_path, name):
    plain = page_of(tmp_path / "plain", documents())
    contents = json.loads(json.dumps(documents()).replace(json.dumps(ODD)[1:-1], json.dumps(name)[1:-1]))
    hostile = page_of(tmp_path / "hostile", contents)
    assert (hostile.tags, hostile.classes) == (plain.tags, plain.classes)
    assert name in hostile.rows("features")
    assert hostile.words("cost").count(name) == 1
    assert name in hostile.words("attention")


def test_control_characters_become_replacement_marks(tmp_path):
    contents = json.loads(json.dumps(documents()).replace(json.dumps(ODD)[1:-1], "nul\\u0000bell\\u0007"))
    rows = page_of(tmp_path, contents).rows("features")
    assert "nul\N{REPLACEMENT CHARACTER}bell\N{REPLACEMENT CHARACTER}" in rows


def test_proof_allocators_serving_and_comparison(page):
    assert page.rows("proof")["pruned"][:4] == ["2", "1,200", ".7164.7134 to .7194", "-.0036-.0040 to -.0032"]
    assert page.rows("allocators")["common width 2"] == [".7022", ".6000", "kept"]
    assert "The budget: 50% of the bytes of embedding tables. What is kept takes 1.2 kB of 1.28 kB;" in page.words("allocators")
    assert "all candidates at full width would take 2.56 kB." in page.words("allocators")
    assert page.rows("serving")["Latency, batch of 1"] == ["300 µs", "150 µs", "50.0 %"]
    assert page.rows("serving")["Size on disk"] == ["-", "123 kB", "-"]
    assert page.rows("compare")["l1_gate"] == ["61", "0.50", ".7100", ".7200"]
    assert page.rows("compare")["random"] == ["0", "-", ".7100", "-"]


def test_an_allocation_that_was_not_trained_has_no_figures(tmp_path):
    contents = documents()
    contents["selection/selection.json"]["tried"] = [{"allocator": "common width 2"}]
    assert page_of(tmp_path, contents).rows("allocators")["common width 2"] == ["-", "-", "kept"]


def test_of_many_allocations_the_best_are_shown(tmp_path):
    contents = documents()
    tried = [{"allocator": f"share {n}", "validation_auc": 0.7, "validation_log_loss": 0.7 - n / 100} for n in range(20)]
    contents["selection/selection.json"]["tried"] = [*tried, {"allocator": "untrained"}]
    page = page_of(tmp_path, contents)
    assert [row for row in page.rows("allocators") if row.startswith("share")] == [f"share {n}" for n in range(19, 4, -1)]
    assert "These are the best 15 of 21" in page.words("allocators")


@pytest.mark.parametrize(
    ("unit", "words"),
    [("microseconds", "takes 1,200 µs of 1,280 µs"), ("cost", "takes 1,200 of 1,280"), ("parameters", "takes 1,200 of 1,280")],
)
def test_what_is_spent_is_in_the_budgets_unit(tmp_path, unit, words):
    contents = documents()
    contents["selection/selection.json"]["cost"]["unit"] = unit
    assert words in page_of(tmp_path, contents).words("allocators")


def test_what_changed_since_an_earlier_spec(tmp_path):
    contents = documents()
    since = {"spec": "may", "stayed": [ODD], "added": ["user"], "removed": {"hour": "not chosen", ODD: "not in the data"}}
    contents["selection/selection.json"]["since"] = since | {"widths": {ODD: [4, 2]}}
    page = page_of(tmp_path, contents)
    assert "1 of its features stayed, 2 went, 1 came. What the change is worth is not proved yet." in page.words("since")
    cells = [[text for _, text in row] for row in page.tables["since"][1:]]
    assert cells == [
        ["user", "came", "picked in round 2"],
        ["hour", "went", "not chosen"],
        [ODD, "went", "not in the data"],
        [ODD, "width 4 → 2", "narrower under this budget"],
    ]
    contents["proof/proof.json"]["points"].append(proved("previous", 2, 1500, 0.7131))
    words = page_of(tmp_path, contents).words("since")
    assert "the earlier one has an AUC of .7131 (.7101 to .7161) and tables of 1.5 kB, the new one .7164" in words
    assert "The change is worth +.0033 AUC and +.0000 log loss." in words


def test_a_thinned_tower_beside_the_dense_one(tmp_path):
    contents = documents()
    points = contents["proof/proof.json"]["points"]
    points[1]["block_sparsity"] = {"block": 16, "sparsity": 0.9}
    points.append(proved("dense pruned", 2, 1200, 0.7171))
    page = page_of(tmp_path, contents)
    assert "2 of 4 features and a thinned tower keep 99.50 % of the AUC" in page.words("headline")
    assert "prunedthinned tower" in page.rows("proof")
    words = page.words("proof")
    assert "Of the pruned model's tower 90 % of the blocks of 16 x 16 weights are taken away" in words
    assert "Thinning alone changes the AUC by -.0007 and the log loss by +.0000." in words


def test_without_a_search_one_model_is_shown_as_one(tmp_path):
    contents = documents()
    contents["selection/selection.json"]["budget"] = {"all": True}
    words = page_of(tmp_path, contents).words("headline")
    assert "All 4 features are kept: AUC .7164 (.7134 to .7194). Nothing was searched, as the config has no selection." in words
    assert "difference" not in words


def test_data_quality_in_words(page):
    assert "80 train rows, 20 test rows. Rejected: 1,200 (ragged row), 3 (<text>)." in page.words("quality")
    assert page.rows("quality")["hour"] == ["2.5 %", "0.0 %", "+0.50"]


def test_provenance_in_words(page, numbers):
    words = page.words("provenance")
    assert numbers["provenance"]["config"] in words
    assert "split 0, selection 7, training 1, 2, 3" in words
    assert "sequential attention: 1 warm-up and 3 picking rounds of 25 steps, batch 8; 1.5 s" in words
    assert page.rows("provenance")["Stage search"] == ["0123456789abcdef, 2.5 s"]


def test_what_has_not_run_is_named_with_its_command(tmp_path):
    contents = preprocessed()
    contents["transformed/statistics.json"] |= {"rejected": {}, "splits": {}}
    page = page_of(tmp_path, contents)
    assert set(page.tables) == {"cost", "features", "quality", "provenance", "absent"}
    assert "4 features, and no selection yet." in page.words("headline")
    for command in ("select", "prove", "export", "compare"):
        assert f"winnow {command} CONFIG" in page.words("absent")
    assert "No row was rejected." in page.words("quality")
    assert page.rows("features")["still"][0] == "constant"


@pytest.mark.parametrize(
    ("absent", "words"),
    [
        ("proof/proof.json", "2 of 4 features are kept; what that costs in quality is not proved yet."),
        ("selection/selection.json", "4 features, and no selection yet."),
        ("search/path.json", "2 of 4 features keep 99.50 % of the AUC"),
        ("proof/timing.json", "2 of 4 features keep 99.50 % of the AUC"),
        ("model/measured.json", "2 of 4 features keep 99.50 % of the AUC"),
    ],
)
def test_any_one_document_may_be_absent(tmp_path, absent, words):
    contents = documents()
    del contents[absent]
    assert words in page_of(tmp_path, contents).words("headline")


def test_search_without_validation_rows_or_with_kept_features(tmp_path):
    contents = documents()
    picks = contents["search/path.json"]["picks"]
    for pick in picks:
        pick["estimate"] = None
    picks[0] |= {"round": 0, "attention": 1.0}  # kept by the config: no estimate, no score, no round of its own
    del picks[0]["estimate"], picks[0]["score"]
    contents["selection/selection.json"]["kept"][0]["round"] = 0
    cells = page_of(tmp_path, contents).rows("features")[ODD]
    assert cells == ["kept by the config", "0", "categorical", "12", "5.0 %", *"---", "2", "800 B", "400 B"]


@pytest.mark.slow
def test_page_in_a_browser(page, tmp_path):
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
                session.get((tmp_path / "out" / "index.html").as_uri())
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
