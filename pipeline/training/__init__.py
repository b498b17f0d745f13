"""Training one model of a run: progress, curves and checkpoints in the work folder."""
