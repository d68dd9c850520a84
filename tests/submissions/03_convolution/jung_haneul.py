# Handed in as released.

