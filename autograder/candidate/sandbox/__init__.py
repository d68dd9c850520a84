"""Confinement: the kernel keeps a candidate to what it may see and use."""
