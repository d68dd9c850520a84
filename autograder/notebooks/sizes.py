"""How large a notebook file may be: one bound for whatever reads one."""

MAX_NOTEBOOK = 64 << 20
"""Bytes. A notebook of 55 MB, nearly all of it pictures, is read in half a second and 250 MB of memory."""
MAX_CONTAINERS = 4_000_000
"""Lists and objects in its JSON. 64 MiB of empty ones would take 7 s and 2.3 GB, these at most 1.3 GB."""
