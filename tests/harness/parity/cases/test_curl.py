"""curl commands as people keep them, and what real curl makes of the same commands."""

from __future__ import annotations

import re
import shutil
import socket
import subprocess
import threading

import pytest
from amlemu.errors import UsageError
from amlemu_harness.parity.cases.curl import read

# Every line is run by bash with the curl of this machine, too. The address is that of a server which keeps what it is sent.
SCRIPT = r"""#!/bin/bash
set -e
curl -s URL/score
curl -sS URL/score -d a=1 -d b=2
curl -s URL/score -d @notes.txt  # newlines go
curl -s URL/score --data-binary @notes.txt -H 'Content-Type: text/plain' -H 'X-A: 1'
curl -s URL/score -d '' ; curl -s -XPOST URL/score
curl -s --data-raw @notes.txt URL/score && curl -s URL/score --json '{"a":1}' --json '[2]'
curl -s URL/score --json @body.json -H 'Accept: text/x'
curl -s URL/score --data-urlencode 'a=b c&d/é~' --data-urlencode '=x y' --data-urlencode n@notes.txt --data-urlencode @notes.txt
curl -s -G URL/score?z=1 -d a=1 --data-urlencode "q=x y"
curl -sI URL/score?x -G -d ok=1
curl -s URL/score --url-query 'a=b c' --url "URL/swagger.json#top"
curl -s -F a=1 -F 'f=@body.json' -F 'g=@body.json;type=text/x;filename=q".bin' -F 'h=<notes.txt' -F 'i=v;type=text/y' URL/score
curl -s --form-string 's=@x;type=z' -F 'p=@pixel.png' -F 'b="x;y"' URL/score
curl -s -F a=1 -H 'Content-Type: multipart/form-data' -H 'X-A: 1' URL/score
curl -s -F a=1 -H 'Content-Type: application/json' URL/score
curl -s URL/score -H 'Accept:' -H 'X-Empty;' -H 'User-Agent: me' -H 'Host: foo' -H 'X-Nothing:' -d x
curl -s URL/score -A agent -e ref --compressed -r 0-5 --max-time 9 -o /dev/null -w '%{http_code}'
curl -s URL/score -A '' -H @headers.txt
curl -s URL/score -H 'Transfer-Encoding: chunked' -d hello
curl -s URL/score -X PUT -d x -H 'Content-Type;' --next -s URL/two
curl -s -T body.json URL/
curl -s0 URL -d a
curl -s "URL?x=1" URL/score -d $'tab\there \u00e9 \x41\'s \101\\'
curl -s URL/score \
  -H "Content-Type: application/json" \
  -d "{\"text\": \"it's \\\"so\\\"\", \"n\": 1}" 2>/dev/null >/dev/null
curl -s -d @- URL/score <<'EOF'
{"data": [1, 2],
 "more": "$HOME"}
EOF
curl -s --data-binary @- URL/score <<< 'here it is'
echo '{"data": 1}' | curl -s --data-binary @- URL/score
cat body.json | curl -s --data-binary @- URL/score | grep -c . || true
ANSWER=$(curl -s "URL/score" -d '{"in": "brackets ( and )"}')
if curl -s URL/score -d one; then :; fi
for n in 1; do curl -s URL/score -d two; done
curl -s URL/score -d 'joined to'" this"'' -d wo\ rd
"""


@pytest.fixture
def beside(tmp_path):
    """The files that the commands send."""
    (tmp_path / "notes.txt").write_bytes(b"a: b\r\nc\n")
    (tmp_path / "body.json").write_bytes(b'{"x":\n 1}\n')
    (tmp_path / "headers.txt").write_bytes(b"X-From-File: 1\n")
    (tmp_path / "pixel.png").write_bytes(b"\x89PNG\r\n\x1a\n\xff")
    return tmp_path


@pytest.fixture
def sink():
    """A server that keeps all that it is sent, and answers each request."""
    kept: list[bytes] = []
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def serve():
            while True:
                try:
                    connection, _ = listening.accept()
                except OSError:
                    return
                with connection:
                    kept.extend(_requests(connection))

        thread = threading.Thread(target=serve)
        thread.start()
        yield f"http://127.0.0.1:{listening.getsockname()[1]}", kept
        listening.shutdown(socket.SHUT_RDWR)
        thread.join(10)


def _requests(connection):
    """Yield the requests of a connection that is kept open."""
    while True:
        data = b""
        while b"\r\n\r\n" not in data:
            piece = connection.recv(65536)
            if not piece:
                return
            data += piece
        head, _, body = data.partition(b"\r\n\r\n")
        if b"Expect: " in head:
            connection.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
        length = re.search(rb"Content-Length: (\d+)", head)
        is_chunked = b"chunked" in head
        while len(body) < int(length[1] if length else 0) or (is_chunked and not body.endswith(b"0\r\n\r\n")):
            body += connection.recv(65536)
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
        yield head + b"\r\n\r\n" + body


def _comparable(raw):
    """Leave out what is the machine's own: host, version, boundary, what curl was built with."""
    raw = re.sub(rb"(?m)^Host: (?:127.0.0.1:\d+|localhost)\r", b"Host: it\r", raw)
    raw = re.sub(rb"curl/[\w.-]+", b"curl/8", raw)
    raw = re.sub(rb"(?m)^Accept-Encoding: deflate, gzip[^\r]*", b"Accept-Encoding: deflate", raw)
    raw = re.sub(rb"-{24}\w{16,22}", b"-" * 24 + b"0" * 16, raw)
    if b"boundary=" in raw:  # its length is that of the boundary
        raw = re.sub(rb"Content-Length: \d+", b"Content-Length: n", raw)
    return raw.replace(b"Expect: 100-continue\r\n", b"")


def _curl_version():
    if not shutil.which("curl") or not shutil.which("bash"):
        return (0, 0)
    told = subprocess.run(["curl", "--version"], capture_output=True, text=True, check=True).stdout
    major, minor = told.split()[1].split(".")[:2]
    return (int(major), int(minor))


@pytest.mark.skipif(_curl_version() < (7, 87), reason="bash and a curl that has --url-query are not there")
def test_the_requests_are_those_of_curl(beside, sink):
    """Byte for byte, in their order: the script is read, and run."""
    url, kept = sink
    script = beside / "requests.sh"
    script.write_text(SCRIPT.replace("URL", url))

    subprocess.run(
        ["bash", "requests.sh"],
        cwd=beside,
        check=True,
        capture_output=True,
        timeout=60,
        env={"PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8", "HOME": str(beside)},
    )
    cases = read(script, script.read_text())

    assert len(kept) == 37
    assert [_comparable(case.requests[0].raw) for case in cases] == [_comparable(raw) for raw in kept]


def cases_of(tmp_path, text, name="requests.sh"):
    return read(tmp_path / name, text)


def raw_of(tmp_path, text):
    (case,) = cases_of(tmp_path, text)
    return case.requests[0].raw


def target_of(tmp_path, text):
    return raw_of(tmp_path, text).split(b" ")[1].decode()


def test_a_case_has_number_and_line(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    cases = cases_of(tmp_path, "# first\ncurl localhost:5001/\n\ncurl localhost:5001/score -d '{}'\n")

    assert [(case.name, case.source) for case in cases] == [
        ("requests.sh #1", "requests.sh:2"),
        ("requests.sh #2", "requests.sh:4"),
    ]


def test_what_chrome_copies_for_bash(tmp_path):
    """Cookies stay behind; a sign outside Unicode's first plane is written as two halves."""
    raw = raw_of(
        tmp_path,
        r"""curl 'http://localhost:5001/score' \
  -H 'Accept: */*' \
  -H 'Accept-Language: en-US,en;q=0.9' \
  -H 'Content-Type: application/json' \
  -b 'session=abc' \
  -H 'Cookie: session=abc' \
  -H 'Authorization: Bearer abc' \
  -H 'sec-ch-ua: "Chromium";v="126"' \
  --data-raw $'{"text":"it\'s \u0021 \ud83d\ude00"}' \
  --compressed --insecure ;
""",
    )

    assert raw.split(b"\r\n") == [
        b"POST /score HTTP/1.1",
        b"Host: localhost",
        b"User-Agent: curl/8.5.0",
        b"Accept-Encoding: deflate, gzip",
        b"Accept: */*",
        b"Accept-Language: en-US,en;q=0.9",
        b"Content-Type: application/json",
        b'sec-ch-ua: "Chromium";v="126"',
        b"Content-Length: 22",
        b"",
        '{"text":"it\'s ! 😀"}'.encode(),
    ]


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(
            'curl ^"http://localhost:5001/score^" ^\r\n  -H ^"Content-Type: application/json^" ^\r\n'
            '  --data-raw ^"^{^\\^"data^\\^":^[1,2^]^}^"\r\n',
            id="chrome",
        ),
        pytest.param(
            'curl "http://localhost:5001/score" ^\n  -H "Content-Type: application/json" ^\n'
            '  --data-raw "^{^\\^"data^\\^":^[1,2^]^}"\n',
            id="older-chrome",
        ),
        pytest.param(
            'curl.exe -X POST http://localhost:5001/score ^\r\n -H "Content-Type: application/json" ^\r\n -d "{\\"data\\":[1,2]}"\r\n',
            id="by-hand",
        ),
        pytest.param(
            'PS C:\\work> curl.exe http://localhost:5001/score `\n -H "Content-Type: application/json" `\n -d \'{"data":[1,2]}\'\n',
            id="powershell",
        ),
    ],
)
def test_what_is_written_for_windows(tmp_path, text):
    raw = raw_of(tmp_path, text)

    assert raw.startswith(b"POST /score HTTP/1.1\r\n")
    assert b"Content-Type: application/json\r\n" in raw
    assert raw.endswith(b'\r\n\r\n{"data":[1,2]}')


@pytest.mark.parametrize(
    ("url", "target"),
    [
        pytest.param("localhost:5001", "/", id="no-path"),
        pytest.param("http://127.0.0.1:5001/unknown?a=1#b", "/unknown?a=1", id="any-path-here"),
        pytest.param("http://[::1]:5001/score", "/score", id="ipv6"),
        pytest.param("http://0.0.0.0:6789/api/v1/service/storm/score", "/score", id="service-here"),
        pytest.param("http://20.1.2.3:80/api/v1/service/storm/score?n=1", "/score?n=1", id="service-elsewhere"),
        pytest.param("https://ep.westeurope.inference.ml.azure.com/score", "/score", id="managed"),
        pytest.param('"$SCORING_URI"', "/score", id="address-in-a-variable"),
        pytest.param("${SCORING_URI%/score}/swagger.json", "/swagger.json", id="part-of-it"),
        pytest.param("http://$HOST:$PORT/health", "/health", id="host-in-a-variable"),
        pytest.param("$(az ml online-endpoint show -n x --query scoring_uri -o tsv)", "/score", id="asked-for"),
        pytest.param("https://<endpoint-name>.<region>.inference.ml.azure.com/score", "/score", id="placeholder"),
        pytest.param("<scoring-uri>", "/score", id="placeholder-alone"),
        pytest.param("'http://localhost:5001/score?q=$X'", "/score?q=$X", id="variable-in-the-query"),
        pytest.param("http://user:pw@localhost:5001/score", "/score", id="password"),
    ],
)
def test_where_a_command_asks(tmp_path, url, target):
    assert target_of(tmp_path, f"curl -d 1 {url}\n") == target


def test_requests_to_elsewhere_are_passed_by_and_counted(tmp_path):
    """A script installs things, too; a file that it would send there need not exist."""
    told = []

    cases = read(
        tmp_path / "setup.sh",
        "curl -sL https://aka.ms/InstallAzureCLIDeb | sudo bash\ncurl -d @gone https://example.com/api\ncurl $URI -d 1\n",
        remark=told.append,
    )

    assert [case.requests[0].raw.split(b"\r\n")[0] for case in cases] == [b"POST /score HTTP/1.1"]
    assert [text.partition(" left")[0] for text in told] == ["2 of 3 requests are"]


def test_a_readme_has_commands_in_its_blocks(tmp_path):
    text = """# Service

curl isn't needed, but `curl http://localhost:5001/inline` helps. Don't worry:

```console
$ curl http://localhost:5001/score -d '{"a": 1}'
{"answer": "curl http://localhost:5001/no"}
```

- or

  ~~~bash
  # curl http://localhost:5001/commented
  time curl http://localhost:5001/ ; echo
  ~~~
"""

    cases = cases_of(tmp_path, text, "README.md")

    assert [case.requests[0].raw.split(b"\r\n")[0] for case in cases] == [b"POST /score HTTP/1.1", b"GET / HTTP/1.1"]


@pytest.mark.parametrize(
    ("text", "line", "what"),
    [
        pytest.param("\ncurl localhost --dta 1\n", 2, "curl has no option --dta", id="unknown-option"),
        pytest.param("curl localhost -sSy\n", 1, "-y has no value", id="no-value"),
        pytest.param("curl localhost -sk~\n", 1, "curl has no option -~, as in -sk~", id="unknown-letter"),
        pytest.param("\n\ncurl localhost -d 'open\n", 3, "' is never closed", id="quote"),
        pytest.param('curl localhost \\\n -H "open\n', 2, '" is never closed', id="quote-in-the-next-line"),
        pytest.param('curl localhost ^\n -H "open\n', 1, '" is never closed', id="quote-for-windows"),
        pytest.param("curl localhost -d @gone.json\n", 1, "it sends gone.json, which is not there", id="no-file"),
        pytest.param("jq . x | curl localhost -d @-\n", 1, "it reads what another command gives it", id="pipe"),
        pytest.param("curl localhost -F novalue\n", 1, "--form novalue has no value", id="form"),
        pytest.param("curl localhost -F a=1 -d b\n", 1, "it has both a form and other data", id="form-and-data"),
        pytest.param("curl 'localhost/score?q=a b'\n", 1, "its address has a blank in it", id="blank"),
        pytest.param("curl localhost -X 'A B'\n", 1, "'A B' is no method", id="method"),
        pytest.param("curl localhost -H $'A: b\\r\\nC: d'\n", 1, "'A' is no header of one line", id="two-headers"),
    ],
)
def test_what_cannot_be_played_names_file_and_line(tmp_path, monkeypatch, text, line, what):
    monkeypatch.chdir(tmp_path)

    with pytest.raises(UsageError) as failure:
        cases_of(tmp_path, text)

    assert failure.value.where == f"requests.sh:{line}"
    assert failure.value.what == what


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("curl https://example.com/x\n", "none of its 1 curl requests goes to a scoring route"),
        ("curl --version\n", "no curl command in it asks anything"),
    ],
)
def test_a_file_without_a_request_to_play_says_so(tmp_path, text, what):
    with pytest.raises(UsageError) as failure:
        cases_of(tmp_path, text)

    assert failure.value.what == what


def test_a_large_body_waits_until_it_is_asked_for(tmp_path):
    (tmp_path / "large").write_bytes(b"x" * 1_048_577)

    (case,) = cases_of(tmp_path, "curl localhost/score --data-binary @large\n")

    assert case.requests[0].raw.endswith(b"\r\nExpect: 100-continue\r\n\r\n")
    assert len(case.requests[0].after_continue) == 1_048_577
