"""From the landing folder to the lake: what is good is stored, what is bad is set aside or refused."""

from userops.ingest.landing import newest_delivered
from userops.ingest.loader import load_export
from userops.ingest.owed import Owed, check_owed, owed, waive
from userops.ingest.work import Work, list_work

__all__ = ["Owed", "Work", "check_owed", "list_work", "load_export", "newest_delivered", "owed", "waive"]
