"""Benchmarks: mfbench beside MLflow and DVC, measured in one run.

``python -m benchmarks`` runs everything; see README.md in this folder.
This module imports nothing: the peers' interpreters import it too.
"""
