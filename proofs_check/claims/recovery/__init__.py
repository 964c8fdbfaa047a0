"""The structure near global minima."""
