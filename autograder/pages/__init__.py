"""Pages: feedback for a student, the report for the staff."""
