"""Write a simulated business also as the files of real platforms, with the rows a perfect mapping gives of them."""

from userops.simulate.platforms.accounts import keyed
from userops.simulate.platforms.convert import as_platforms

__all__ = ["as_platforms", "keyed"]
