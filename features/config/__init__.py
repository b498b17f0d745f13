"""The YAML config: its sections, how it is read, and how its rules match the data's columns."""

from features.config.budget import Budget
from features.config.config import Config, ServingConfig
from features.config.data import DataConfig, SplitConfig
from features.config.model import BlockSparsityConfig, ModelConfig, TowerConfig, TrainingConfig
from features.config.selection import FrontierConfig, ProofConfig, SelectionConfig

__all__ = [
    "BlockSparsityConfig",
    "Budget",
    "Config",
    "DataConfig",
    "FrontierConfig",
    "ModelConfig",
    "ProofConfig",
    "SelectionConfig",
    "ServingConfig",
    "SplitConfig",
    "TowerConfig",
    "TrainingConfig",
]
