"""The untrusted side: a warm interpreter, confined, that runs one student's notebook."""
