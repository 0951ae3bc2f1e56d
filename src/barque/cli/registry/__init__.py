"""Commands on registries: log in, log out, search."""
