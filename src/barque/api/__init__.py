"""The HTTP edge of the Engine API."""
