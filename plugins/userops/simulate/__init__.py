"""Simulated businesses with known truth, written as canonical exports."""

from userops.simulate.business import simulate
from userops.simulate.crm import simulate_crm

__all__ = ["simulate", "simulate_crm"]
