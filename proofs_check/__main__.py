"""``python -m proofs_check``."""

from proofs_check.commands._group import main

if __name__ == "__main__":
    main(prog_name="proofs-check")
