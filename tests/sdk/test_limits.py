"""How many calls an account may make."""

import time

import pytest
from alibabacloud_tea_openapi.exceptions import ThrottlingException
from clients import Refused, connect as to
from shop import PROJECT


def until_throttled(api, operation, **params):
    """Calls until the account has no call left; gives back how many it had, in how many seconds, and the error."""
    begun = time.monotonic()
    for done in range(1_000):
        try:
            api.call(operation, **params)
        except Refused as error:
            return done, time.monotonic() - begun, error
    raise AssertionError("nothing throttles")


@pytest.mark.emulator("--edition", "standard")
def test_a_second_has_room_for_so_many_calls(api):
    done, seconds, error = until_throttled(api, "ListProjects")
    assert 5 <= done <= 5 + 5 * seconds
    assert (error.status, error.code) == (429, "Throttling.User")
    if api.name == "core":
        return
    # The header that says when to come back makes it an exception of its own.
    assert type(error.original) is ThrottlingException
    assert 1 <= error.retry_after <= 1000
    time.sleep(error.retry_after / 1000)
    api.call("ListProjects")


@pytest.mark.emulator("--edition", "enterprise")
def test_reads_and_writes_are_counted_apart(api):
    rules = {"project_id": PROJECT, "destination_type": "holo", "project_config": "{}"}
    done, seconds, error = until_throttled(api, "UpdateDIProjectConfig", **rules)
    assert 20 <= done <= 20 + 20 * seconds
    assert error.code == "Throttling.User"
    api.call("ListProjects")


def test_a_day_has_an_end(start):
    """100 calls a day at 5 a second take twenty seconds, so one client has to stand for all."""
    api = to("v3", start("--edition", "basic").address)
    done = 0
    while done < 150:
        try:
            api.call("ListProjects")
        except Refused as error:
            if error.code != "Throttling.User":
                assert (error.status, error.code, error.retry_after) == (429, "Throttling.Api.Risk", None)
                break
            time.sleep(error.retry_after / 1000)
        else:
            done += 1
    assert done == 100
