"""The nouns, frozen, and what they mean; nothing here reads data.

The words of the house: *profile* (one row of the profile table), *trait* (a value a profile has), *event* (something
a profile did at a time), *object* (something it has, without a time), *audience* (a named rule), *rule* (a tree),
*condition* (a leaf of that tree), *snapshot* (the frozen member set of a run), *membership* (a profile in an audience),
*run*, *sync*, *destination*, *site*, *identity graph*.
"""
