# The commands of README; each sets up what it needs, so each works on a fresh machine with Python 3.11+ and make.
PYTHON ?= python3
VENV := .venv
RUNTIME := $(VENV)/.runtime-installed
DEV := $(VENV)/.dev-installed
USEROPS := $(VENV)/bin/userops
# The spark engine's environment of its own.
SPARK_VENV := .venv-spark
SPARK := $(SPARK_VENV)/.installed
# Superset's, which wants an SQLAlchemy of its own.
SUPERSET_VENV := .venv-superset
SUPERSET := $(SUPERSET_VENV)/.installed
# What the CeleryExecutor needs beside the runtime, in the same environment.
CELERY := $(VENV)/.celery-installed
# Test files run side by side, each worker with a server of its own.
WORKERS ?= 2
PYTEST := $(VENV)/bin/python -m pytest

.PHONY: install demo serve spark celery superset bi check test test-slow test-serve test-celery test-spark test-bi test-browser docs audit corruptions truth oracle faults fuzz bench lint unit lock clean

# The command `userops` with all that it needs, in .venv/.
install: $(RUNTIME)

demo: $(RUNTIME)
	$(USEROPS) demo

serve: $(RUNTIME)
	$(USEROPS) serve

# What USEROPS_ENGINE=spark needs beside Java 17: dbt-spark and pyspark, apart from everything else.
spark: $(SPARK)

# Superset, apart from everything else.
superset: $(SUPERSET)

# Superset with the dashboards of deploy/superset, over the warehouse.
bi: $(RUNTIME) $(SUPERSET)
	$(USEROPS) superset

# What AIRFLOW__CORE__EXECUTOR=CeleryExecutor needs: the provider, with clients of Redis and RabbitMQ.
celery: $(CELERY)

# What to run before each commit: lint and the tests that need no server, those of the dbt project among them.
check: lint unit

unit: $(DEV)
	$(PYTEST) -n $(WORKERS) tests/unit tests/dags

test: lint
	$(PYTEST) -n $(WORKERS) --dist loadfile --no-loadscope-reorder

# What CI leaves out: the demo, and faults of whole runs from the command line. About half an hour.
test-slow: $(DEV)
	$(PYTEST) -n $(WORKERS) --dist loadfile tests/integration tests/corruptions -m slow

test-serve: $(DEV)
	$(PYTEST) tests/serve

# A night on two workers that share nothing but warehouse and lake, one of them killed. It needs a Redis or RabbitMQ:
# USEROPS_TEST_BROKER=amqp://guest:guest@127.0.0.1:5672// instead of database 9 of the Redis of this machine.
test-celery: $(DEV) $(CELERY)
	$(PYTEST) tests/workers -m celery -s

# One business by duckdb and by Spark on a cluster of two workers that the test starts: ten minutes, and Java 17.
test-spark: $(DEV) $(SPARK)
	$(PYTEST) tests/spark -m spark

# What deploy/superset holds, in a Superset of its own over a simulated business: minutes, and a Chromium.
test-bi: $(DEV) $(SUPERSET)
	$(PYTEST) tests/bi -m bi

# Every page of the site in both languages, both themes and two widths, in a headless Chromium: ten minutes.
test-browser: $(DEV)
	$(PYTEST) tests/browser -m 'browser_all or not browser_all'

# The documentation as a site in build/docs, which opens from the folder. It needs no network.
docs: $(DEV)
	$(VENV)/bin/python -m zensical build --clean --strict

audit: $(DEV)
	$(VENV)/bin/pip-audit --requirement requirements/runtime.lock --require-hashes --disable-pip --strict

# Every corruption of the gate on simulated days, a clean simulated year, and the table of faults at 20,000 users:
# longer than half an hour. UNNAMED_USERS and UNNAMED_NIGHTS set another size of the table.
corruptions: $(DEV)
	$(PYTEST) -n $(WORKERS) --dist loadfile tests/corruptions -m 'slow_corruptions or not slow_corruptions'

# The marts find what was planted into simulated businesses: a minute and a half for the large one, and ten seconds for
# each of the 100 small ones; SEEDS=10 for a look.
truth: $(DEV)
	$(PYTEST) tests/truth -s --timeout 0

# Every mart against plain Python written from the specification, on three dates.
oracle: $(DEV)
	$(PYTEST) tests/integration/test_oracle.py

# An hour: every statement boundary and 300 random kills. FAULTS_EVERY=50 FAULTS_RANDOM=20 FAULTS_BUILDS=2 for a look.
# Airflow's components live by heartbeats: their faults have the machine to themselves.
faults: $(DEV)
	$(PYTEST) -n $(WORKERS) --dist worksteal tests/faults --ignore tests/faults/test_airflow.py -s --timeout 0
	$(PYTEST) tests/faults/test_airflow.py -s --timeout 0

# Long: the fuzzers of the file readers, one after the other, then every property on many examples.
fuzz: $(DEV)
	FUZZ_SECONDS=150 $(PYTEST) tests/unit/test_hostile_records.py tests/unit/test_reading.py -s --timeout 0
	$(PYTEST) -n $(WORKERS) tests/unit --hypothesis-profile thorough --timeout 0

# Ratios of runs, loads and builds; SCALE=1 is a million users and takes many hours on a laptop.
SCALE ?= 0.02
bench: $(DEV)
	$(VENV)/bin/python benchmarks/bench.py --scale $(SCALE)

lint: $(DEV)
	$(VENV)/bin/ruff check .
	$(VENV)/bin/yamllint -s .

# Beside `lint`: a model that asks for a relation inside a macro cannot be rendered without dbt, and says so.
lint-sql: $(DEV)
	$(VENV)/bin/sqlfluff lint dbt_project/models --config .sqlfluff --processes 2

# The ranges of pyproject.toml as exact versions with hashes. The file names no index: a mirror serves as well.
COMPILE := uv pip compile --universal --python-version 3.11 --generate-hashes --no-header --no-annotate \
	--no-emit-index-url --no-emit-find-links
lock:
	$(COMPILE) --extra dev pyproject.toml -o requirements/dev.lock
	$(COMPILE) -c requirements/dev.lock pyproject.toml -o requirements/runtime.lock
	$(COMPILE) -c requirements/dev.lock requirements/bootstrap.in -o requirements/bootstrap.lock
	$(COMPILE) -c requirements/dev.lock --extra celery pyproject.toml -o requirements/celery.lock
	$(COMPILE) requirements/spark.in -o requirements/spark.lock
	$(COMPILE) requirements/superset.in -o requirements/superset.lock

clean:
	rm -rf $(VENV) $(SPARK_VENV) $(SUPERSET_VENV) build plugins/*.egg-info

$(VENV)/bin/uv: requirements/bootstrap.lock
	$(PYTHON) -c 'import sys; sys.exit(0 if (3, 11) <= sys.version_info[:2] <= (3, 12) else "userops needs Python 3.11 or 3.12: make PYTHON=python3.11 …")'
	$(PYTHON) -m venv $(VENV)
	$(VENV)/bin/python -m pip install --quiet --require-hashes -r requirements/bootstrap.lock
	touch $@

$(RUNTIME): $(VENV)/bin/uv requirements/runtime.lock pyproject.toml
	VIRTUAL_ENV=$(CURDIR)/$(VENV) $(VENV)/bin/uv pip install --quiet --compile-bytecode --require-hashes -r requirements/runtime.lock
	VIRTUAL_ENV=$(CURDIR)/$(VENV) $(VENV)/bin/uv pip install --quiet --no-deps --no-build-isolation -e .
	touch $@

$(DEV): $(RUNTIME) requirements/dev.lock
	VIRTUAL_ENV=$(CURDIR)/$(VENV) $(VENV)/bin/uv pip install --quiet --compile-bytecode --require-hashes -r requirements/dev.lock
	touch $@

$(CELERY): $(RUNTIME) requirements/celery.lock
	VIRTUAL_ENV=$(CURDIR)/$(VENV) $(VENV)/bin/uv pip install --quiet --compile-bytecode --require-hashes -r requirements/celery.lock
	touch $@

$(SPARK): $(VENV)/bin/uv requirements/spark.lock
	$(PYTHON) -m venv $(SPARK_VENV)
	VIRTUAL_ENV=$(CURDIR)/$(SPARK_VENV) $(VENV)/bin/uv pip install --quiet --require-hashes -r requirements/spark.lock
	touch $@

$(SUPERSET): $(VENV)/bin/uv requirements/superset.lock
	$(PYTHON) -m venv $(SUPERSET_VENV)
	VIRTUAL_ENV=$(CURDIR)/$(SUPERSET_VENV) $(VENV)/bin/uv pip install --quiet --compile-bytecode --require-hashes -r requirements/superset.lock
	touch $@
