"""Evaluation of results against labels: truth, runs, scores, significance, calibration; reads files and asks nobody."""
