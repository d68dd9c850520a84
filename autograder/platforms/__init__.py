"""The ways in and out: what other platforms give, and what they take."""
