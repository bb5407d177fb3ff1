"""A gallery of a few examples: what the first layers really get, with targets and predictions.

gallery(model, x, y, examples=8)    # a dict, bounded in bytes, that JSON takes
"""

from tb_nnhealth.instrument.gallery.galleries import Galleries
from tb_nnhealth.instrument.gallery.show import MOST_BYTES, MOST_EXAMPLES, gallery, unknown_names
from tb_nnhealth.instrument.gallery.words import Vocabularies, vocabularies

__all__ = ["MOST_BYTES", "MOST_EXAMPLES", "Galleries", "Vocabularies", "gallery", "unknown_names", "vocabularies"]
