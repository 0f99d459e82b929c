"""Factory operators. Being written by F."""

OPERATORS = []
