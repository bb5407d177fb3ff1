"""The version of the package: read by setup.py, written into every manifest and scorecard."""

__version__ = "0.1.0"
