"""The server's own settings: variables first, then a config.json, whoever's it is."""

from __future__ import annotations

import json

import pytest
from amlemu.scoring import config
from amlemu.scoring.config import ConfigFault, ServerConfig


@pytest.fixture
def environment(tmp_path):
    """The variables of a script in a subfolder of its app root."""
    (tmp_path / "sub").mkdir()
    return {"AML_APP_ROOT": str(tmp_path), "AZUREML_ENTRY_SCRIPT": str(tmp_path / "sub" / "score.py")}


def fault_of(environment):
    with pytest.raises(ConfigFault) as caught:
        config.read(environment)
    return caught.value


def test_the_defaults_are_the_servers():
    """Literals from contract 3.7."""
    assert config.read({}) == ServerConfig("ML service", "1.0", "", 3600000, None, "", None, None)


def test_variables_are_read(environment):
    """Their names in any case, as pydantic reads them."""
    own = {"service_name": "mine", "SCORING_TIMEOUT_MS": "600", "AML_CORS_ORIGINS": "a", "AZUREML_MODEL_DIR": "/m"}
    read = config.read({**environment, **own})

    assert (read.service_name, read.scoring_timeout_ms, read.cors_origins, read.model_dir) == ("mine", 600, "a", "/m")


@pytest.mark.parametrize("place", ["named.json", "config.json", "sub/config.json"])
def test_a_file_is_found_where_it_is_named_or_lies(environment, tmp_path, place):
    """Named, in the app root, or beside the script."""
    (tmp_path / place).write_text('{"SERVICE_NAME": "from the file", "SCORING_TIMEOUT_MS": 5}')
    if place == "named.json":
        environment["AZUREML_CONFIG_FILE"] = str(tmp_path / place)

    read = config.read(environment)
    assert (read.service_name, read.scoring_timeout_ms) == ("from the file", 5)


def test_the_first_file_that_is_filled_counts(environment, tmp_path):
    """A named one that is missing or empty is passed over."""
    (tmp_path / "config.json").write_text("")
    (tmp_path / "sub" / "config.json").write_text('{"SERVICE_NAME": "beside"}')
    environment["AZUREML_CONFIG_FILE"] = str(tmp_path / "nowhere.json")

    assert config.read(environment).service_name == "beside"


def test_variables_beat_the_file(environment, tmp_path):
    (tmp_path / "config.json").write_text('{"SERVICE_NAME": "file", "SERVICE_VERSION": "2"}')

    read = config.read({**environment, "SERVICE_NAME": "variable"})
    assert (read.service_name, read.service_version) == ("variable", "2")


def test_keys_of_a_models_own_file_do_no_harm(environment, tmp_path):
    """`config.json` is what Hugging Face calls its files, too (contract 4.15)."""
    (tmp_path / "config.json").write_text(json.dumps({"architectures": ["Bert"], "hidden_size": 768}))

    assert config.read(environment) == ServerConfig()


@pytest.mark.parametrize("text", ["{", "[]", "null", "7", '"text"'])
def test_a_file_that_is_no_object_stops_the_start(environment, tmp_path, text):
    (tmp_path / "config.json").write_text(text)

    fault = fault_of(environment)
    assert fault.text.startswith("Invalid config file!")
    assert fault.what.startswith(f"{tmp_path}/config.json: the server reads this file as its own settings and cannot: ")


@pytest.mark.parametrize(
    ("word", "value"), [("0", 0), ("-5", -5), (" 600 ", 600), ("1_000", 1000), ("7.0", 7), ("+3", 3)]
)
def test_numbers_are_read_as_pydantic_reads_them(word, value):
    assert config.read({"SCORING_TIMEOUT_MS": word}).scoring_timeout_ms == value


@pytest.mark.parametrize("word", ["", "soon", "1.5", "1e3", "0x10", "1__0"])
def test_what_is_no_number_stops_the_start(word):
    """With the banner of the real server and the name of the variable."""
    fault = fault_of({"SCORING_TIMEOUT_MS": word})

    assert fault.text.startswith(
        "\n===============Configuration Error=================\nSCORING_TIMEOUT_MS: Input should be a valid integer"
    )
    assert "(environment variable: SCORING_TIMEOUT_MS)" in fault.text
    assert fault.what.startswith(f"SCORING_TIMEOUT_MS={word!r}: input should be a valid integer")


@pytest.mark.parametrize("value", [7, None, ["a"], True])
def test_text_in_a_file_has_to_be_text(environment, tmp_path, value):
    (tmp_path / "config.json").write_text(json.dumps({"SERVICE_NAME": value}))

    if value is None:
        assert config.read(environment).service_name == "ML service"
    else:
        assert fault_of(environment).what == f"SERVICE_NAME={value!r}: input should be a valid string"


def test_the_servers_needless_warning_names_its_own_keys():
    """In the server's order, whatever ours (contract 3.7)."""
    assert config.extra_keys({"service_name": "x", "AZUREML_ENTRY_SCRIPT": "s", "HOME": "/"}) == [
        "AZUREML_ENTRY_SCRIPT",
        "SERVICE_NAME",
    ]
