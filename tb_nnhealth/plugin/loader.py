"""TensorBoard's entry point. Whatever is raised here would stop TensorBoard itself, so nothing is."""

import logging
from typing import Any

from tensorboard.plugins import base_plugin

from tb_nnhealth.summary.metadata import PLUGIN_NAME

logger = logging.getLogger(__name__)


class NNHealthLoader(base_plugin.TBLoader):  # type: ignore[misc]
    """Asks TensorBoard to keep every row of a run, and makes the plugin when it is wanted."""

    def fix_flags(self, flags: Any) -> None:
        """Sets `samples_per_plugin` to 0 (keep all) for this plugin, unless the user gave a number.

        The flag is a dict from the command line, but a program may configure TensorBoard with the text form.
        """
        try:
            samples = getattr(flags, "samples_per_plugin", None)
            if isinstance(samples, dict):
                samples.setdefault(PLUGIN_NAME, 0)
            elif samples is None or isinstance(samples, str):
                flags.samples_per_plugin = _with_default(samples or "")
        except Exception:
            logger.exception("nnhealth keeps TensorBoard's own sampling: --samples_per_plugin could not be read")

    def load(self, context: Any) -> Any:
        """Returns the plugin, None (no Health tab) where it cannot be made."""
        try:
            from tb_nnhealth.plugin.plugin import NNHealthPlugin

            return NNHealthPlugin(context)
        except Exception:
            logger.exception("the Health tab is not available")
            return None


def _with_default(text: str) -> dict[str, int]:
    pairs = (pair.split("=") for pair in text.split(",") if pair.strip())
    samples = {name.strip(): int(count) for name, count in pairs}
    samples.setdefault(PLUGIN_NAME, 0)
    return samples
