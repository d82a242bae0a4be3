"""The sandbox needs nothing but the standard library, and keeps to itself."""

from __future__ import annotations

import subprocess
import sys

SCRIPT = """
import sys

class Blocked:
    def find_spec(self, name, path=None, target=None):
        top = name.partition(".")[0]
        ours = name == "airflow_provider_vcc" or name.startswith("airflow_provider_vcc.sandbox")
        if not ours and top not in sys.stdlib_module_names and top not in {"sitecustomize", "usercustomize"}:
            raise ImportError(f"the sandbox imports {name}")

sys.meta_path.insert(0, Blocked())
try:
    import requests
except ImportError:
    pass
else:
    raise SystemExit("nothing is blocked")

import pkgutil
import airflow_provider_vcc.sandbox as package
for module in pkgutil.walk_packages(package.__path__, package.__name__ + "."):
    __import__(module.name)

import http.client
with package.Sandbox(10) as sandbox:
    client = http.client.HTTPConnection("127.0.0.1", sandbox.port)
    client.request("GET", "/v2/projects", headers={"Authorization": "Basic bXljYzpzYW5kYm94LXRva2Vu"})
    assert client.getresponse().status == 200
    client.close()
"""


def test_it_works_with_everything_but_the_standard_library_blocked():
    result = subprocess.run([sys.executable, "-c", SCRIPT], capture_output=True, text=True, timeout=120, check=False)
    assert result.returncode == 0, result.stderr


def test_it_listens_on_loopback_only(sandbox):
    assert sandbox.url == f"http://127.0.0.1:{sandbox.port}"
    assert sandbox._listener._socket.getsockname()[0] == "127.0.0.1"
