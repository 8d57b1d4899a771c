"""Which date must be there by now."""

from datetime import date, datetime, time

from userops.alerts.watchdog import due_date


def test_before_the_hour_the_day_before_yesterday_is_due():
    assert due_date(datetime(2025, 3, 10, 7, 59), time(8)) == date(2025, 3, 8)


def test_from_the_hour_on_yesterday_is_due():
    assert due_date(datetime(2025, 3, 10, 8, 0), time(8)) == date(2025, 3, 9)
