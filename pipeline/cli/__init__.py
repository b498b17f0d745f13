"""The command line: commands, their shared options, and what they print."""
