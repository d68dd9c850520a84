"""The examiner's end of a candidate: its process, the talk with it, and what comes back."""
