"""cnnlint, the CNN architecture shape and parameter linter for PyTorch."""

__version__ = "0.1.0"
