"""Algorithms in numpy and scipy: no I/O, no SQL, no pandas.

Every function takes and returns arrays, keeps no state and gives the same figures for the same input, whatever the
order of its rows. Docstrings name shapes, units, errors and the source of the method.

components       connected components: which identifiers belong to one person
referral_forest  who invited whom: depth, invitees and descendants
markov           removal effects of marketing channels
bg_nbd           BG/NBD: how often a customer will order again, and whether he still is one
gamma_gamma      Gamma-Gamma: what a customer's next order will be worth
fitting          maximum likelihood for these two models
value            both models over all buyers, and how far off they were on days held out
interests        which categories a user will turn to next
"""
