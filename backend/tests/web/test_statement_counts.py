"""A page that lists asks the database a fixed number of times, however long its list is."""

from collections.abc import Callable
from typing import Any

import pytest
from starlette.testclient import TestClient

# (who, page) > statements, beside the one that checks the sign-in.
LISTS = {
    ("manager", "/staff"): 2,
    ("admin", "/roles"): 1,
    ("admin", "/organisation"): 2,
    ("manager", "/wards"): 1,
    ("manager", "/beds"): 2,
    ("nurse", "/census"): 1,
    ("manager", "/break-glass?state=all"): 3,
    ("manager", "/audit"): 2,
    ("admin", "/audit"): 2,
    ("nurse", "/account"): 1,
    ("patient", "/my/openings"): 1,
    ("patient", "/my/emergency-access"): 3,
}


@pytest.mark.parametrize(("who", "page"), sorted(LISTS))
def test_list_takes_few_statements(
    page_as: Callable[[str], TestClient], queries: Any, who: str, page: str
) -> None:
    reader = page_as(who)
    with queries(at_most=LISTS[who, page]):
        answer = reader.get(page)
    assert answer.status_code == 200
