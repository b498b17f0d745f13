"""Raw files: which there are, how they are cut into shards, and their rows as Arrow tables."""
