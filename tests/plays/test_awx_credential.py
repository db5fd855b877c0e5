# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A credential of AWX as what a rotation writes, on the wire: against the stand-in that the modules of awx.awx drive."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.latchkey.tokens.plugins.module_utils._common.errors import LatchkeyError, OptionError
from ansible_collections.latchkey.tokens.plugins.module_utils._common.model import Handed
from ansible_collections.latchkey.tokens.plugins.plugin_utils._rotation.awx_credential import AwxCredential, awx_access
from ansible_collections.latchkey.tokens.plugins.plugin_utils._rotation.ports import SinkContent
from tests.awx.controller import TOKEN, Awx, running

OLD, NEW = Handed("canary-old-0123456789", "T1"), Handed("canary-new-0123456789", "T2")
FIELDS = [{"id": "host"}, {"id": "token", "secret": True}, {"id": "other", "secret": True}, {"id": "token_id"}]


@dataclass
class Rig:
    """A stand-in with one credential."""

    awx: Awx
    credential: dict[str, Any]

    def sink(self, **options: Any) -> AwxCredential:
        usual = {
            "controller_host": self.awx.url,
            "ca_path": self.awx.ca_file,
            "name": "Qumulo",
            "organization": "Latchkey",
            "input": "token",
            "id_input": "token_id",
        }
        return AwxCredential(awx_access({**usual, **options}, {"CONTROLLER_OAUTH_TOKEN": TOKEN}, str))

    def refusal(self, **options: Any) -> str:
        with pytest.raises(LatchkeyError) as caught:
            self.sink(**options).read()
        assert TOKEN not in str(caught.value)
        assert str(caught.value).endswith(".")
        return str(caught.value)


@pytest.fixture
def rig(tmp_path: Path) -> Iterator[Rig]:
    with running(tmp_path) as awx:
        of = {name: awx.put("organizations", name=name)["id"] for name in ("Latchkey", "Others")}
        kind = awx.put("credential_types", name="Appliance", inputs={"fields": FIELDS})["id"]
        inputs = {"host": "qumulo.example.com", "token": OLD.value, "other": "kept", "token_id": OLD.id}
        credential = awx.put("credentials", name="Qumulo", organization=of["Latchkey"], credential_type=kind, inputs=inputs)
        awx.put("credentials", name="Qumulo", organization=of["Others"], credential_type=kind, inputs={"token": "theirs"})
        yield Rig(awx, credential)


def test_the_new_one_and_then_the_old_one_again(rig: Rig) -> None:
    sink = rig.sink()
    assert (sink.read(), rig.awx.journal) == (SinkContent(), [])
    for one in (NEW, OLD):
        assert sink.write(one, SinkContent())
        assert rig.credential["inputs"] == {"host": "qumulo.example.com", "token": one.value, "other": "kept", "token_id": one.id}
    assert rig.awx.journal == [f"PATCH /api/v2/credentials/{rig.credential['id']}/"] * 2


def test_a_write_that_is_sent_again_may_be_served_twice(rig: Rig) -> None:
    sink = rig.sink()
    for held_back in (0, 1):
        rig.awx.holds_back = held_back
        sink.write(NEW, sink.read())
        assert sink.in_doubt is bool(held_back)
        assert rig.credential["inputs"]["token"] == NEW.value
    sink.write(OLD, sink.read())
    assert not sink.in_doubt
    rig.awx.serve_late()
    assert rig.credential["inputs"]["token"] == NEW.value


def test_without_an_input_for_it_no_id_is_written(rig: Rig) -> None:
    rig.sink(id_input=None).write(NEW, SinkContent())
    assert (rig.credential["inputs"]["token"], rig.credential["inputs"]["token_id"]) == (NEW.value, OLD.id)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"name": "Other"}, "There is no credential Other of Latchkey in AWX, or the token may not see it. Create it first"),
        ({"organization": ""}, "There are 2 of the credential Qumulo in AWX. Set organization"),
        ({"input": "tokn"}, "has no input tokn. Its inputs are host, token, other, token_id"),
        ({"input": "host"}, "The input host of the credential Qumulo of Latchkey in AWX is no secret, so AWX would show it"),
        ({"controller_oauthtoken": "canary-wrong"}, "It is that of controller_oauthtoken, or of CONTROLLER_OAUTH_TOKEN."),
        ({"api_path": "/api/v3"}, "set api_path of rotate_publish_awx_credential to /api/controller/v2."),
        ({"ca_path": None}, "certificate"),
    ],
)
def test_what_cannot_be_written_is_found_out_before(rig: Rig, options: dict[str, Any], words: str) -> None:
    said = rig.refusal(**options)
    assert words in said
    assert "canary" not in said
    assert rig.awx.journal == []


def test_an_input_that_awx_looks_up_elsewhere(rig: Rig) -> None:
    rig.awx.put("credential_input_sources", target_credential=rig.credential["id"], input_field_name="token")
    assert "AWX looks the input token of the credential Qumulo of Latchkey in AWX up in another system" in rig.refusal()


def test_a_credential_that_the_token_may_only_use(rig: Rig) -> None:
    rig.credential["summary_fields"]["user_capabilities"] = {"edit": False}
    assert "may not be changed by this token. Its user needs the role Admin of the credential." in rig.refusal()


def test_a_refusal_of_the_write_never_tells_the_secret(rig: Rig) -> None:
    rig.awx.may[TOKEN] = frozenset()
    with pytest.raises(LatchkeyError, match="You do not have permission to perform this action") as caught:
        rig.sink().write(NEW, SinkContent())
    assert "canary" not in str(caught.value)
    assert rig.credential["inputs"]["token"] == OLD.value


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"name": " "}, "name is not set"),
        ({"input": None}, "input is not set"),
        ({"controller_host": None}, "controller_host is not set, and neither is CONTROLLER_HOST"),
        ({"controller_host": "http://awx.example.com"}, "controller_host: plain http"),
        ({"id_input": "token"}, "input and id_input are the same"),
        ({"timeout": 0}, "timeout 0 is not a number of seconds"),
    ],
)
def test_options_that_do_not_fit(rig: Rig, options: dict[str, Any], words: str) -> None:
    with pytest.raises(OptionError, match="rotate_publish_awx_credential: ") as caught:
        rig.sink(**options)
    assert words in str(caught.value)
