"""The version of beastly: the one place that names it. It imports nothing."""

__all__ = ["__version__"]

__version__ = "0.1.0"
