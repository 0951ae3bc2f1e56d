"""``run`` and ``create`` flags into the body of a create request. Pure but for the files the flags name."""
