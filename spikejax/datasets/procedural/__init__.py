"""Procedural scenes drawn from a random key, with exact flow, and their simulated cameras."""
