"""What a person runs beside the main job: a first config, a pruned config, checks of the machine, the demo."""
