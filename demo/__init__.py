"""Trains healthy and sick models on real data, and shows what tb_nnhealth says of them."""
