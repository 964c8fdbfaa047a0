"""One module per command of ``proofs-check``, each with a click command ``command``; importing one must stay cheap."""
