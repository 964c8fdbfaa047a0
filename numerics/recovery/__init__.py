"""The structure near global minima, measured."""
