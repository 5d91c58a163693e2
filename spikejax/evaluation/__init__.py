"""Scores of methods on data whose true images are known: samples, metrics, cost, tables, page."""
