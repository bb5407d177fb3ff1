"""Short trainings of a model's own variables. Needs TensorFlow."""
