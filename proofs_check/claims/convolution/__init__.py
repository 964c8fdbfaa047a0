"""Convolutional networks with two layers."""
