
from azureml.contrib.services import rawhttp
def init(): pass
@rawhttp
def run(request):
    return request.get_data().decode()
