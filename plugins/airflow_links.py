"""Airflow's menu leads to the dashboards: *Browse → Dashboards* opens what USEROPS_SITE_URL names."""

from airflow.plugins_manager import AirflowPlugin

from userops.settings import Settings


class UseropsLinks(AirflowPlugin):
    """A link that opens beside Airflow: the site needs no login of Airflow's, and its pages frame nothing."""

    name = "userops_links"
    external_views = [
        {"name": "Dashboards", "href": Settings.load().site_url, "destination": "nav", "category": "browse"},
    ]
