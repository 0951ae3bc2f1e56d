"""The barque command line."""
