"""What a run is, as frozen records of NumPy arrays and plain data: the reader makes them, rules read them."""

from tb_nnhealth.records.epochs import Epoch, ModeLosses
from tb_nnhealth.records.galleries import Exhibit, Galleries, Gallery, Share, Token, is_slender
from tb_nnhealth.records.model import BatchTensor, Layer, ModelFacts, Variable
from tb_nnhealth.records.nonfinite import NonFinite, Place
from tb_nnhealth.records.preflight import INTERRUPTED, Flight, Probed
from tb_nnhealth.records.run import HealthRun
from tb_nnhealth.records.tables import FloatArray, Histograms, IntArray, Table

__all__ = [
    "INTERRUPTED",
    "BatchTensor",
    "Epoch",
    "Exhibit",
    "Flight",
    "FloatArray",
    "Galleries",
    "Gallery",
    "HealthRun",
    "Histograms",
    "IntArray",
    "Layer",
    "ModeLosses",
    "ModelFacts",
    "NonFinite",
    "Place",
    "Probed",
    "Share",
    "Table",
    "Token",
    "Variable",
    "is_slender",
]
