"""The programs: composition roots."""
