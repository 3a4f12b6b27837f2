"""Benchmarks. They print numbers; no test depends on them."""
