"""What every stage runs on: files, fingerprints, the console, the log, Beam. Knows no feature and no model."""
