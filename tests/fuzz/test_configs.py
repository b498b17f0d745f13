"""Mutated configs are refused with a ConfigError, or resolved."""

from pathlib import Path

import numpy as np
import yaml

from features.config import Config
from features.errors import ConfigError
from tests.fuzz.campaign import FaultError
from tests.fuzz.mutation import mutated_bytes, mutated_document, odd_text

CONFIGS = sorted((Path(__file__).parents[2] / "configs").glob("*.yaml"))


def columns_of(config: Config) -> list[str]:
    """Columns for most rules of the config, the label and the split's among them."""
    patterns = [pattern for rule in config.features for pattern in rule.match]
    names = [pattern.replace("*", "x").replace("..", "0") for pattern in patterns]
    numbered = [name.partition("..")[0] for name in patterns if ".." in name]
    extra = [config.data.label, config.data.weight, config.data.split.column]
    return list(dict.fromkeys([*names, *numbered, *filter(None, extra), *config.data.columns, "other"]))


def test_configs(campaign, work_folder):
    texts = [path.read_text() for path in CONFIGS]
    documents = [yaml.safe_load(text) for text in texts]
    path = work_folder / "config.yaml"

    def attempt(rng: np.random.Generator) -> None:
        number, overrides = int(rng.integers(0, len(texts))), []
        match rng.integers(0, 3):
            case 0:
                path.write_bytes(mutated_bytes(rng, texts[number].encode(), 2))
            case 1:
                path.write_text(yaml.safe_dump(mutated_document(rng, documents[number], documents, most=2), allow_unicode=True))
            case _:
                path.write_text(texts[number])
                overrides = [override(rng, documents[number]) for _ in range(rng.integers(1, 4))]
        config = Config.load(path, overrides)
        columns = columns_of(config)
        if rng.random() < 0.5:
            columns += [odd_text(rng, columns) for _ in range(4)]
        if rng.random() < 0.2:
            columns.pop(rng.integers(0, len(columns)))
        features = config.resolve(list(dict.fromkeys(columns)))
        if len({feature.name for feature in features}) < len(features):
            raise FaultError(f"two features of one name: {features}")

    tried = campaign("configs", short=200)
    tried.run(attempt, ConfigError)
    tried.check()


def override(rng: np.random.Generator, document: dict) -> str:
    """A `--set` of a known field or an odd one, to an odd value."""
    path, fields = [], document
    while isinstance(fields, dict) and fields:
        path.append(str(list(fields)[rng.integers(0, len(fields))]))
        fields = fields[path[-1]]
    if rng.random() < 0.2:
        path[rng.integers(0, len(path))] = odd_text(rng, path)
    text = odd_text(rng, [str(fields)]) if rng.random() < 0.8 else f"[{odd_text(rng)}, {odd_text(rng)}]"
    return f"{'.'.join(path)}={text}"
