"""One small process per container: stdio, log, reaping, exit file."""
