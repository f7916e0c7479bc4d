"""What every test gets: an emulator of its own, and a client to it."""

import clients
import pytest
from emulator import Emulator

# The client of today with its default signature, with the older one, and over asyncio; and the client before it.
SCHEMES = ["v3", "v2", "async", "core"]


def pytest_configure(config):
    config.addinivalue_line("markers", "emulator(*arguments): starts the emulator with these arguments")


def pytest_collection_modifyitems(config, items):
    """The count of what was called comes last, and only after everything."""
    items.sort(key=lambda item: item.path.name == "test_coverage.py")
    chosen = config.option.keyword or config.option.markexpr or len({item.path.parent for item in items}) == 0
    whole = not chosen and all("::" not in word and not word.endswith(".py") for word in config.args)
    if not whole:
        for item in items:
            if item.path.name == "test_coverage.py":
                item.add_marker(pytest.mark.skip(reason="says something about the whole suite only"))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    """A failure shows what the emulators of the test have written."""
    report = yield
    if report.failed:
        for log in getattr(item, "emulator_logs", []):
            report.sections.append(("emulator's log", log.read_text() or "(nothing)"))
    return report


@pytest.fixture
def start(request, tmp_path):
    """Starts emulators that end with the test."""
    running = []
    request.node.emulator_logs = []

    def start(*arguments, **options):
        log = tmp_path / f"emulator-{len(running)}.log"
        request.node.emulator_logs.append(log)
        running.append(Emulator(log, *arguments, **options))
        return running[-1]

    yield start
    for emulator in running:
        emulator.stop()


@pytest.fixture
def emulator(request, start):
    marker = request.node.get_closest_marker("emulator")
    return start(*(marker.args if marker else ()))


@pytest.fixture(params=SCHEMES)
def scheme(request):
    """Which client, with which signature."""
    return request.param


@pytest.fixture
def connect(scheme, emulator):
    """Makes another client, perhaps with another key."""
    return lambda **key: clients.connect(scheme, emulator.address, **key)


@pytest.fixture
def api(connect):
    return connect()
