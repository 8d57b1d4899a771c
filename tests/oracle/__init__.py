"""The marts computed a second time, from the specification and the delivered files alone, in plain Python.

Nothing here reads the warehouse, its SQL or its descriptions: dictionaries, `Decimal` and loops, slow and obvious.
`Known` (exports) is what had been delivered by the end of a business date; `Business` (business) is what follows
from it for people, orders and stages; one module an area turns that into the rows of its marts.
"""
