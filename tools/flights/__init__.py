"""Measures how often the probes of a preflight are right, on models and data of known verdict."""
