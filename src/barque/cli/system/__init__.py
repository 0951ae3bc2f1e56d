"""Commands on the engine as a whole."""
