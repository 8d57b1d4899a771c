FROM python:3.11-slim
RUN useradd --create-home --uid 10001 userops
WORKDIR /opt/userops
COPY requirements requirements
RUN python -m venv .venv \
    && .venv/bin/python -m pip install --no-cache-dir --require-hashes -r requirements/bootstrap.lock \
    && VIRTUAL_ENV=/opt/userops/.venv .venv/bin/uv pip install --no-cache --require-hashes -r requirements/runtime.lock
COPY . .
RUN VIRTUAL_ENV=/opt/userops/.venv .venv/bin/uv pip install --no-cache --no-deps --no-build-isolation -e . \
    && mkdir -p /var/lib/userops && chown userops /var/lib/userops
USER userops
ENV PATH=/opt/userops/.venv/bin:$PATH USEROPS_HOME=/var/lib/userops
ENTRYPOINT ["/opt/userops/deploy/with-secrets"]
