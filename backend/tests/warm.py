"""One warm connection for the many small tests of the schema: a new backend costs more than most of them."""

from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from cluster import Database
from factories import Make


@pytest.fixture(scope="session")
def warm_connection(worker_database: Database) -> Iterator[psycopg.Connection[Any]]:
    with worker_database.owner() as connection:
        yield connection


@pytest.fixture
def make(warm_connection: psycopg.Connection[Any]) -> Iterator[Make]:
    """The factories, as a superuser past the policies; everything is rolled back after the test."""
    with warm_connection.transaction(force_rollback=True):
        yield Make(warm_connection)
