"""From claims files to results.json: discovery, execution in workers, verdicts, storage."""
