"""Klaviyo and Mautic mailings, GA4 sessions: one row a message or session, consents, what is nobody's."""

import json
from pathlib import Path

import pytest
from platform_reading import PLATFORMS, Reader, one_by_one, reader

EVENTS = PLATFORMS / "klaviyo" / "klaviyo_events.json"
PUSH = (
    "contact_id, campaign_id, medium, strftime(sent_at, '%d %H:%M:%S'), strftime(delivered_at, '%d %H:%M:%S'),"
    " strftime(opened_at, '%d %H:%M:%S'), strftime(clicked_at, '%d %H:%M:%S'), strftime(unsubscribed_at, '%d %H:%M:%S')"
)
NO_SENDING = "an event of a message whose sending the file does not hold"


@pytest.fixture(scope="module")
def klaviyo():
    with reader("klaviyo") as opened:
        yield opened


@pytest.fixture(scope="module")
def mautic():
    with reader("mautic") as opened:
        yield opened


@pytest.fixture(scope="module")
def ga4():
    with reader("ga4") as opened:
        yield opened


def test_klaviyo_events_are_told_by_the_metrics_and_go_to_their_message(klaviyo: Reader) -> None:
    read = klaviyo.read(EVENTS, "pushes", f"distinct push_id, {PUSH}", "push_id")
    spring = "01H7F525FKR31P27Y7PNGVBBKK | email | 02 00:00:00 | 02 00:00:00"
    assert one_by_one(read.rows) == [
        f"e01 | 01PROFA | {spring} | 02 00:01:00 | 02 00:01:35 | ",
        f"e05 | 01PROFB | {spring} |  |  | 02 00:02:00",
        # The same message of a flow twice: what was opened is the newer one, be it in the same second.
        "e07 | 01PROFA | UupFUS | email | 02 01:00:00 | 02 01:00:00 |  |  | ",
        "e08 | 01PROFA | UupFUS | email | 02 02:00:00 | 02 02:00:00 | 02 02:00:00 |  | ",
        "e10 | 01PROFC | SMS001 | sms | 02 00:00:00 | 02 00:00:00 |  |  | ",
    ]
    assert (read.conflicts, read.bad) == (0, [])
    assert dict(read.set_aside[:3]) == {
        11: NO_SENDING, 12: "an event of another metric is no message", 13: "an event of another metric is no message",
    }
    assert {reason for _, reason in read.set_aside[3:]} == {"a metric of the list is no event"}


def test_klaviyo_answers_that_go_on_or_lack_the_metrics_are_refused(klaviyo: Reader, tmp_path: Path) -> None:
    first, last, metrics = json.loads(EVENTS.read_text())

    def refusal(*answers: dict) -> str:
        text = json.dumps(answers)
        return klaviyo.read_text(tmp_path, "klaviyo_events.json", text, "pushes", "1").refused

    assert refusal(first, metrics) == "suspect_file: the last page is missing: it names a next one"
    assert refusal(first, last) == "suspect_file: the names of the metrics are missing"
    assert refusal({"errors": [{"status": 429}]}) == "suspect_file: the platform answered with an error"
    assert refusal(first, {"data": [], "links": {"next": None}}, metrics) == ""


def test_klaviyo_profiles_are_contacts_with_what_they_said(klaviyo: Reader) -> None:
    columns = "contact_id, email, phone, nickname, email_consent, sms_consent, strftime(updated_at, '%m-%d %H:%M')"
    read = klaviyo.read(PLATFORMS / "klaviyo" / "klaviyo_profiles.csv", "contacts", columns)
    assert one_by_one(read.rows) == [
        "01PROFA | ada@tea.example | +4915112345678 | Ada Lind | True |  | 03-02 00:01",
        "01PROFB | bo@tea.example |  | Bo | False |  | 03-02 00:02",
        "01PROFC | cy@tea.example | +4915112345679 |  |  |  | 01-05 01:00",
        "01PROFD | dee@tea.example |  | Dee | False |  | 05-01 00:00",
        # A mailbox that does not exist has said nothing.
        "01PROFE | eve@tea.example |  | Eve | True |  | 05-02 00:00",
    ]


def test_mautic_messages_of_nobody_and_totals_are_set_aside(mautic: Reader) -> None:
    read = mautic.read(PLATFORMS / "mautic" / "mautic_emails_sent.csv", "pushes", PUSH)
    assert one_by_one(read.rows) == [
        "7 | 3 | email | 01 02:00:00 | 01 02:00:00 | 01 02:30:00 |  | ",
        "7 | 4 | email | 02 01:00:00 |  |  |  | ",
        "8 | 3 | email | 01 02:00:00 | 01 02:00:00 |  |  | 01 02:00:00",
        "9 | 3 | email | 01 02:00:01 |  |  |  | ",
    ]
    assert [row for row, _ in read.set_aside] == [5, 6]
    counted = mautic.read(PLATFORMS / "mautic" / "mautic_emails_sent.csv", "pushes", "count(distinct push_id)")
    assert counted.rows == [(4,)]


def test_mautic_contacts_say_nothing_of_consent(mautic: Reader) -> None:
    columns = "contact_id, phone, email_consent, strftime(updated_at, '%m-%d %H:%M')"
    read = mautic.read(PLATFORMS / "mautic" / "mautic_contacts.csv", "contacts", columns)
    # The second names no time of its own: it is of the end of the folder's day.
    assert one_by_one(read.rows) == ["7 | +4915112345678 |  | 03-01 02:30", "8 | +4940123456 |  | 03-02 15:59"]


def test_ga4_sessions_are_touches_of_the_channel_they_came_by(ga4: Reader) -> None:
    columns = "device_id, channel_code, campaign_id, strftime(occurred_at, '%d %H:%M:%S'), contact_id"
    read = ga4.read(PLATFORMS / "ga4" / "ga4_events_20260302.jsonl", "touches", columns)
    assert one_by_one(read.rows) == [
        "1234567890.1772400000 | email | spring | 02 00:00:00 | ",
        "1334567890.1772401111 | google_ads |  | 02 00:00:05 | ",
        "1434567890.1772402222 | meta_ads | reach | 02 00:00:06 | ",
        "1534567890.1772403333 | organic_search |  | 02 00:00:07 | ",
        "1734567890.1772405555 | microsoft_ads |  | 02 00:00:09 | ",
    ]
    assert dict(read.set_aside) == {
        2: "an event within a session is no touch", 6: "a direct session came by no channel",
        7: "without consent: whose session it was is not known",
    }
    ids = ga4.read(PLATFORMS / "ga4" / "ga4_events_20260302.jsonl", "touches", "touch_id").rows
    assert len(set(ids)) == 5 and all("1234567890.1772400000" not in touch for (touch,) in ids)
