# The words of the house. `make` alone lists them.

.DEFAULT_GOAL := help
.PHONY: bench check client cluster conformance demo docs faults fmt fuzz help kills mutants test test-cluster test-postgres test-topology

help: ## List the words
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-14s %s\n", $$1, $$2 }' Makefile

bench: ## Three figures of one run against their goals: durable messages, deliveries, idle memory
	cargo bench --locked --bench ratios

check: ## What must hold before anything is tested: format, lints, documentation
	cargo fmt --all -- --check
	cargo fmt --manifest-path fuzz/Cargo.toml -- --check
	cargo clippy --workspace --all-targets --locked -- -D warnings
	RUSTDOCFLAGS="-D warnings" cargo doc --workspace --no-deps --document-private-items --locked

client: ## The client in Python, written from the documents alone, against a demonstration
	clients/python/run.sh

cluster: ## Three nodes on PostgreSQL and Redis behind a load balancer that ends TLS, to look around in; Ctrl-C stops them
	cargo build --release --locked
	tests/cluster/with-servers deploy/cluster

conformance: ## The Autobahn cases against the server's side of WebSocket (needs Python's venv)
	tests/conformance/run.sh

demo: ## A server with two companies of people who talk, to look around in; Ctrl-C stops it
	cargo run --release --locked -- demo

docs: ## The documentation of every part, private items too, in target/doc
	cargo doc --workspace --no-deps --document-private-items --locked

faults: ## Removals over three nodes while nodes, bus and database fail, 20 a round, seven faults; ROUNDS (20)
	CROSSTALK_ROUNDS=$(or $(ROUNDS),20) tests/cluster/with-servers cargo test --locked --test promises -- --ignored --nocapture --test-threads 1 faults::

fmt: ## Format
	cargo fmt --all

fuzz: ## Junk for everything that reads what strangers send; FUZZ_SECONDS for each target (60)
	fuzz/run.sh

kills: ## The server killed under load, KILLS times (300): nothing acknowledged is lost or there twice
	CROSSTALK_KILLS=$(or $(KILLS),300) cargo test --locked --test promises kills:: -- --nocapture

mutants: ## Every fault of src/mutants.rs put in, one after the other: does its proof notice?
	tests/cluster/with-servers cargo run --locked --example mutants

test-postgres: ## The store's tests on a PostgreSQL server of their own (needs Debian's postgresql)
	tests/cluster/with-servers cargo test --locked --lib timeline::
	tests/cluster/with-servers cargo test --locked --lib -- --ignored tests::nodes tests::migrate over_tls

# What is kept in files, and what is about a node's own kernel buffers at a rate that three debug builds on two cores do not
# reach.
OF_ONE_NODE = disk:: erasure:: pressure

test-cluster: ## The promise tests on three nodes that share PostgreSQL and Redis servers of their own
	tests/cluster/with-servers env -u CROSSTALK_TEST_REDIS cargo test --locked --test promises -- --ignored nodes:: hints:: failover:: faults::
	CROSSTALK_TEST_NODES=3 tests/cluster/with-servers cargo test --locked --test promises -- $(foreach name,$(OF_ONE_NODE),--skip $(name))

test: ## Every test that needs nothing but this repository
	cargo test --workspace --locked

test-topology: ## docker-compose.yml and Dockerfile are read; the same topology as processes: a node dies, one leaves
	deploy/lint
	cargo build --locked
	TOPOLOGY_PROGRAM=target/debug/crosstalk tests/cluster/with-servers deploy/cluster tests/cluster/topology
