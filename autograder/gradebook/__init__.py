"""nbgrader stays the system of record: its database, the graded notebooks, late penalties."""
