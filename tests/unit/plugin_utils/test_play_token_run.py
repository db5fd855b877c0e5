# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Names of identities, the key of a run, and orphans."""

from __future__ import annotations

import contextlib
import multiprocessing
import os

import pytest

from ansible_collections.latchkey.tokens.plugins.plugin_utils._play_token.keys import identity, is_orphan, main_process, run_key

FORK = multiprocessing.get_context("fork")
OPTIONS = {"platform": "rubrik_cdm", "endpoint": "cdm.example.com", "client_id": "one", "client_secret": "canary", "expires_in": None}


def test_the_same_options_have_the_same_name():
    assert identity(OPTIONS, {}) == identity(dict(reversed(OPTIONS.items())), {"PATH": "/bin"})


@pytest.mark.parametrize("name", OPTIONS)
def test_every_option_counts(name):
    assert identity({**OPTIONS, name: "another"}, {}) != identity(OPTIONS, {})
    assert identity({**OPTIONS, name: ""}, {}) != identity(OPTIONS, {})


def test_the_platforms_environment_counts_and_no_other():
    assert identity(OPTIONS, {"RUBRIK_CDM_CLIENT_ID": "x"}) != identity(OPTIONS, {})
    assert identity(OPTIONS, {"QUMULO_TOKEN": "x", "RUBRIK_RSC_CLIENT_ID": "x"}) == identity(OPTIONS, {})


def test_values_do_not_run_into_each_other():
    assert identity({"username": "ab", "password": "c"}, {}) != identity({"username": "a", "password": "bc"}, {})


def test_a_name_tells_nothing():
    assert "canary" not in identity(OPTIONS, {})
    assert len(identity(OPTIONS, {})) == 64


def _tell(pipe):
    pipe.send((run_key(), identity(OPTIONS, {}), main_process(), is_orphan()))


def test_workers_have_what_the_main_process_has():
    ours, theirs = FORK.Pipe()
    worker = FORK.Process(target=_tell, args=(theirs,))
    worker.start()
    assert ours.recv() == (run_key(), identity(OPTIONS, {}), os.getpid(), False)
    worker.join(10)
    assert main_process() == os.getpid()
    assert not is_orphan()


def _main(pipe):
    """A main process that ends at once, and leaves a worker."""
    gone, ended = FORK.Pipe()

    def work():
        gone.close()
        with contextlib.suppress(EOFError):
            ended.recv()  # until the main process is gone
        while os.getppid() == main_process():
            pass
        pipe.send(is_orphan())

    worker = FORK.Process(target=work)
    worker.start()
    ended.close()
    os._exit(0)


def test_an_orphan_knows_that_it_is_one():
    ours, theirs = FORK.Pipe()
    main = FORK.Process(target=_main, args=(theirs,))
    main.start()
    main.join(10)
    assert ours.poll(10)
    assert ours.recv() is True
