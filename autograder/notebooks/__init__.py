"""Notebooks as files: read, merged with the release, written."""
