"""Brief trainings on some examples, looked at on others, beside simple models. Needs TensorFlow."""
