"""The module `torch.version`."""

from ._version import __version__

cuda = None
hip = None
git_version = ""
debug = False
__all__ = ["__version__", "cuda", "hip"]
