"""Strangers' HTML, Markdown and code made harmless, in time that grows with their length."""
