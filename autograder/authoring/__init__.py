"""An instructor's commands: release, verify, a new week, the sample class."""
