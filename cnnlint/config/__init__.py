"""What a run was asked to do: configuration files and flags become the `Settings` of each file."""

from cnnlint.config.discovery import Configuration
from cnnlint.config.settings import UNJUDGED_FAMILY, Settings, UsageError

__all__ = ["UNJUDGED_FAMILY", "Configuration", "Settings", "UsageError"]
