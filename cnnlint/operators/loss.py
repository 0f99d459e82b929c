"""Loss operators. Being written by F."""

OPERATORS = []
