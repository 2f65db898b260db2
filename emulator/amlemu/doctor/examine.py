"""
The one list of what the doctor looks at, and the look. Each check gets the subject and yields findings; none runs user code.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from amlemu.doctor.alone import check_alone
from amlemu.doctor.annotations import check_annotations
from amlemu.doctor.failures import check_failures
from amlemu.doctor.functions import check_functions, check_signatures
from amlemu.doctor.here import check_this_machine
from amlemu.doctor.inputs import check_inputs
from amlemu.doctor.known_faults import check_known_faults
from amlemu.doctor.models import check_model_files
from amlemu.doctor.names import check_names
from amlemu.doctor.packages import check_imports
from amlemu.doctor.parsing import check_parses
from amlemu.doctor.pickled_names import check_pickles
from amlemu.doctor.pins import check_pins
from amlemu.doctor.returns import check_returns
from amlemu.doctor.samples import check_samples
from amlemu.doctor.schemas import check_schemas
from amlemu.doctor.server import check_server
from amlemu.doctor.server_files import check_server_files
from amlemu.doctor.siblings import check_siblings
from amlemu.doctor.speech import check_speech
from amlemu.doctor.spelling import check_names as check_spelling
from amlemu.doctor.stops import check_stops
from amlemu.doctor.subject import Subject
from amlemu.doctor.twice import check_twice
from amlemu.doctor.variables import check_model_variable, check_server_variables, check_variable_names
from amlemu.finding import Finding, worst_first

Check = Callable[[Subject], Iterable[Finding]]

# In the order of a start: what keeps the image from being built, the script from loading, init() from returning; then requests.
CHECKS: tuple[Check, ...] = (
    check_spelling,
    check_twice,
    check_pins,
    check_known_faults,
    check_server,
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
