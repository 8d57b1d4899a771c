"""The gate inside Airflow: a page on a run of `nightly`, with a decision where it is held, under Airflow's own rights.

A FastAPI app in a plugin is open to anyone unless it asks for access itself. Every path here asks Airflow's auth
manager: looking takes what reading a run of the DAG takes, deciding what answering the DAG `approval` takes.

A decision is a POST of JSON. Another site can neither make a browser send that without a preflight, which Airflow
refuses, nor use the session: its cookie is SameSite=Lax. `Sec-Fetch-Site` is asked too, for sites of the same domain.
"""

import logging
import secrets
from typing import Annotated, Literal

from airflow.api_fastapi.app import get_auth_manager
from airflow.api_fastapi.auth.managers.models.resource_details import DagAccessEntity, DagDetails
from airflow.api_fastapi.common.db.common import SessionDep
from airflow.api_fastapi.core_api.security import GetUserDep, requires_access_dag
from airflow.assets.manager import asset_manager
from airflow.models.asset import AssetModel
from airflow.models.dagrun import DagRun
from airflow.models.xcom import XComModel
from fastapi import BackgroundTasks, Depends, FastAPI, Header, HTTPException, status
from fastapi.responses import HTMLResponse
from pydantic import BaseModel, ConfigDict, StringConstraints
from sqlalchemy import select
from sqlalchemy.orm import Session

from userops import airflow_runtime, run
from userops.errors import EXIT_FAILED, UseropsError
from userops.gate import approval, page, review
from userops.settings import Settings
from userops.warehouse.connection import connect
from userops.warehouse.location import warehouse_url

DAG, APPROVAL, MARTS = "nightly", "approval", "userops://marts"
DECIDE = {"method": "PUT", "access_entity": DagAccessEntity.HITL_DETAIL}
log = logging.getLogger(__name__)


class Decision(BaseModel):
    """What a person decides about a held run, and why."""

    model_config = ConfigDict(extra="forbid")

    decision: Literal["approved", "rejected"]
    reason: Annotated[str, StringConstraints(strip_whitespace=True, min_length=3, max_length=500)]


def same_site(sec_fetch_site: Annotated[str | None, Header()] = None) -> None:
    """Refuse what a browser sends for another site; a client that is no browser sends no such header."""
    if sec_fetch_site not in (None, "same-origin", "none"):
        raise HTTPException(status.HTTP_403_FORBIDDEN, "A decision is sent by the page itself, not by another site.")


def build_app() -> FastAPI:
    """The app, without pages of documentation: those would be open to anyone."""
    app = FastAPI(title="userops gate", docs_url=None, redoc_url=None, openapi_url=None)
    app.get(
        "/{dag_id}/{dag_run_id:path}", response_class=HTMLResponse,
        dependencies=[Depends(requires_access_dag(method="GET", access_entity=DagAccessEntity.RUN))],
    )(show)  # fmt: skip
    app.post(
        f"/{DAG}/{{dag_run_id:path}}",
        dependencies=[
            Depends(same_site), Depends(requires_access_dag(**DECIDE, param_dag_id=APPROVAL)),
            Depends(requires_access_dag(method="GET", access_entity=DagAccessEntity.RUN, param_dag_id=DAG)),
        ],
    )(decide)  # fmt: skip
    return app


def show(dag_id: str, dag_run_id: str, user: GetUserDep, session: SessionDep) -> HTMLResponse:
    """The page of a run of Airflow."""
    settings, nonce = airflow_runtime.task_settings(), secrets.token_urlsafe(16)
    if dag_id != DAG:
        return _html(page.notice("other_dag", language=settings.language, nonce=nonce), nonce)
    begun = _begun(session, dag_run_id)
    found = begun and _review(settings, begun)
    if found is None:
        return _html(page.notice("not_begun", language=settings.language, nonce=nonce), nonce)
    may_decide = get_auth_manager().is_authorized_dag(**DECIDE, details=DagDetails(id=APPROVAL), user=user)
    text = page.render(
        found, language=settings.language, timezone=settings.timezone, may_decide=may_decide, nonce=nonce
    )
    return _html(text, nonce)


def decide(
    dag_run_id: str, wanted: Decision, user: GetUserDep, session: SessionDep, later: BackgroundTasks
) -> dict[str, str | int | None]:
    """Approve a held run, which publishes it, or reject it; who did is the user of Airflow."""
    settings, name, begun = airflow_runtime.task_settings(), user.get_name(), _begun(session, dag_run_id)
    found = begun and _review(settings, begun)
    if not found or not found.can_be_decided:
        raise HTTPException(status.HTTP_409_CONFLICT, "This run does not wait for a person (any more).")
    day = found.business_date.isoformat()
    version = None
    try:
        if wanted.decision == "rejected":
            with connect(warehouse_url(settings), "publisher") as connection:
                approval.reject(connection, day, name, wanted.reason)
        else:
            released = _release(settings, found.run_id, day, name, wanted.reason)
            if released:
                version = released["version"]
                _tell_consumers(session, name)
                # The site takes its time, and readers of the marts do not wait for it.
                later.add_task(run.serve, settings, released)
    except UseropsError as error:
        code = status.HTTP_503_SERVICE_UNAVAILABLE if error.exit_code == EXIT_FAILED else status.HTTP_409_CONFLICT
        raise HTTPException(code, str(error)) from error
    return {"decision": wanted.decision, "by": name, "business_date": day, "version": version}


def _release(settings: Settings, run_id: str, day: str, by: str, reason: str) -> dict | None:
    """Publish in a person's name; a publication that breaks closes the run and tells the people on call."""
    try:
        return run.release(settings, day, by, reason)
    except Exception as error:
        run.fail(settings, run_id, str(error))
        raise


def _tell_consumers(session: Session, by: str) -> None:
    """Start what follows a publication (the DAG `activation`), as the task `publish` does for its own."""
    asset = session.scalar(select(AssetModel).where(AssetModel.uri == MARTS))
    if asset is None:
        log.info("Airflow knows of no asset %s: nothing follows the publication", MARTS)
        return
    asset_manager.register_asset_change(asset=asset, extra={"approved_by": by}, source_is_api=True, session=session)


def _begun(session: Session, dag_run_id: str) -> str | None:
    """The warehouse's run of a run of Airflow: what its task `begin` returned; 404 for a run that is not there."""
    if session.scalar(select(DagRun.id).where(DagRun.dag_id == DAG, DagRun.run_id == dag_run_id)) is None:
        raise HTTPException(status.HTTP_404_NOT_FOUND, f"There is no run {dag_run_id!r} of {DAG}.")
    kept = session.scalar(XComModel.get_many(key="return_value", run_id=dag_run_id, dag_ids=DAG, task_ids="begin"))
    return kept and XComModel.deserialize_value(kept)["run_id"]


def _review(settings: Settings, run_id: str) -> review.Review | None:
    url = warehouse_url(settings)
    with connect(url, "publisher") as connection:
        found = review.read(connection, run_id)
    if found:
        with connect(url, "loader") as connection:
            found.set_aside.extend(review.set_aside(connection, run_id))
    return found


def _html(text: str, nonce: str) -> HTMLResponse:
    policy = (
        f"default-src 'none'; style-src 'nonce-{nonce}'; script-src 'nonce-{nonce}'; connect-src 'self';"
        " frame-ancestors 'self'; base-uri 'none'; form-action 'none'"
    )
    headers = {"Content-Security-Policy": policy, "Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}
    return HTMLResponse(text, headers=headers)
