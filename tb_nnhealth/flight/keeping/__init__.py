"""A model and a process that are afterwards as if nothing had been done to them. Needs TensorFlow."""
