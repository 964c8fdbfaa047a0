"""Critical liftings in depth."""
