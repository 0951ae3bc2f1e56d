"""Commands on stored contexts."""
