"""Edits of the user's files: fixes that linting again confirms, and comments that silence findings."""
