"""Layer tars: apply, diff, archive."""
