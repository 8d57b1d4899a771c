FROM apache/airflow:3.3.2-python3.12
USER root
RUN mkdir -p /opt/userops /var/lib/userops && chown airflow:root /opt/userops /var/lib/userops
USER airflow
WORKDIR /opt/userops
COPY --chown=airflow:root requirements requirements
# The lock holds Airflow too, in the version of the base image: nothing is resolved anew. It is the runtime's with what
# CeleryExecutor needs, so that one image serves either executor.
RUN pip install --no-cache-dir --require-hashes -r requirements/bootstrap.lock -r requirements/celery.lock
COPY --chown=airflow:root . .
RUN pip install --no-cache-dir --no-deps --no-build-isolation --editable .
ENV AIRFLOW_HOME=/var/lib/userops/airflow \
    AIRFLOW__CORE__DAGS_FOLDER=/opt/userops/dags \
    AIRFLOW__CORE__PLUGINS_FOLDER=/opt/userops/plugins \
    AIRFLOW__CORE__LOAD_EXAMPLES=False \
    USEROPS_PROJECT=/opt/userops \
    USEROPS_HOME=/var/lib/userops
