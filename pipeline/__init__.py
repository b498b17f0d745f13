"""The stages of the main job and the command line."""
