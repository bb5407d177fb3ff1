"""One sick model for each probe of a preflight: a mistake that people really make, which the probe must find."""

from demo import preflight_data_faults, preflight_gradient_faults, preflight_learning_faults
from demo.fault import Fault
from tb_nnhealth.rules import DIAGNOSES

_FAULTS = {**preflight_data_faults.FAULTS, **preflight_gradient_faults.FAULTS, **preflight_learning_faults.FAULTS}

FAULTS: dict[str, Fault] = {rule: _FAULTS[rule] for rule in DIAGNOSES if rule in _FAULTS}
"""Every fault by the probe that must find it, in the rules' order."""
