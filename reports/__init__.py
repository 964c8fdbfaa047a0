"""From a stored run to what people read: pages, figures, machine files, and the comparison with a baseline.

The package reads ``results.json`` against its schema and imports nothing else of the project.
"""
