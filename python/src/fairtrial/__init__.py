"""Every model gets a fair trial: evaluation with evidence, from Python.

The Go program that the wheel carries computes every number; this package moves data to
it and shows what it answers. Nothing heavy is imported before it is used.
"""

from fairtrial._version import __version__

__all__ = ["__version__"]
