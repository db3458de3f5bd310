"""Models of people: lookalikes (a seed, its model, how far it reaches, the audience made of it) and propensities."""
