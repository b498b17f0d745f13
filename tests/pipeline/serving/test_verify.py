"""Verification: a sound model is blessed, any damage is one message."""

import json

import pytest


def test_verify_blesses_and_says_what_differs(winnow, copied):
    extra = copied / "saved_model" / "assets.extra"
    code, said = winnow("verify", copied)
    assert code == 0, said
    assert json.loads((extra / "blessing.json").read_text())["rows"] == 64
    golden = json.loads((extra / "golden_requests.json").read_text())
    golden["scores"][5] += 0.01
    (extra / "golden_requests.json").write_text(json.dumps(golden))
    code, said = winnow("verify", copied)
    assert code == 3
    assert "1 of 64 golden requests" in said
    assert "row 5" in said
    assert not (extra / "blessing.json").exists()


def test_no_model_is_one_message(winnow, tmp_path):
    code, said = winnow("verify", tmp_path)
    assert code == 3
    assert "no SavedModel is there" in said


@pytest.mark.parametrize(
    "spoil",
    [
        lambda extra: (extra / "golden_requests.json").unlink(),
        lambda extra: (extra / "golden_requests.json").write_text("{"),
        lambda extra: (extra / "golden_requests.json").write_text('{"columns": {}, "scores": [0.5]}'),
        lambda extra: (extra / "feature_spec.json").write_text('{"version": 2}'),
        lambda extra: (extra.parent / "saved_model.pb").write_bytes(b"\x0a\xff"),
        lambda extra: (extra.parent / "variables" / "variables.index").write_bytes(b""),
    ],
)
def test_any_damage_is_one_message_and_no_blessing(winnow, copied, spoil):
    extra = copied / "saved_model" / "assets.extra"
    (extra / "blessing.json").mkdir()  # even this
    spoil(extra)
    code, said = winnow("verify", copied)
    assert (code, "Traceback" in said) == (3, False), said
    assert not (extra / "blessing.json").exists()


def test_the_blessing_names_what_it_is_for(copied):
    from features.spec import sha256
    from pipeline.serving.verify import Blessing, verify

    blessing = verify(copied)
    assert blessing.blessed
    assert blessing.greatest_difference <= 1e-5
    assert blessing.signatures == ["serving_default", "serving_examples"]
    assert blessing.sha256["saved_model.pb"] == sha256(copied / "saved_model" / "saved_model.pb")
    text = (copied / "saved_model" / "assets.extra" / "blessing.json").read_text()
    assert Blessing.from_json(text, "blessing.json") == blessing
