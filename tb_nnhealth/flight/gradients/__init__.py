"""The gradient of a training step, against differences in double precision. Needs TensorFlow."""
