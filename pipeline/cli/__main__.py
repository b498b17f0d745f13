"""`python -m pipeline.cli` is `winnow`."""

from pipeline.cli.app import main

main()
