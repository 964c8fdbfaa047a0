"""``python -m proofs_check``."""

from proofs_check.command_line import main

if __name__ == "__main__":
    main(prog_name="proofs-check")
