"""What schemathesis must leave alone in a run: the caller's own account, sign-ins and session."""

import os

import schemathesis

OWN = set(os.environ.get("CHAT_API_OWN_IDS", "").split())


@schemathesis.hook
def before_call(context, case, kwargs):
    """One's own id becomes one that nobody has: a run that ends its credentials tests nothing afterwards."""
    for name, value in (case.path_parameters or {}).items():
        if value in OWN and case.method != "GET":
            case.path_parameters[name] = value[:4] + "0" * 26
