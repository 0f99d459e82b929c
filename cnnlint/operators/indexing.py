"""Indexing operators. Being written by F."""

OPERATORS = []
