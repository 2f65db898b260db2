"""What an expression of run() gives."""

from __future__ import annotations

import ast

import pytest
from amlemu.doctor.code.entry import read_entry
from amlemu.doctor.code.kinds import Kinds
from amlemu.doctor.code.syntax import returns

HEAD = """
import base64, datetime, decimal, json, uuid
import joblib, numpy as np, onnxruntime as rt, pandas as pd, torch
from pathlib import Path
from flask import jsonify
from json import dumps as to_json
model = joblib.load("m")
session = rt.InferenceSession("m")
class Plain: ...
class Mapping(dict): ...
async def later(): ...
def array_of(x): return np.array(x)
def text_of(x): return json.dumps(x)
def init(): ...
def run(data):
"""


def kind_of(subject_of, body):
    text = HEAD.lstrip("\n") + "".join(f"    {line}\n" for line in body.splitlines())
    subject = subject_of(text)
    run = read_entry(subject).run
    kind = Kinds(run, {}, {}).of(returns(run.node)[-1].value)
    return None if kind is None else kind.key


@pytest.mark.parametrize(
    ("body", "key"),
    [
        ("return np.array(data)", "array"),
        ("return np.array(data).tolist()", None),
        ("return np.argmax(data)", "integer"),
        ("return int(np.argmax(data))", None),
        ("return 1 - np.asarray(data)", "array"),
        ("return np.float32(1)", "scalar"),
        ("return np.mean(data)", None),
        ("return x.detach().cpu().numpy()", "array"),
        ("return torch.softmax(data, 1)", "tensor"),
        ("return torch.softmax(data, 1).tolist()", None),
        ("return pd.DataFrame(data)", "frame"),
        ("return pd.DataFrame(data)['a']", "frame"),
        ("return pd.DataFrame(data).to_dict(orient='records')", None),
        ("return pd.DataFrame(data).values", "array"),
        ("return pd.DataFrame(data).values.tolist()", None),
        ("return pd.DataFrame(data).to_json()", "json"),
        ("return json.loads(pd.DataFrame(data).to_json())", None),
        ("return to_json(data)", "json"),
        ("return json.dumps(data) if data else data", "json"),
        ("return {'inner': json.dumps(data)}", None),
        ("return datetime.datetime.now()", "date"),
        ("return datetime.datetime.now().isoformat()", None),
        ("return decimal.Decimal(1)", "decimal"),
        ("return str(uuid.uuid4())", None),
        ("return Path(data).parent", "path"),
        ("return base64.b64encode(data)", "bytes"),
        ("return base64.b64encode(data).decode()", None),
        ("return data.encode('utf-8')", "bytes"),
        ("return tokenizer.encode(data)", None),
        ("return {1, 2}", "set"),
        ("return sorted({1, 2})", None),
        ("return [x for x in data]", None),
        ("return (x for x in data)", "iterator"),
        ("return data.keys()", "iterator"),
        ("return list(data.keys())", None),
        ("return dict(zip(data, data))", None),
        ("return {(1, 2): 3}", "tuple_key"),
        ("return later()", "coroutine"),
        ("return Plain()", "object"),
        ("return Mapping()", None),
        ("return array_of(data)", "array"),
        ("return text_of(data)", "json"),
        ("return jsonify(data)", "response"),
        ("return model.predict(data)", "prediction"),
        ("return model.predict(data)[0]", None),
        ("return model.predict_proba(data)[:, 1]", "prediction"),
        ("return {'p': float(model.predict(data)[0])}", None),
        ("return session.run(None, {})", "arrays"),
        ("return session.run(None, {})[0].tolist()", None),
        ("return other.predict(data)", None),
        ("x = model.predict(data)\nreturn {'x': x}", "prediction"),
        ("x = model.predict(data)\nx = x.tolist()\nreturn {'x': x}", None),
        ("x = model.predict(data)\nif hasattr(x, 'tolist'):\n    x = x.tolist()\nreturn x", None),
        ("x = {}\nx['a'] = np.array(data)\nreturn x", "array"),
        ("x = []\nfor y in data:\n    x.append(model.predict(y))\nreturn x", "prediction"),
        ("x = []\nfor y in data:\n    x.append(float(y))\nreturn x", None),
        ("try:\n    x = np.array(data)\nexcept ValueError as e:\n    x = str(e)\nreturn x", "array"),
        ("return np.array(data) if not isinstance(data, list) else data", None),
        ("if data:\n    x = np.array(data)\nelse:\n    x = other(data)\nreturn x", None),
    ],
)
def test_a_kind_is_told_where_the_text_shows_it(subject_of, body, key):
    assert kind_of(subject_of, body) == key


def test_a_text_made_to_be_followed_for_ever_ends(subject_of):
    """Each name stands for two of the one before: 2 to the 300."""
    chain = "\n".join(f"x{n} = [x{n - 1}, x{n - 1}]" for n in range(1, 300))

    assert kind_of(subject_of, f"{chain}\nreturn [x299, x299]") is None


def test_each_kind_has_words(subject_of):
    subject = subject_of("def init(): ...\ndef run(data): return b''")
    run = read_entry(subject).run

    kind = Kinds(run, {}).of(ast.Constant(b""))

    assert (kind.what, kind.fix) == ("bytes", "Decode them to text with .decode(), base64 first if they are no text.")
