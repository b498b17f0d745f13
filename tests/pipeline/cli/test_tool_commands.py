def test_init_overwrites_no_config(call, small_job, tmp_path):
    small_job()
    code, _, err = call("init", tmp_path / "train.parquet", "-o", tmp_path / "small.yaml")
    assert (code, err) == (2, f"error: {tmp_path / 'small.yaml'} exists; name another file with --output\n")


def test_init_writes_a_config_and_says_what_it_guessed(call, small_job, tmp_path):
    small_job()
    code, out, err = call("init", tmp_path / "train.parquet", "-o", tmp_path / "draft.yaml")
    assert (code, out) == (0, "")
    assert err.startswith("label: click (")
    assert f"; check its guesses, then: winnow run {tmp_path / 'draft.yaml'}\n" in err
    assert "label: click" in (tmp_path / "draft.yaml").read_text()
