"""What was handed in, and the records of what became of it."""
