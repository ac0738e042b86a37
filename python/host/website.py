"""website.py: Serval's module of that name, for CPython. What mount() is told is kept in `mounts`, and what the guest's
refuses is refused, by the same code. file() answers with the file itself, of a folder that is mounted, so that a test
client sees its bytes. How an address becomes a file is otherwise the front's business, and is not played here."""

import gzip
import importlib.util
import mimetypes
import os
import re
import urllib.parse
from pathlib import Path

import fs_async
from microdot import Microdot, Request, Response


def _guests(name):
    """A module of the guest's, as it is."""
    spec = importlib.util.spec_from_file_location(name, Path(__file__).resolve().parents[1] / (name + ".py"))
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


_policy, _compress = _guests("website_policy"), _guests("website_compress")
Request.scheme, Request.server_name = "http", None
IMMUTABLE = _policy.IMMUTABLE
debug = False
MOUNTS_MAX = 16     # SITE_MOUNTS_MAX
mounts = []     # (app, prefix, folder, what else was said), in order
_apps = []      # the application that has the site, once there is one


def forget():
    mounts.clear()
    _apps.clear()


def _check(app, port):
    if not isinstance(app, Microdot):
        raise TypeError("app is no Microdot")
    if _apps and _apps[0] is not app:
        raise ValueError("another application has mounted a site already")
    _policy.check_port(port)


def attach(app, *, port=80):
    _check(app, port)
    _apps[:] = (app,)


def mount(app, prefix, folder, *, host=None, port=80, precompressed=True, internal=False, **said):
    _check(app, port)
    flags = {name: _policy.flag(name, value) for name, value in (("precompressed", precompressed), ("internal", internal))}
    name = _policy.mount_name(prefix, host)
    _policy.folder_name(folder)
    _policy.policy(**said)
    others = [there for there in mounts if _policy.mount_name(there[1], there[3]["host"]) != name]
    if len(others) == MOUNTS_MAX:
        raise ValueError("one mount too many")
    _apps[:] = (app,)
    mounts[:] = [*others, (app, prefix, folder, dict(said, host=host, port=port, **flags))]


def _path_of(address):
    """Of the file that an address means, by the mounts without a host; None: there is none."""
    names = urllib.parse.unquote(address.partition("?")[0]).split("/")
    if ".." in names:
        return None
    path = "/" + "/".join(name for name in names if name not in ("", "."))
    found = [(len(prefix), folder + "/" + path[len(prefix):]) for _, prefix, folder, said in mounts
             if path.startswith(prefix) and said["host"] is None]
    return fs_async._whole(max(found)[1] if found else path)


def file(path, headers=None, content_type=None, status=200):
    _policy.check_file(path, content_type, status)
    place = _path_of(path)
    if place is None or not os.path.isfile(place):
        return Response("Not found", 404)
    with open(place, "rb") as data:
        response = Response(data.read(), status, dict(headers or {}))
    response.headers["Content-Type"] = content_type or mimetypes.guess_type(place)[0] or "application/octet-stream"
    return response


def compress(app, *, least=1024, most=65536):
    _compress.add(app, _gzip, least, most)


def _gzip(body, accept):
    packed = gzip.compress(body, 1) if re.search(r"\bgzip\b(?!\s*;\s*q=0(\.0*)?\s*(,|$))", accept or "") else body
    return packed if len(packed) < len(body) else None


def counters():
    names = ("connections app_requests app_long accepted requests files handed_over refused timed_out evicted broken nonsense "
             "cache_entries cache_blocks cache_memory cache_memory_max cache_hits cache_revalidations cache_reads "
             "cache_evictions cache_stale")
    return dict.fromkeys(names.split(), 0)


def refresh(app):
    pass
