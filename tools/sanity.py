"""Run ansible-test sanity on a copy of this checkout, without containers and without touching the user's home.

Usage: .cache/venvs/core-VERSION/bin/python tools/sanity.py [ansible-test argument...]      (make sanity)

ansible-test insists on a path that ends in ansible_collections/<namespace>/<name>, keeps its environments in the home
folder, starts each of them with a pip installer that it downloads from a site of its own, and drops most of the process
environment, pip's settings included. So: the files that git does not ignore are copied to .cache/sanity, HOME is set to a
folder there, and in it wait a file with pip's settings and a stand-in for the downloaded installer, which uses the pip that
Python brings along.
"""

from __future__ import annotations

import ast
import configparser
import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
WORK = ROOT / ".cache" / "sanity"
COPY = WORK / "ansible_collections" / "latchkey" / "tokens"
HOME = WORK / "home"
INSTALLER_VERSIONS = ("23_1_2", "24_2", "25_2")  # ansible-core 2.16-2.17, 2.18-2.19, 2.20 and later
INSTALLER = '''\
"""Stand-in for get-pip: install pip from Python's own bundle, then what was asked for."""
import subprocess
import sys

ours = ("--disable-pip-version-check", "--no-setuptools", "--no-wheel")
# In a process of its own, because it makes this one forget pip's settings.
subprocess.check_call([sys.executable, "-m", "ensurepip", "--default-pip"], stdout=subprocess.DEVNULL)
wanted = [argument for argument in sys.argv[1:] if argument not in ours and not argument.startswith("pip==")]
if any(not argument.startswith("-") for argument in wanted):
    subprocess.check_call([sys.executable, "-m", "pip", "install", "--disable-pip-version-check"] + wanted)
'''


def files_not_ignored() -> list[str]:
    """Ask git, by way of an empty repository: that works in an unpacked archive and in somebody else's checkout as well."""
    empty = WORK / "empty.git"
    subprocess.run(["git", "init", "--quiet", "--bare", str(empty)], check=True)
    command = ["git", f"--git-dir={empty}", f"--work-tree={ROOT}", "ls-files", "-z", "--others", "--exclude-standard"]
    listing = subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True)
    return [name for name in listing.stdout.split("\0") if name]


def copy_checkout() -> None:
    shutil.rmtree(COPY, ignore_errors=True)
    for name in files_not_ignored():
        target = COPY / name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(ROOT / name, target, follow_symlinks=False)
    # ansible-test asks git what there is; without a repository of its own the copy is what ours ignores: nothing.
    subprocess.run(["git", "init", "--quiet"], cwd=COPY, check=True)


def keep_pip_settings() -> None:
    """Write what pip was told here, by files and by the environment, to the settings file in the new home."""
    settings: dict[str, dict[str, str]] = {"global": {"quiet": "1"}}
    bundle = os.environ.get("REQUESTS_CA_BUNDLE") or os.environ.get("SSL_CERT_FILE")
    proxy = os.environ.get("HTTPS_PROXY") or os.environ.get("https_proxy")
    settings["global"].update({name: value for name, value in (("cert", bundle), ("proxy", proxy)) if value})
    listing = subprocess.run([sys.executable, "-m", "pip", "config", "list"], check=True, stdout=subprocess.PIPE, text=True)
    # Sections such as "global" and "install" belong to files; what ":env:" lists beats them.
    for line in sorted(listing.stdout.splitlines(), key=lambda line: line.startswith(":env:")):
        key, _equals, value = line.partition("=")
        section, _dot, name = key.rpartition(".")
        settings.setdefault("global" if section == ":env:" else section, {})[name] = ast.literal_eval(value)
    parser = configparser.RawConfigParser()
    parser.read_dict(settings)
    target = HOME / ".config" / "pip" / "pip.conf"
    target.parent.mkdir(parents=True, exist_ok=True)
    target.touch(mode=0o600)  # an index may have a password
    with target.open("w", encoding="utf-8") as file:
        parser.write(file)


def main() -> int:
    copy_checkout()
    keep_pip_settings()
    cache = HOME / ".ansible" / "test" / "cache"
    cache.mkdir(parents=True, exist_ok=True)
    for version in INSTALLER_VERSIONS:
        (cache / f"get_pip_{version}.py").write_text(INSTALLER, encoding="utf-8")

    environment = {name: value for name, value in os.environ.items() if not name.startswith("ANSIBLE_")}
    binaries = Path(sys.executable).parent
    path = (str(binaries), environment["PATH"], str(ROOT / ".venv" / "bin"))  # the last one may hold shellcheck
    environment.update(HOME=str(HOME), PATH=os.pathsep.join(path))
    python = "{}.{}".format(*sys.version_info[:2])
    command = [str(binaries / "ansible-test"), "sanity", "--python", python, "--requirements", *sys.argv[1:]]
    print(f"ansible-test sanity, Python {python}", flush=True)
    return subprocess.run(command, cwd=COPY, env=environment, check=False, stdin=subprocess.DEVNULL).returncode


if __name__ == "__main__":
    sys.exit(main())
