"""
The one list of what the doctor looks at, and the look. Each check gets the subject and yields findings; none runs user code.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from amlemu.doctor.code.annotations import check_annotations
from amlemu.doctor.code.failures import check_failures
from amlemu.doctor.code.functions import check_functions, check_signatures
from amlemu.doctor.code.inputs import check_inputs
from amlemu.doctor.code.names import check_names
from amlemu.doctor.code.parsing import check_parses
from amlemu.doctor.code.returns import check_returns
from amlemu.doctor.code.schemas import check_schemas
from amlemu.doctor.code.speech import check_speech
from amlemu.doctor.code.stops import check_stops
from amlemu.doctor.code.variables import check_model_variable, check_server_variables, check_variable_names
from amlemu.doctor.files.models import check_model_files
from amlemu.doctor.files.pickled_names import check_pickles
from amlemu.doctor.files.server_files import check_server_files
from amlemu.doctor.needs.alone import check_alone
from amlemu.doctor.needs.here import check_this_machine
from amlemu.doctor.needs.known_faults import check_known_faults
from amlemu.doctor.needs.packages import check_imports
from amlemu.doctor.needs.pins import check_pins
from amlemu.doctor.needs.routes import check_routes
from amlemu.doctor.needs.server import check_server
from amlemu.doctor.needs.siblings import check_siblings
from amlemu.doctor.needs.spelling import check_names as check_spelling
from amlemu.doctor.needs.twice import check_twice
from amlemu.doctor.samples import check_samples
from amlemu.doctor.subject import Subject
from amlemu.finding import Finding, worst_first

Check = Callable[[Subject], Iterable[Finding]]

# In the order of a start: what keeps the image from being built, the script from loading, init() from returning; then requests.
CHECKS: tuple[Check, ...] = (
    check_spelling,
    check_twice,
    check_pins,
    check_known_faults,
    check_server,
    check_routes,
    check_server_variables,
    check_parses,
    check_annotations,
    check_alone,
    check_siblings,
    check_imports,
    check_server_files,
    check_stops,
    check_functions,
    check_signatures,
    check_model_variable,
    check_variable_names,
    check_model_files,
    check_pickles,
    check_names,
    check_schemas,
    check_inputs,
    check_returns,
    check_failures,
    check_speech,
    check_samples,
    check_this_machine,
)


def examine(subject: Subject) -> list[Finding]:
    """Return what is wrong with a deployment, worst first."""
    asked = subject.requirements
    found = (
        list(subject.description.findings) if subject.description is not None else list(asked.findings if asked else [])
    )
    for check in CHECKS:
        found += check(subject)
    return worst_first(found)
