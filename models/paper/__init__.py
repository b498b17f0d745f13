"""Selection of dense columns and the linear theory: what benchmarks and docs use, the pipeline does not."""
