"""What the environment and the code say of store, labels, server and judge."""

from __future__ import annotations

import pytest

from xeroml_nb.errors import BadInput
from xeroml_nb.records.access import Secret
from xeroml_nb.settings import GivenServer, ModelAddress, Settings

HOST = "https://xeroml.test/"
KEYS = {"XEROML_PUBLIC_KEY": "pk-1", "XEROML_SECRET_KEY": "sk-very-secret"}


@pytest.fixture
def server(monkeypatch):
    """The environment names a server and both keys to it."""
    for name, value in {"XEROML_HOST": HOST, **KEYS}.items():
        monkeypatch.setenv(name, value)


def test_the_environment_names_the_server(server):
    found = Settings.from_environment().server
    assert (found.host, found.public_key, found.api) == ("https://xeroml.test", "pk-1", "xeroml")
    assert found.secret_key == Secret("sk-very-secret")
    assert "very-secret" not in repr(found)


def test_what_the_code_says_of_the_server_wins(server):
    given = GivenServer("http://here:1", "pk-2", Secret("sk-2"), "langfuse", {"scores": "v2/s"})
    found = Settings.from_environment(server=given).server
    assert (found.host, found.public_key, found.api) == ("http://here:1", "pk-2", "langfuse")
    assert (found.secret_key, found.paths) == (Secret("sk-2"), (("scores", "v2/s"),))


def test_keys_without_a_host_are_no_server(server, monkeypatch):
    monkeypatch.delenv("XEROML_HOST")
    assert Settings.from_environment().server is None


@pytest.mark.parametrize(
    ("there", "missing"),
    [
        ((), "XEROML_PUBLIC_KEY and XEROML_SECRET_KEY"),
        (("XEROML_PUBLIC_KEY",), "XEROML_SECRET_KEY"),
        (("XEROML_SECRET_KEY",), "XEROML_PUBLIC_KEY"),
    ],
)
def test_a_server_without_its_keys_is_refused(there, missing, server, monkeypatch):
    monkeypatch.setenv("XEROML_HOST", "https://user:hush@xeroml.test")
    for name in KEYS.keys() - set(there):
        monkeypatch.delenv(name)
    with pytest.raises(BadInput, match=f"is set, but not {missing}") as refused:
        Settings.from_environment()
    assert "hush" not in str(refused.value)
    assert "very-secret" not in str(refused.value)


@pytest.mark.parametrize("host", ["xeroml.test", "ftp://xeroml.test", "https://", "http://a:b@c"])
def test_a_host_that_is_no_address_is_refused(host, server, monkeypatch):
    monkeypatch.setenv("XEROML_HOST", host)
    with pytest.raises(BadInput, match="The server's address is"):
        Settings.from_environment()


def test_an_unknown_api_is_refused_with_those_there_are(server, monkeypatch):
    monkeypatch.setenv("XEROML_API", "langsmith")
    with pytest.raises(BadInput, match=r"XEROML_API is 'langsmith'. Use one of xeroml, langfuse"):
        Settings.from_environment()


def test_the_key_of_openai_goes_to_openai_or_where_openais_own_variable_says(monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", "sk-openai")
    monkeypatch.delenv("OPENAI_BASE_URL", raising=False)
    own = ModelAddress.completed("gpt", None, None)
    assert (own.host, own.api_key) == ("api.openai.com", Secret("sk-openai"))
    elsewhere = ModelAddress.completed("gpt", "http://localhost:11434/v1", None)
    assert (elsewhere.host, elsewhere.api_key) == ("localhost:11434", None)
    monkeypatch.setenv("OPENAI_BASE_URL", "https://proxy.test/v1")
    assert ModelAddress.completed("gpt", None, None).host == "proxy.test"


def test_without_a_model_there_is_no_address_of_one(monkeypatch):
    monkeypatch.setenv("XEROML_JUDGE_BASE_URL", "http://localhost:1/v1")
    assert ModelAddress.completed(None, None, None) is None
    monkeypatch.setenv("XEROML_JUDGE_MODEL", "small")
    monkeypatch.setenv("XEROML_JUDGE_API_KEY", "sk-judge")
    found = ModelAddress.completed(None, None, None)
    assert (found.model, found.host, found.api_key) == ("small", "localhost:1", Secret("sk-judge"))
