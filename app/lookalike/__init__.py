"""Lookalikes: a seed, its model, how far it reaches, and the audience made of it."""
