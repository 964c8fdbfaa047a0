"""Dropout: exact moments over masks, the penalty on the line decided exactly, the noise beside the landscape."""
