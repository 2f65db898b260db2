"""Uses, by the name in its input, what flask offers around a plain run()."""

import flask


def init():
    pass


def _after():
    @flask.after_this_request
    def add(response):
        response.headers["X-After"] = "1"
        return response

    return "after"


def _changed_status():
    @flask.after_this_request
    def change(response):
        response.status_code = 202
        response.set_data(b"changed")
        return response

    return "unchanged"


def _breaks_afterwards():
    @flask.after_this_request
    def fail(response):
        raise ValueError("after the request")

    return "never seen"


def _remember():
    flask.g.own = getattr(flask.g, "own", 0) + 1
    return flask.g.own


CASES = {
    "jsonify": lambda: flask.jsonify(a=1),
    "path": lambda: [flask.request.path, flask.request.method, flask.request.headers["Host"]],
    "app": lambda: type(flask.current_app._get_current_object()).__name__,
    "server_software": lambda: flask.request.environ["SERVER_SOFTWARE"].split("/")[0],
    "server_protocol": lambda: flask.request.environ["SERVER_PROTOCOL"],
    "args": lambda: flask.request.args.to_dict(),
    "remote": lambda: flask.request.remote_addr,
    "url": lambda: flask.request.url.replace(flask.request.host, "HOST"),
    "endpoint": lambda: [flask.request.endpoint, flask.request.blueprint],
    "view_args": lambda: flask.request.view_args,
    "data_again": lambda: repr(flask.request.get_data()),
    "has_context": lambda: [flask.has_request_context(), flask.has_app_context()],
    "url_for": lambda: flask.url_for("main.handle_score"),
    "own_g": _remember,
    "after": _after,
    "changed_status": _changed_status,
    "breaks_afterwards": _breaks_afterwards,
    "session": lambda: flask.session.get("x"),
    "template": lambda: flask.render_template_string("<{{ x }}>", x=1),
    "debug": lambda: flask.current_app.debug,
}


def run(data):
    return CASES[data]()
