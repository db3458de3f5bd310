"""Models of people: who is similar to a seed, who is likely to do something, and what that rests on."""
