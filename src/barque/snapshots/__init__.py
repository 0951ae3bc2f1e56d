"""Stacked file systems by key: overlay and vfs."""
