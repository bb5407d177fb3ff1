"""One sick model for each rule: a mistake that people really make, after which the rule must fire."""

from demo import data_faults, definition_faults, training_faults
from demo.fault import Fault
from tb_nnhealth.rules import DIAGNOSES

_FAULTS = {**definition_faults.FAULTS, **data_faults.FAULTS, **training_faults.FAULTS}

FAULTS: dict[str, Fault] = {rule: _FAULTS[rule] for rule in DIAGNOSES if rule in _FAULTS}
"""Every fault by the rule that must fire, in the rules' order."""
