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
    assert config.read({}) == ServerConfig("ML service", "1.0", "", 3600000, None, None, "", None, None)


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

    assert config.read(environment) == ServerConfig(entry_script=environment["AZUREML_ENTRY_SCRIPT"])


@pytest.mark.parametrize(
    ("content", "said"),
    [
        pytest.param(b"{", "json.decoder.JSONDecodeError: Expecting property name", id="not-json"),
        pytest.param(b"  ", "json.decoder.JSONDecodeError: Expecting value: line 1 column 3 (char 2)", id="blank"),
        pytest.param(b"[]", "AttributeError: 'list' object has no attribute 'get'", id="list"),
        pytest.param(b"null", "AttributeError: 'NoneType' object has no attribute 'get'", id="null"),
        pytest.param(b"7", "AttributeError: 'int' object has no attribute 'get'", id="number"),
        pytest.param(b"NaN", "AttributeError: 'float' object has no attribute 'get'", id="nan"),
        pytest.param(b'"text"', "AttributeError: 'str' object has no attribute 'get'", id="text"),
        pytest.param(b"\xef\xbb\xbf{}", "json.decoder.JSONDecodeError: Unexpected UTF-8 BOM", id="mark"),
        pytest.param(b'{"a":"\xff"}', "UnicodeDecodeError: 'utf-8' codec can't decode byte 0xff", id="latin-1"),
        pytest.param(
            b"[" * 100_000, "RecursionError: maximum recursion depth exceeded while decoding a JSON array", id="deep"
        ),
    ],
)
def test_a_file_that_is_no_object_stops_the_start(environment, tmp_path, content, said):
    """Python's words, as the real server passes them on."""
    (tmp_path / "config.json").write_bytes(content)

    fault = fault_of(environment)
    [text] = fault.texts
    assert text.startswith("Invalid config file!: Traceback (most recent call last):\n")
    assert f"\n{said}" in text
    assert fault.what.startswith(f"{tmp_path}/config.json: the server reads this file as its own settings and cannot: ")


@pytest.mark.parametrize("name", ["config.json", "named"])
def test_a_folder_under_the_name_of_the_file_stops_the_start(environment, tmp_path, name):
    (tmp_path / name).mkdir()

    fault = fault_of({**environment, "AZUREML_CONFIG_FILE": str(tmp_path / "named")})
    assert f"IsADirectoryError: [Errno 21] Is a directory: '{tmp_path / name}'" in fault.texts[0]


@pytest.fixture
def huge(tmp_path):
    """Write a config.json of half a gigabyte that takes no room, beginning with these bytes."""

    def write(start):
        with open(tmp_path / "config.json", "wb") as file:
            file.write(start)
            file.truncate(512 << 20)

    return write


def test_a_huge_file_is_a_models_own_and_passed_over(environment, huge, caplog):
    """Our limit, and said so; the real server reads it."""
    huge(b' \n{"vocab": ')

    assert config.read(environment).service_name == "ML service"
    assert caplog.messages[0] == (
        f"{environment['AML_APP_ROOT']}/config.json has 512 MiB and is not read for settings; the real server would."
    )


@pytest.mark.parametrize(
    ("start", "said"),
    [(b"[1, ", "AttributeError: 'list' object has no attribute 'get'"), (b"\x00", "ValueError: Expecting value")],
)
def test_a_huge_file_that_is_no_object_stops_the_start_at_once(environment, huge, start, said):
    huge(start)

    assert said in fault_of(environment).texts[0]


@pytest.mark.parametrize(
    ("word", "value"),
    [("0", 0), ("-5", -5), (" 600 ", 600), ("1_000", 1000), ("7.0", 7), ("+3", 3), ("007", 7), ("5.00000", 5)],
)
def test_numbers_are_read_as_pydantic_reads_them(word, value):
    assert config.read({"SCORING_TIMEOUT_MS": word}).scoring_timeout_ms == value


NO_NUMBER = "Input should be a valid integer, unable to parse string as an integer"
FRACTION = "Input should be a valid integer, got a number with a fractional part"
NO_FLAG = "Input should be a valid boolean, unable to interpret input"


@pytest.mark.parametrize("word", ["", "soon", "1.5", "5.", ".5", "1e3", "0x10", "1__0", "_1", "1_", "--5", "\uff15"])
def test_what_is_no_number_stops_the_start(word):
    """With the banner of the real server and the name of the variable."""
    fault = fault_of({"SCORING_TIMEOUT_MS": word})

    assert fault.texts == [
        "\n===============Configuration Error=================\n"
        f"SCORING_TIMEOUT_MS: {NO_NUMBER} (environment variable: SCORING_TIMEOUT_MS)\n"
        "==================================================="
    ]
    assert fault.what == f"SCORING_TIMEOUT_MS={word!r}: {NO_NUMBER[0].lower()}{NO_NUMBER[1:]}"


@pytest.mark.parametrize(
    ("name", "value", "problem"),
    [
        *(("SERVICE_NAME", value, "Input should be a valid string") for value in (7, 1.5, True, [], {"a": 1})),
        ("SCORING_TIMEOUT_MS", 1.5, FRACTION),
        ("SCORING_TIMEOUT_MS", float("nan"), "Input should be a finite number"),
        ("SCORING_TIMEOUT_MS", float("inf"), "Input should be a finite number"),
        ("SCORING_TIMEOUT_MS", [], "Input should be a valid integer"),
        ("SCORING_TIMEOUT_MS", "9" * 5000, "Unable to parse input string as an integer, exceeded maximum size"),
        ("AZUREML_DEBUG_PORT", "x", NO_NUMBER),
        ("WORKSPACE_NAME", 7, "Input should be a valid string"),
        ("APP_INSIGHTS_LOG_RESPONSE_ENABLED", 7, NO_FLAG),
        ("APP_INSIGHTS_LOG_RESPONSE_ENABLED", "maybe", NO_FLAG),
        ("APP_INSIGHTS_LOG_RESPONSE_ENABLED", 2.5, "Input should be a valid boolean"),
    ],
)
def test_a_value_of_the_wrong_kind_stops_the_start(environment, tmp_path, name, value, problem):
    """In pydantic's words, observed with the real server."""
    (tmp_path / "config.json").write_text(json.dumps({name: value}))

    assert f"\n{name}: {problem} (environment variable: {name})\n" in fault_of(environment).texts[0]


@pytest.mark.parametrize(
    ("value", "milliseconds"), [(7, 7), (1.0, 1), (1e3, 1000), (True, 1), (False, 0), ("5", 5), (None, 3600000)]
)
def test_a_value_that_pydantic_takes_for_a_number_is_one(environment, tmp_path, value, milliseconds):
    (tmp_path / "config.json").write_text(json.dumps({"SCORING_TIMEOUT_MS": value}))

    assert config.read(environment).scoring_timeout_ms == milliseconds


def test_all_problems_are_told_in_the_servers_order(environment, tmp_path):
    (tmp_path / "config.json").write_text('{"AZUREML_DEBUG_PORT": "x", "SERVICE_NAME": 7}')

    fault = fault_of({**environment, "SCORING_TIMEOUT_MS": "soon"})
    told = [text.splitlines()[2].partition(":")[0] for text in fault.texts]
    assert told == ["SERVICE_NAME", "SCORING_TIMEOUT_MS", "AZUREML_DEBUG_PORT"]
    assert fault.what.startswith("SERVICE_NAME=7: input should be a valid string; SCORING_TIMEOUT_MS='soon': ")


def test_of_a_key_that_comes_twice_the_last_one_counts(environment, tmp_path):
    (tmp_path / "config.json").write_text('{"SERVICE_NAME": 7, "SERVICE_NAME": "b"}')

    assert config.read(environment).service_name == "b"


def test_variables_without_an_alias_are_not_read_from_the_file(environment, tmp_path):
    """The real server's file source knows only fields that have one."""
    (tmp_path / "config.json").write_text('{"AML_CORS_ORIGINS": "*", "AML_MDC_STORAGE_ENABLED": "maybe"}')

    assert config.read(environment).cors_origins is None


def test_the_servers_needless_warning_names_its_own_keys(caplog):
    """In the server's order, whatever ours (contract 3.7); `mdc_storage_enabled` under the name it has there."""
    config.read({"service_name": "x", "AML_MDC_STORAGE_ENABLED": "true", "AZUREML_ENTRY_SCRIPT": "s", "HOME": "/"})

    assert caplog.messages == [
        "Found extra keys in the config file that are not supported by the server.\n"
        "Extra keys = ['AZUREML_ENTRY_SCRIPT', 'SERVICE_NAME', 'mdc_storage_enabled']"
    ]


def test_without_such_variables_there_is_no_warning(caplog):
    config.read({"HOME": "/", "AML_CORS_ORIGINS": "*"})

    assert caplog.messages == []


def test_the_warning_comes_before_the_refusal_of_a_value(caplog):
    fault_of({"SCORING_TIMEOUT_MS": "soon"})

    assert len(caplog.messages) == 1
