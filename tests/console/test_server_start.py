"""What the real command prints before it serves; every text is copied from azureml-inference-server-http 1.5.1."""

from __future__ import annotations

import pytest
from amlemu.console.server_start import start_print

DEFAULTS = {
    "AZUREML_ENTRY_SCRIPT": "/demo/score.py",
    "WORKER_COUNT": "1",
    "SERVER_PORT": "5001",
    "HEALTH_PORT": "5001",
    "AML_APP_INSIGHTS_ENABLED": "false",
    "HTTP_X_MS_SERVER_VERSION": "azmlinfsrv/1.5.1",
}
PRINT_OF_DEFAULTS = """\
The environment variable 'AZUREML_MODEL_DIR' has not been set.
Use the --model_dir command line argument to set it.

Azure ML Inferencing HTTP server v1.5.1


Server Settings
---------------
Entry Script Name: /demo/score.py
Model Directory: None
Config File: None
Worker Count: 1
Worker Timeout (seconds): None
Server Port: 5001
Health Port: 5001
Application Insights Enabled: false
Application Insights Key: None
Inferencing HTTP server version: azmlinfsrv/1.5.1
CORS for the specified origins: None
Create dedicated endpoint for health: None


Server Routes
---------------
Liveness Probe: GET   127.0.0.1:5001/
Score:          POST  127.0.0.1:5001/score

"""
EVERYTHING = {
    "AZUREML_ENTRY_SCRIPT": "/demo/score.py",
    "AZUREML_MODEL_DIR": "./m",
    "AZUREML_CONFIG_FILE": "/demo/none.json",
    "WORKER_COUNT": "2",
    "WORKER_TIMEOUT": "7",
    "SERVER_PORT": "5877",
    "HEALTH_PORT": "5878",
    "AML_APP_INSIGHTS_ENABLED": "true",
    "AML_APP_INSIGHTS_KEY": "11111111-2222-3333-4444-555555555555",
    "HTTP_X_MS_SERVER_VERSION": "mine",
    "AML_CORS_ORIGINS": "a.com, b.com",
    "SEPERATE_HEALTH_ENDPOINT": "true",
}
PRINT_OF_EVERYTHING = """\
Valid Application Insights instrumentation key provided.

Azure ML Inferencing HTTP server v1.5.1


Server Settings
---------------
Entry Script Name: /demo/score.py
Model Directory: ./m
Config File: /demo/none.json
Worker Count: 2
Worker Timeout (seconds): 7
Server Port: 5877
Health Port: 5878
Application Insights Enabled: true
Application Insights Key: AppInsights key provided
Inferencing HTTP server version: mine
CORS for the specified origins: Enabling CORS for a.com, b.com
Create dedicated endpoint for health: true


Server Routes
---------------
Liveness Probe: GET   127.0.0.1:5878/
Score:          POST  127.0.0.1:5877/score

"""


@pytest.mark.parametrize(
    ("environment", "notices", "text"),
    [
        pytest.param(DEFAULTS, (), PRINT_OF_DEFAULTS, id="defaults"),
        pytest.param(
            EVERYTHING,
            ("Valid Application Insights instrumentation key provided.",),
            PRINT_OF_EVERYTHING,
            id="everything",
        ),
    ],
)
def test_the_print_is_the_real_ones(environment, notices, text):
    """The key itself is not for logs."""
    assert start_print(environment, notices) == text


def test_the_model_is_asked_for_before_the_insights_are_told_about():
    lines = start_print(DEFAULTS, ("Application Insights has been disabled.",)).splitlines()

    assert lines[:4] == [
        "The environment variable 'AZUREML_MODEL_DIR' has not been set.",
        "Use the --model_dir command line argument to set it.",
        "Application Insights has been disabled.",
        "",
    ]


@pytest.mark.parametrize(
    ("variable", "line"),
    [
        pytest.param({"AZUREML_MODEL_DIR": ""}, "Model Directory: ", id="set-to-nothing"),
        pytest.param({"AML_CORS_ORIGINS": ""}, "CORS for the specified origins: Enabling CORS for ", id="no-origins"),
        pytest.param({"AML_APP_INSIGHTS_KEY": ""}, "Application Insights Key: AppInsights key provided", id="no-key"),
        pytest.param({"AML_CORS_ORIGINS": "{}"}, "CORS for the specified origins: Enabling CORS for {}", id="braces"),
        pytest.param({"WORKER_TIMEOUT": "{0}"}, "Worker Timeout (seconds): {0}", id="braces-elsewhere"),
    ],
)
def test_a_variable_that_is_set_to_nothing_is_set(variable, line):
    """And whatever it is set to is shown as it is."""
    assert line in start_print({**DEFAULTS, **variable}).splitlines()
