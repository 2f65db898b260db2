"""
The Python blocks of the pages of 2020-03, 2020-08 and 2020-11, in their order, as one notebook: `azureml.core` is `amlemu.v1`, and nothing else is changed.

The blocks are literals of the pages, without their indentation; blocks that two pages share stand once. Those of score.py are the script here. What
Docker has to build (`Model.package`, an image that includes ptvsd) is run up to where it is built.
"""

from __future__ import annotations

import importlib
import re
from pathlib import Path

import pytest

from tests.v1.conftest import Desk

# "Advanced debugging", step 1 of "Create an image that includes PTVSD"
CONDA = """
from azureml.core.conda_dependencies import CondaDependencies 


# Usually a good idea to choose specific version numbers
# so training is made on same packages as scoring
myenv = CondaDependencies.create(conda_packages=['numpy==1.15.4',            
                            'scikit-learn==0.19.1', 'pandas==0.23.4'],
                             pip_packages = ['azureml-defaults==1.0.45', 'ptvsd'])

with open("myenv.yml","w") as f:
    f.write(myenv.serialize_to_string())
"""  # noqa: W291  # as on the page
# "Before you begin"
REGISTER = """
from azureml.core.model import Model


# register a model out of a run record
model = best_run.register_model(model_name='my_best_model', model_path='outputs/my_model.pkl')

# or, you can register a file or a folder of files as a model
model = Model.register(model_path='my_model.pkl', model_name='my_best_model', workspace=ws)
"""
INFERENCE = """
from azureml.core.model import InferenceConfig
from azureml.core.environment import Environment


# create inference configuration based on the requirements defined in the YAML
myenv = Environment.from_conda_specification(name="myenv", file_path="myenv.yml")
inference_config = InferenceConfig(entry_script="score.py", environment=myenv)
"""
DEPLOY = """
from azureml.core.webservice import AciWebservice


# deploy the model
aci_config = AciWebservice.deploy_configuration(cpu_cores=1, memory_gb=1)
aci_service = Model.deploy(workspace=ws,
                       name='my-service',
                       models=[model],
                       inference_config=inference_config,
                       deployment_config=aci_config)
aci_service.wait_for_deployment(show_output=True)
"""
# "Debug locally"
LOCALLY = """
from azureml.core.environment import Environment
from azureml.core.model import InferenceConfig, Model
from azureml.core.webservice import LocalWebservice


# Create inference configuration based on the environment definition and the entry script
myenv = Environment.from_conda_specification(name="env", file_path="myenv.yml")
inference_config = InferenceConfig(entry_script="score.py", environment=myenv)
# Create a local deployment, using port 8890 for the web service endpoint
deployment_config = LocalWebservice.deploy_configuration(port=8890)
# Deploy the service
service = Model.deploy(
    ws, "mymodel", [model], inference_config, deployment_config)
# Wait for the deployment to complete
service.wait_for_deployment(True)
# Display the port that the web service is available on
print(service.port)
"""
RUN = """
import json

test_sample = json.dumps({'data': [
    [1, 2, 3, 4, 5, 6, 7, 8, 9, 10],
    [10, 9, 8, 7, 6, 5, 4, 3, 2, 1]
]})

test_sample = bytes(test_sample, encoding='utf8')

prediction = service.run(input_data=test_sample)
print(prediction)
"""
RELOAD = """
service.reload()
print(service.run(input_data=test_sample))
"""
UPDATE = """
service.update([different_model], inference_config, deployment_config)
"""
LOGS = """
# if you already have the service object handy
print(service.get_logs())

# if you only know the name of the service (note there might be multiple services with the same name but different version number)
print(ws.webservices['mysvc'].get_logs())
"""
# the page of 2020-11, "Get deployment logs"
WEBSERVICES = """
print(ws.webservices)

# Choose the webservice you are interested in

from azureml.core import Webservice

service = Webservice(ws, '<insert name of webservice>')
print(service.get_logs())
"""
# "Function fails: get_model_path()"
MODEL_PATH = """
from azureml.core.model import Model
import logging
logging.basicConfig(level=logging.DEBUG)
print(Model.get_model_path(model_name='my-best-model'))
"""
# "HTTP status code 503"
REPLICAS = """
from math import ceil
# target requests per second
targetRps = 20
# time to process the request (in seconds)
reqTime = 10
# Maximum requests per container
maxReqPerContainer = 1
# target_utilization. 70% in this example
targetUtilization = .7

concurrentRequests = targetRps * reqTime / targetUtilization

# Number of container replicas
replicas = ceil(concurrentRequests / maxReqPerContainer)
"""
# "Advanced debugging", step 3
PACKAGE = """
from azureml.core.conda_dependencies import CondaDependencies
from azureml.core.model import InferenceConfig
from azureml.core.environment import Environment


myenv = Environment.from_conda_specification(name="env", file_path="myenv.yml")
myenv.docker.base_image = None
myenv.docker.base_dockerfile = "FROM mcr.microsoft.com/azureml/base:intelmpi2018.3-ubuntu16.04\\nRUN apt-get update && apt-get install vim -y"
inference_config = InferenceConfig(entry_script="score.py", environment=myenv)
package = Model.package(ws, [model], inference_config)
"""
WAIT_AND_PULL = """
package.wait_for_creation(show_output=True)  # Or show_output=False to hide the Docker build logs.
package.pull()
"""
# "Function fails: run(input_data)"; what is around it is ours: a script has imports and an init()
SCRIPT = '''
import json
import pickle

from azureml.core.model import Model


class np:
    """As much of numpy as the page's run() needs."""

    @staticmethod
    def array(rows):
        return rows


class Predicted(list):
    def tolist(self):
        return list(self)


class Sums:
    def __init__(self, times):
        self.times = times

    def predict(self, rows):
        return Predicted(sum(row) * self.times for row in rows)


def init():
    global model
    with open(Model.get_model_path('my_best_model'), 'rb') as file:
        model = Sums(**pickle.load(file))
    print('loaded')


def run(input_data):
    try:
        data = json.loads(input_data)['data']
        data = np.array(data)
        result = model.predict(data)
        return json.dumps({"result": result.tolist()})
    except Exception as e:
        result = str(e)
        # return error message back to the client
        return json.dumps({"error": result})
'''


class Notebook:
    """Cells that are run one after the other in one namespace; `printed` is what the last one has printed."""

    def __init__(self, desk: Desk, capsys: pytest.CaptureFixture[str]) -> None:
        self.names: dict[str, object] = {}
        self._desk, self._capsys = desk, capsys
        self.printed = ""

    def run(self, cell: str, **replaced: str) -> None:
        """Run a cell; the import lines are changed, and nothing else, but for what a page asks its reader to put in."""
        self._capsys.readouterr()
        for old, new in {"azureml.core": "amlemu.v1", **replaced}.items():
            cell = cell.replace(old, new)
        exec(compile(cell, "<cell>", "exec"), self.names)  # that is what a notebook does
        self.printed = self._capsys.readouterr().out


def test_the_notebook_of_2020_runs(desk, capsys):
    """Register, deploy, run, reload, update, logs, delete: one process, one project, real services."""
    notebook = Notebook(desk, capsys)
    desk.write("score.py", SCRIPT)
    desk.train("my_model.pkl", 1)
    notebook.run("from azureml.core import Workspace, Experiment\nws = Workspace.from_config()")
    notebook.run(
        "best_run = Experiment(ws, 'train').start_logging()\nbest_run.upload_file('outputs/my_model.pkl', 'my_model.pkl')"
    )

    notebook.run(CONDA)
    notebook.run(REGISTER)
    assert notebook.names["model"].id == "my_best_model:2"
    notebook.run(INFERENCE)
    notebook.run(DEPLOY)
    assert notebook.printed.endswith('ACI service creation operation finished, operation "Succeeded"\n')
    assert "numpy" in notebook.printed  # of the environment that is not there

    notebook.run(LOCALLY)
    assert notebook.printed.endswith("Local webservice is running at http://localhost:8890\n8890\n")
    notebook.run(RUN)
    assert notebook.printed == '{"result": [55, 55]}\n'
    desk.write("score.py", SCRIPT.replace("sum(row)", "-sum(row)"))
    notebook.run(RELOAD)
    assert notebook.printed == '{"result": [-55, -55]}\n'
    desk.train("other.pkl", 2)
    notebook.run("different_model = Model.register(ws, 'other.pkl', 'my_best_model')")
    notebook.run(UPDATE)
    notebook.run(RUN)
    assert notebook.printed.endswith('{"result": [-110, -110]}\n')
    notebook.run("print(service.run('{}'))")
    assert notebook.printed == '{"error": "\'data\'"}\n'

    notebook.run(LOGS, mysvc="my-service")
    assert notebook.printed.count("loaded") >= 2
    notebook.run(WEBSERVICES, **{"<insert name of webservice>": "my-service"})
    assert "'my-service': AciWebservice(" in notebook.printed
    notebook.run("Model.register(ws, 'my_model.pkl', 'my-best-model')")
    notebook.run(MODEL_PATH)
    assert notebook.printed.endswith("models/my-best-model/1/my_model.pkl\n")
    notebook.run(REPLICAS)
    assert notebook.names["replicas"] == 286

    notebook.run("LocalWebservice(ws, 'mymodel').delete()\nservice.delete()\nprint(ws.webservices)")
    assert notebook.printed == "{}\n"


def test_the_package_of_the_page_needs_docker_and_says_so(desk, capsys):
    """Up to the build all of it runs; without an engine the SDK's words say what is missing."""
    notebook = Notebook(desk, capsys)
    desk.write("score.py", SCRIPT)
    desk.train("my_model.pkl", 1)
    notebook.run("from azureml.core import Workspace, Model\nws = Workspace.from_config()")
    notebook.run("model = Model.register(ws, 'my_model.pkl', 'my_best_model')")
    notebook.run(CONDA)
    notebook.run(PACKAGE)

    assert notebook.names["package"].state == "NotStarted"
    assert notebook.names["myenv"].docker.base_dockerfile.endswith("\nRUN apt-get update && apt-get install vim -y")
    with pytest.raises(Exception, match=r"^Package creation reached non-successful terminal state") as caught:
        notebook.run(WAIT_AND_PULL)
    assert type(caught.value).__name__ == "WebserviceException"


def test_the_page_for_notebooks_says_where_each_name_is():
    """docs/notebooks.md: what a line of imports names on the left is in the module on the right."""
    page = (Path(__file__).parents[2] / "docs" / "notebooks.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `from azureml\.\S+ import (.+?)` \| `from (\S+) import \.\.\.` \|$", page, re.MULTILINE)
    missing = [
        f"{module}.{name}"
        for names, module in rows
        for name in names.split(", ")
        if name != "..." and not hasattr(importlib.import_module(module), name)
    ]

    assert len(rows) == 10
    assert missing == []
