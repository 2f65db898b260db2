"""What somebody was to fill in and did not, told from texts that only look so."""

from __future__ import annotations

import pytest
from amlemu.azure.templates import is_secret, placeholder, token_in, unfilled


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("{{ENDPOINT}}", "{{ENDPOINT}}"),
        ("reg.azurecr.io/{{image}}:1", "{{image}}"),
        ("{% if x %}", "{% if x %}"),
        ("${{ secrets.KEY }}", "${{ secrets.KEY }}"),
        ("${{secrets.KEY}}", "${{secrets.KEY}}"),
        ("<ENDPOINT_NAME>", "<ENDPOINT_NAME>"),
        ("<my-endpoint-name>", "<my-endpoint-name>"),
        ("<your workspace>", "<your workspace>"),
        ("$(Build.BuildId)", "$(Build.BuildId)"),
        ("$ENDPOINT", "$ENDPOINT"),
        ("${ENDPOINT}", "${ENDPOINT}"),
        ("__ENDPOINT_NAME__", "__ENDPOINT_NAME__"),
        ("%ENDPOINT%", "%ENDPOINT%"),
        # nothing of the kind
        ("blue", ""),
        ("a < b and c > d", ""),
        ("10%", ""),
        ("x{y}z", ""),
        ("src/__init__.py", ""),
        ("mcr.microsoft.com/azureml/inference:latest", ""),
        ("azureml://registries/azureml/models/m/versions/1", ""),
        ("C:\\models\\m.pkl", ""),
        ("100$", ""),
        ("${{azureml://connections/c/credentials/key}}", ""),
        ("${{keyvaultref:https://v.vault.azure.net/secrets/s}}", ""),
    ],
)
def test_a_placeholder_is_found(text, found):
    assert placeholder(text) == found


@pytest.mark.parametrize(
    ("text", "is_one"),
    [
        ("${{azureml://connections/aoai/credentials/key}}", True),
        ("${{ keyvaultref:https://v.vault.azure.net/secrets/s/1 }}", True),
        ("${{secrets.KEY}}", False),
        ("azureml://connections/aoai", False),
    ],
)
def test_secrets_that_azure_puts_in_are_no_placeholders(text, is_one):
    """Source: Learn, secret injection in online endpoints."""
    assert is_secret(text) is is_one


def test_braces_are_found_with_their_lines_and_comments_do_not_count():
    """`${{ }}` is left out: YAML can hold it."""
    text = "a: {{X}} # {{no}}\n# {{no}}\nb: ${{ no }}\n{% for x in y %}\n  c: {{ Y }}-{{Z}}\n"

    assert unfilled(text) == [(1, "{{X}}"), (4, "{% for x in y %}"), (5, "{{ Y }}"), (5, "{{Z}}")]


@pytest.mark.parametrize(
    ("line", "found"),
    [("name: #{NAME}#", "#{NAME}#"), ("name: #{Octopus.Name}", "#{Octopus.Name}"), ("name: x # {y}", ""), ("", "")],
)
def test_a_token_that_yaml_takes_for_a_comment_is_found(line, found):
    """As release pipelines replace them."""
    assert token_in(line) == found
