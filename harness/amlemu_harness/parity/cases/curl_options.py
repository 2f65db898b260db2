"""
The options of curl, as of 7.88 and 8: which there are, which have a value, and how they are found among the words of a command.

What an option does to the request is `curl.py`'s and `curl_body.py`'s business; most do nothing to it.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator

_WITH_VALUE = frozenset(
    """abstract-unix-socket alt-svc aws-sigv4 cacert capath cert cert-type ciphers config connect-timeout connect-to continue-at
    cookie cookie-jar create-file-mode crlfile curves data data-ascii data-binary data-raw data-urlencode delegation dns-interface
    dns-ipv4-addr dns-ipv6-addr dns-servers doh-url dump-header ech egd-file engine etag-compare etag-save expect100-timeout form
    form-string ftp-account ftp-alternative-to-user ftp-method ftp-port ftp-ssl-ccc-mode happy-eyeballs-timeout-ms
    haproxy-clientip header help hostpubmd5 hostpubsha256 hsts interface ip-tos ipfs-gateway json keepalive-cnt keepalive-time key
    key-type krb libcurl limit-rate local-port login-options mail-auth mail-from mail-rcpt max-filesize max-redirs max-time
    netrc-file noproxy oauth2-bearer output output-dir parallel-max parallel-max-host pass pinnedpubkey postquote preproxy prequote
    proto proto-default proto-redir proxy proxy-cacert proxy-capath proxy-cert proxy-cert-type proxy-ciphers proxy-crlfile
    proxy-header proxy-key proxy-key-type proxy-pass proxy-pinnedpubkey proxy-service-name proxy-tls13-ciphers proxy-tlsauthtype
    proxy-tlspassword proxy-tlsuser proxy-user proxy1.0 pubkey quote random-file range rate referer request request-target resolve
    retry retry-delay retry-max-time sasl-authzid service-name sigalgs socks4 socks4a socks5 socks5-gssapi-service socks5-hostname
    speed-limit speed-time stderr telnet-option tftp-blksize time-cond tls-max tls13-ciphers tlsauthtype tlspassword tlsuser trace
    trace-ascii trace-config unix-socket upload-file upload-flags url url-query user user-agent variable vlan-priority
    write-out""".split()  # noqa: SIM905 - a word each would be two hundred lines
)
_ALONE = frozenset(
    """alpn anyauth append basic buffer ca-native cert-status clobber compressed compressed-ssh create-dirs crlf digest disable
    disable-eprt disable-epsv disallow-username-in-url doh-cert-status doh-insecure eprt epsv fail fail-early fail-with-body
    false-start form-escape ftp-create-dirs ftp-pasv ftp-pret ftp-skip-pasv-ip ftp-ssl-ccc ftp-ssl-control get globoff
    haproxy-protocol head http0.9 http1.0 http1.1 http2 http2-prior-knowledge http3 http3-only ignore-content-length include
    insecure ipv4 ipv6 junk-session-cookies keepalive list-only location location-trusted mail-rcpt-allowfails manual metalink mptcp
    negotiate netrc netrc-optional npn ntlm ntlm-wb out-null parallel parallel-immediate path-as-is post301 post302 post303
    progress-bar progress-meter proxy-anyauth proxy-basic proxy-ca-native proxy-digest proxy-http2 proxy-insecure proxy-negotiate
    proxy-ntlm proxy-ssl-allow-beast proxy-ssl-auto-client-cert proxy-tlsv1 proxytunnel raw remote-header-name remote-name
    remote-name-all remote-time remove-on-error retry-all-errors retry-connrefused sasl-ir sessionid show-error show-headers silent
    skip-existing socks5-basic socks5-gssapi socks5-gssapi-nec ssl ssl-allow-beast ssl-auto-client-cert ssl-no-revoke ssl-reqd
    ssl-revoke-best-effort sslv2 sslv3 styled-output suppress-connect-headers tcp-fastopen tcp-nodelay tftp-no-options
    tls-earlydata tlsv1 tlsv1.0 tlsv1.1 tlsv1.2 tlsv1.3 tr-encoding trace-ids trace-time use-ascii verbose version xattr""".split()  # noqa: SIM905 - a word each would be two hundred lines
)
_SHORT = dict(
    pair.split("=")
    for pair in """a=append E=cert K=config C=continue-at b=cookie c=cookie-jar d=data q=disable D=dump-header f=fail F=form
    P=ftp-port G=get g=globoff I=head H=header h=help 0=http1.0 i=include k=insecure 4=ipv4 6=ipv6 j=junk-session-cookies
    l=list-only L=location M=manual m=max-time n=netrc N=no-buffer o=output Z=parallel #=progress-bar x=proxy U=proxy-user
    p=proxytunnel Q=quote r=range e=referer J=remote-header-name O=remote-name R=remote-time X=request S=show-error s=silent
    Y=speed-limit y=speed-time 2=sslv2 3=sslv3 t=telnet-option z=time-cond 1=tlsv1 T=upload-file B=use-ascii u=user A=user-agent
    v=verbose V=version w=write-out""".split()  # noqa: SIM905 - a word each would be two hundred lines
)


class RefusedError(ValueError):
    """A command that cannot be played, in words; `expected` is what would have been right."""

    def __init__(self, what: str, expected: str = "") -> None:
        self.expected = expected
        super().__init__(what)


def scan(words: Iterable[str]) -> list[list[tuple[str, str]]]:
    """
    Return the options of a command by their long names, with their values; an address is `url`. A list for each `--next`.

    Raises:
        RefusedError: an option that curl does not have, or its value is missing.
    """
    groups: list[list[tuple[str, str]]] = [[]]
    rest = iter(words)
    for word in rest:
        if word in ("--next", "-:"):
            groups.append([])
        elif word == "--":
            groups[-1] += [("url", url) for url in rest]
        elif word.startswith("--"):
            groups[-1].append(_long(word, rest))
        elif word.startswith("-") and len(word) > 1:
            groups[-1] += _letters(word, rest)
        else:
            groups[-1].append(("url", word))
    return groups


def _long(word: str, rest: Iterator[str]) -> tuple[str, str]:
    name, equals, value = word[2:].partition("=")
    if name in _WITH_VALUE:
        return name, value if equals else _value(word, rest)
    if name in _ALONE or (name.startswith("no-") and name[3:] in _ALONE):
        return name, ""
    near = difflib.get_close_matches(name, sorted(_WITH_VALUE | _ALONE), 1, 0.7)
    raise RefusedError(f"curl has no option --{name}", f"Did you mean --{near[0]}?" if near else "")


def _letters(word: str, rest: Iterator[str]) -> Iterator[tuple[str, str]]:
    """Yield the options of a word such as `-sSXPOST`: the first one with a value has all that follows."""
    for number, letter in enumerate(word[1:], 2):
        name = _SHORT.get(letter)
        if name is None:
            raise RefusedError(f"curl has no option -{letter}" + (f", as in {word}" if len(word) > 2 else ""))
        if name in _WITH_VALUE:
            yield name, word[number:] or _value(f"-{letter}", rest)
            return
        yield name, ""


def _value(option: str, rest: Iterator[str]) -> str:
    value = next(rest, None)
    if value is None:
        raise RefusedError(f"{option} has no value")
    return value
