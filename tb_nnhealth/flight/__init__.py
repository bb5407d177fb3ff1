"""Experiments on a model before it is trained. Needs TensorFlow."""
