"""The first examples of anything that `fit` takes, and the data as if nothing had been taken. Needs TensorFlow."""
