"""The base of every error that is meant for a person."""


class Problem(Exception):
    """Something that a person can mend: the text is one clear sentence with the way out."""


class GradeError(Problem):
    """Grading cannot go on; the text is one clear sentence with the way out."""
