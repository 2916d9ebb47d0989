"""What anybody can send to the running service: never a 5xx, and it goes on working."""

from __future__ import annotations

import json
import random
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack
from types import SimpleNamespace
from typing import Any

import pytest

from connector.app import open_app
from tests import fhir_counterpart
from tests.e2e import wire_site
from tests.e2e.raw_requests import exchange, request
from tests.e2e.wire_counterparts import KillSwitch, receiving, signed
from tests.e2e.wire_fhir import WatchedCounterpart
from tests.e2e.wire_site import wait_for

MOST = 1_000_000
MARK = "Samplewood"


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SimpleNamespace]:
    """A running service, and who receives its answers."""
    switch = KillSwitch()
    with ExitStack() as stack:
        fhir = stack.enter_context(fhir_counterpart.serving())
        receiver = stack.enter_context(receiving(switch))
        nursery = stack.enter_context(wire_site.nursery())
        ehr = WatchedCounterpart(fhir, switch)
        wire_site.add_patient(ehr, 0)
        home = wire_site.make_site(tmp_path_factory.mktemp("abuse") / "site", ehr, receiver)
        port = wire_site.free_port()
        pid = nursery.start(home, port)
        wait_for(lambda: wire_site.listens(port), 60)
        yield SimpleNamespace(port=port, home=home, pid=pid, receiver=receiver, nursery=nursery)


numbers = iter(range(1, 1_000_000))


def event(**changes: Any) -> tuple[str, bytes]:
    number = next(numbers)
    made = {**wire_site.make_event(1, number), "event_id": f"abuse-{number}", **changes}
    return made["event_id"], json.dumps(made).encode()


def proof(event_id: str, body: bytes, **changes: str) -> list[str]:
    given = {**signed(event_id, body), **changes}
    return [f"{name}: {value}" for name, value in given.items()]


def send(service: SimpleNamespace, body: bytes, *headers: str) -> int:
    (status,) = exchange(service.port, request(body, *headers))
    return status


CASES = {}
def test_print(service, capsys):
    eid, body = event()
    P = proof(eid, body)
    def shifted(s):
        import base64, hmac
        from tests.e2e.wire_counterparts import SECRET
        stamp=str(int(time.time())+s)
        key=base64.b64decode(SECRET.removeprefix("whsec_"))
        d=hmac.digest(key, f"{eid}.{stamp}.".encode()+body,"sha256")
        return [f"webhook-id: {eid}", f"webhook-timestamp: {stamp}", "webhook-signature: v1,"+base64.b64encode(d).decode()]
    x = lambda *a, **k: exchange(service.port, *a, **k)
    big = b"x"*(MOST+1)
    rows = {
     'good': x(request(body,*P)), 'again': x(request(body,*P)),
     'unsigned': x(request(body)), 'forged': x(request(body, *proof(eid, body+b" "))),
     'expired': x(request(body, *shifted(-400))), 'future': x(request(body, *shifted(400))),
     'CL too large': x(request(b"x", *P, length=10**9)), 'CL huge': x(request(b"x", length="9"*500)),
     'CL neg': x(request(body,*P,length=-5)), 'CL word': x(request(body,*P,length="many")), 'CL plus': x(request(body,*P,length="+5")), 'CL two': x(request(body,*P,"Content-Length: 3")), 'CL none': x(request(body,*P,length=None)),
     'CL longer than body': x(request(body,*P,length=len(body)+10)), 'CL shorter': x(request(body,*P,length=len(body)-10)),
     'oversize': x(request(big,*proof(eid,big))),
     'chunked ok': x(request(b"%x\r\n%s\r\n0\r\n\r\n"%(len(body),body),*P,"Transfer-Encoding: chunked",length=None)),
     'chunked bad': x(request(b"zz\r\nabc\r\n0\r\n\r\n",*P,"Transfer-Encoding: chunked",length=None)),
     'chunked huge size': x(request(b"fffffffffffffffff\r\nabc",*P,"Transfer-Encoding: chunked",length=None)),
     'chunked neg': x(request(b"-1\r\nabc",*P,"Transfer-Encoding: chunked",length=None)),
     'chunked endless': x(request(b"",*P,"Transfer-Encoding: chunked",length=None), *[b"10000\r\n"+b"x"*65536+b"\r\n"]*40),
     'chunked cut': x(request(b"5\r\nab",*P,"Transfer-Encoding: chunked",length=None)),
     'CL+TE': x(request(b"0\r\n\r\nGET /healthz HTTP/1.1\r\n\r\n",*P,"Transfer-Encoding: chunked",length=4)),
     'TE+CL': x(request(body,"Transfer-Encoding: chunked",*P)),
     'TE twice': x(request(body,"Transfer-Encoding: chunked","Transfer-Encoding: identity",*P)),
     'TE unknown': x(request(body,"Transfer-Encoding: xchunked",*P,length=None)), 'TE gzip,chunked': x(request(body,"Transfer-Encoding: gzip, chunked",*P,length=None)), 'TE space': x(request(body,"Transfer-Encoding : chunked",*P,length=None)), 'TE vt': x(request(body,"Transfer-Encoding: \x0bchunked",*P,length=None)),
     'many headers': x(request(body,*P,*[f"X-{n}: 1" for n in range(200)])), 'long header': x(request(body,*P,"X-L: "+"a"*100000)), 'endless headers': x(request(body,*P)[:-len(body)-2], *[b"X-A: "+b"b"*5000+b"\r\n"]*200),
     'long line': x(request(body,*P,path="/webhooks/"+"a"*5000)), 'dots': x(request(body,*P,path="/webhooks/../webhooks/forms")), 'abs': x(request(body,*P,path="http://evil.example/webhooks/forms")), 'pct': x(request(body,*P,path="/webhooks/%66orms")), 'nul': x(request(body,*P,path="/webhooks/%00")), 'nonutf': x(request(body,*P,path="/webhooks/\xff\xfe")),
     'nul header': x(request(body,*P,"X-N: a\x00b")), 'fold': x(request(body,*P,"X-N: a","  b")), 'no colon': x(request(body,*P,"nocolon "+MARK)), 'bare lf': x(request(body,*P).replace(b"\r\n",b"\n")), 'name space': x(request(body,*P,"X N: 1")), 'nonascii': x(request(body,*P,"X-N: \xff\xfe")), 'twice sig': x(request(body,*P,P[2])), 'twice id': x(request(body,*P,P[0])), 'underscore': x(request(body,*[p.replace("-","_",1) for p in P])),
     'host twice': x(request(body,*P,"Host: x")), 'no host': x(request(body,*P).replace(b"Host: 127.0.0.1\r\n",b"")), 'expect': x(request(body,*P,"Expect: 100-continue")), 'expect bad': x(request(body,*P,"Expect: 200-ok")), 'upgrade': x(request(body,*P,"Upgrade: h2c","Connection: Upgrade, HTTP2-Settings","HTTP2-Settings: AAMAAABkAAQCAAAAAAIAAAAA")), 'h2 preface': x(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"), 'http/0.9': x(b"GET /\r\n\r\n"), 'http/1.0': x(request(body,*P,version="HTTP/1.0")), 'http/3': x(request(body,*P,version="HTTP/3.0")), 'http/x': x(request(body,*P,version="HTTP/x")), 'tls': x(bytes.fromhex("16030100c8010000c4030362")+b"\x00"*80), 'empty': x(b""), 'newlines': x(b"\r\n"*1000), 'binary': x(bytes(range(256))*20), 'method': x(request(body,*P,method="PUT")), 'method lower': x(request(body,*P,method="post")), 'method odd': x(request(body,*P,method="P@ST")), 'trace': x(request(method="TRACE")), 'connect': x(request(method="CONNECT",path="evil.example:443")), 'options *': x(request(method="OPTIONS",path="*")), 'proxy': x(b"PROXY TCP4 1.1.1.1 2.2.2.2 1 2\r\n"+request(body,*P)), 'pipelined': x(request(body,*P)*5),
     'XFF': x(request(body,*P,"X-Forwarded-Proto: https","X-Forwarded-Ssl: off")), 'script': x(request(body,*P,"SCRIPT_NAME: /x")), 'xscript': x(request(body,*P,"Script-Name: /x")), 'xpath': x(request(body,*P,"Path-Info: /x")),
    }
    def bad(b, eid2="bad-1"): return x(request(b,*proof(eid2,b)))
    for n,b in {'nonutf8': b'{"event_id": "\xff"}', 'notjson': b"hello", 'array': b"[]", 'nan': b'{"a": NaN}', 'deep': b'{"a":'*5000+b"1"+b"}"*5000, 'dup': b'{"a":1,"a":2}', 'empty': b"", 'bom': b'\xef\xbb\xbf{"event_id":"x"}', 'utf16': '{"event_id":"x"}'.encode("utf-16"), 'bignum': b'{"event_id": "bn", "total": 1e999999}', 'bigint': b'{"event_id":'+b"9"*5000+b"}", 'surrogate': b'{"event_id":"\\ud800"}', 'null': b"null", 'nul in id': b'{"event_id":"a\\u0000b"}'}.items():
        rows['body '+n]=bad(b)
    with capsys.disabled():
        print()
        for k,v in rows.items(): print(f"{k:22} {v}")
        print((service.home/"service.log").read_text()[-6000:])
