"""The only code that knows Keras: it measures the training step and writes what it measured."""
