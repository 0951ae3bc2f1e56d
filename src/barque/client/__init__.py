"""The calling side of the Engine API."""
