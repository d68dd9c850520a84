"""Submissions that are alike."""
