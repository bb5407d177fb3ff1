"""Pure tensor functions that reduce a tensor to a few numbers, a family a module.

They run inside the training step, also under XLA, so they hold no host call and no `tf.summary`.
"""
