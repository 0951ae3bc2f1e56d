"""Images: pull, push, load, save, tag, remove, history."""
