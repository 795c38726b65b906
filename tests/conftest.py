# SPDX-License-Identifier: Apache-2.0
import pytest

pytest_plugins = ["support.fixtures"]


@pytest.hookimpl(tryfirst=True, hookwrapper=True)
def pytest_runtest_makereport(item, call):
    """Lets a fixture see how its test ended."""
    outcome = yield
    if call.when == "call":
        item.call_outcome = outcome.get_result()
