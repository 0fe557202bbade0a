"""The version of Headwater that is installed."""

from importlib.metadata import version

__version__ = version("headwater")
