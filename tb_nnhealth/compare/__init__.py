"""Two models side by side, layer by layer: forwards, the loss, and backwards, up to the first place that differs."""
