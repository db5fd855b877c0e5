"""Run ansible-test on a copy of this checkout, without containers and without touching the user's home.

Usage: .cache/venvs/core-VERSION/bin/python tools/ansible_test.py sanity|units|integration [ansible-test argument...]
       .venv/bin/python tools/ansible_test.py artifact COLLECTIONS     (a play with what is installed there)

ansible-test insists on a path that ends in ansible_collections/<namespace>/<name>, keeps its environments in the home
folder, starts each of them with a pip installer that it downloads from a site of its own, and drops most of the process
environment, pip's settings included. So: the files that git does not ignore are copied to .cache/ansible-test, to a folder of
this kind of test and this ansible-core, so that several can run at once; HOME is set to a folder there, and in it wait a file
with pip's settings and a stand-in for the downloaded installer, which uses the pip that Python brings along.

Integration tests talk to simulated appliances, which run in .venv, with what they need beyond ansible-core.
"""

from __future__ import annotations

import ast
import configparser
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, nullcontext
from pathlib import Path

import ansible.release
from ansible.release import __version__

ROOT = Path(__file__).resolve().parent.parent
KINDS = {
    "sanity": ("--requirements",),
    "units": ("--venv", "--requirements", "--num-workers", "2"),
    "integration": (),
}
PASSWORD = ("username", "password")
SIMULATED = {"qumulo": None, "rubrik_cdm": "9.3.0", "rubrik_rsc": None}  # 9.5.1 of Rubrik CDM has no service accounts of its own
WAYS = {"qumulo": PASSWORD, "rubrik_cdm": PASSWORD, "rubrik_rsc": ("client_id", "client_secret")}
KIND = sys.argv[1] if len(sys.argv) > 1 else ""
CORE = ".".join(__version__.split(".")[:2])
WORK = ROOT / ".cache" / "ansible-test" / f"{KIND}-{CORE}"
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


def take_releases() -> None:
    """Where this ansible-core asks for a commit of a package, from a site that is no registry, have it take the release.

    2.22 does, for a Python that is newer than those here. The environment that is changed is ours: tools/cores.sh made it.
    """
    for path in (Path(ansible.release.__file__).parent.parent / "ansible_test" / "_data" / "requirements").glob("*.txt"):
        asked = path.read_text(encoding="utf-8")
        released = re.sub(r"^(\S+) @ https://\S+", r"\1", asked, flags=re.MULTILINE)
        if released != asked:
            path.write_text(released, encoding="utf-8")


@contextmanager
def simulators(folder: Path) -> Iterator[None]:
    """Run one simulated appliance per platform, in .venv, and tell the targets in a folder where they are."""
    sys.path.insert(0, str(ROOT))
    from tests.simulator.launch import launch

    with ExitStack() as stack:
        running = {
            platform: stack.enter_context(launch(platform, version=version, python=str(ROOT / ".venv" / "bin" / "python")))
            for platform, version in SIMULATED.items()
        }
        found = {
            name: {
                "platform": name,
                "endpoint": f"{one.host}:{one.port}",
                "ca_path": one.ca_file,
                **{key: value for key, value in one.admin.items() if key in WAYS[name]},
            }
            for name, one in running.items()
        }
        (folder / "integration_config.yml").write_text(json.dumps({"appliances": found}), encoding="utf-8")
        # Of no use for anything but the vars files of these targets.
        (folder / "vault_password").write_text("of integration targets", encoding="utf-8")
        settings = f"[defaults]\nvault_password_file={folder}/vault_password\ncallbacks_enabled=latchkey.tokens.revoke_play_tokens\n"
        (folder / "integration.cfg").write_text(settings, encoding="utf-8")
        yield


def play_from(collections: str) -> int:
    """Run the integration targets in one play, with what is in a folder of installed collections and nothing else."""
    targets = ROOT / "tests" / "integration" / "targets"
    shutil.rmtree(WORK, ignore_errors=True)
    WORK.mkdir(parents=True)
    tasks = [{"ansible.builtin.include_tasks": str(path / "tasks" / "main.yml")} for path in sorted(targets.iterdir())]
    (WORK / "play.yml").write_text(json.dumps([{"hosts": "localhost", "gather_facts": False, "tasks": tasks}]), encoding="utf-8")
    inventory = "[all]\nlocalhost ansible_connection=local ansible_python_interpreter='{{ ansible_playbook_python }}'\n"
    (WORK / "inventory").write_text(inventory, encoding="utf-8")
    environment = {name: value for name, value in os.environ.items() if not name.startswith("ANSIBLE_")}
    environment.update(HOME=str(WORK), ANSIBLE_CONFIG=str(WORK / "integration.cfg"), ANSIBLE_COLLECTIONS_PATH=collections)
    command = [str(Path(sys.executable).parent / "ansible-playbook"), "-i", "inventory", "play.yml", "-e", "@integration_config.yml"]
    with simulators(WORK):
        return subprocess.run([*command, "-e", f"output_dir={WORK}"], cwd=WORK, env=environment, check=False).returncode


def main() -> int:
    if KIND == "artifact":
        return play_from(sys.argv[2])
    if KIND not in KINDS:
        sys.exit(f"Usage: tools/ansible_test.py {'|'.join(KINDS)} [ansible-test argument...]")
    copy_checkout()
    keep_pip_settings()
    take_releases()
    cache = HOME / ".ansible" / "test" / "cache"
    cache.mkdir(parents=True, exist_ok=True)
    for version in INSTALLER_VERSIONS:
        (cache / f"get_pip_{version}.py").write_text(INSTALLER, encoding="utf-8")

    environment = {name: value for name, value in os.environ.items() if not name.startswith("ANSIBLE_")}
    binaries = Path(sys.executable).parent
    path = (str(binaries), environment["PATH"], str(ROOT / ".venv" / "bin"))  # the last one may hold shellcheck
    environment.update(HOME=str(HOME), PATH=os.pathsep.join(path))
    python = "{}.{}".format(*sys.version_info[:2])
    command = [str(binaries / "ansible-test"), KIND, "--python", python, *KINDS[KIND], *sys.argv[2:]]
    print(f"ansible-test {KIND}, ansible-core {__version__}, Python {python}", flush=True)
    with simulators(COPY / "tests" / "integration") if KIND == "integration" else nullcontext():
        return subprocess.run(command, cwd=COPY, env=environment, check=False, stdin=subprocess.DEVNULL).returncode


if __name__ == "__main__":
    sys.exit(main())
