"""The autograder of an MNIST and CNN course: release, grade, report."""

__version__ = "0.1.0"
