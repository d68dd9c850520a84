"""Taking submissions as they arrive, and giving feedback back."""
