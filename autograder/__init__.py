"""The autograder of an MNIST and CNN course: release, grade, report."""

import sys

__version__ = "0.1.0"

# nbformat imports jsonschema, which takes 0.9 s to import a grammar of internationalised addresses where
# there is one, and leaves that check out where there is none. No notebook and no course has such an address.
sys.modules.setdefault("rfc3987_syntax", None)  # type: ignore[arg-type]
