"""The kernel, thin: raises OSError only, holds no policy."""
