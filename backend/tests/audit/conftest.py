"""A trail of its own for every test that tampers with one."""

import itertools
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from cluster import Database, TestCluster, new_cluster
from factories import Make
from trail import CONTEXT, Trail, private_key

_numbers = itertools.count()


@pytest.fixture(scope="session")
def quiet_cluster() -> Iterator[TestCluster]:
    """A server on which nothing else is at work: a batch ends before the oldest transaction of the whole server."""
    with new_cluster() as made:
        yield made


@pytest.fixture(scope="session")
def sealed_once(
    quiet_cluster: TestCluster, worker_id: str, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Database, Path]:
    """More than a dozen rows of three transactions, sealed in three batches, and the folder of their key."""
    database, home = quiet_cluster.create(f"trail_{worker_id}"), tmp_path_factory.mktemp("trail")
    with private_key(home):
        for write in (_organisation, _patient, _read):
            with database.owner(autocommit=False) as connection:
                connection.execute(CONTEXT)
                write(Make(connection))
                connection.commit()
            Trail(database).seal()
    return database, home


@pytest.fixture
def trail(sealed_once: tuple[Database, Path], quiet_cluster: TestCluster, tmp_path: Path) -> Iterator[Trail]:
    """A copy of that trail, key and all, to tamper with."""
    template, home = sealed_once
    made = quiet_cluster.create(f"{template.name}_{next(_numbers)}", template=template.name)
    shutil.copytree(home, tmp_path / "home")
    with private_key(tmp_path / "home"):
        yield Trail(made)
    quiet_cluster.drop(made.name)


def _organisation(make: Make) -> None:
    region = make.region(
        theme_settings={"primary_color": "#005eb8", "fonts": ["Inter", {"size": 14.50}], "x": None}
    )
    make.user("nurse", hospital=make.hospital(region=region, name='St. "Anna" \\ Häuser\n2'))


def _patient(make: Make) -> None:
    visit = make.visit()
    make.vitals(visit=visit)
    make.change("visits", visit["id"], {"reason_for_visit": "Chest pain"})
    make.emr_local(
        visit=visit, data={"note": "é\u2028 😀", "number": 1e21, "small": 0.00001, "list": [True, None]}
    )


def _read(make: Make) -> None:
    user = make.user("doctor")
    make.connection.execute("SELECT set_config('hass.user_id', %s, true)", (str(user["id"]),))
    make.connection.execute("SELECT set_config('hass.hospital_id', %s, true)", (str(user["hospital_id"]),))
    make.connection.execute("SELECT set_config('hass.region_id', %s, true)", (str(user["region_id"]),))
    make.connection.execute(
        "SELECT audit_event('R', '110110', 'patients', %s, %s, 4::smallint, 'words', '{\"found\": 3}', '110101')",
        (user["id"], user["id"]),
    )
