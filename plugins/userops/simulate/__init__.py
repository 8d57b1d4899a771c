"""Simulated businesses with known truth, written as canonical exports."""

from userops.simulate.crm import simulate_crm
from userops.simulate.world import simulate

__all__ = ["simulate", "simulate_crm"]
