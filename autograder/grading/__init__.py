"""A class from its first submission to its last, on this machine or on a cluster."""
