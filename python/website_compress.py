"""website_compress.py: answers of an application that go out compressed: which ones, and what their heads say then.
For the guest's website.py and for the host's stand-in, which bring what compresses.
"""

TYPES = ("application/json", "application/javascript", "application/xml")
NOT_AT_ONCE = "text/event-stream"


def add(app, gzip, least, most):
    """gzip(body, accept_encoding): bytes; None: not for this client, or not worth it."""
    for name, value in (("least", least), ("most", most)):
        if not isinstance(value, int) or isinstance(value, bool) or value < 0:
            raise ValueError("%s must be bytes, 0 or more: %r" % (name, value))

    def compress(request, response):
        body = response.body
        if isinstance(body, bytes) and least <= len(body) <= most and _may_be(response):
            try:
                packed = gzip(body, request.headers.get("Accept-Encoding"))
            except MemoryError:     # it goes out as it is
                packed = None
            _pack(response, packed)
        return response

    app.after_request(compress)
    app.after_error_request(compress)


def _said(headers, name, otherwise=""):
    """A field may have several values, or be no text."""
    value = headers.get(name, otherwise)
    return ", ".join(value) if isinstance(value, list) else str(value)


def _may_be(response):
    """Not what is compressed or a part already, and not what says that it is to stay as it is (RFC 9111 5.2.2.6)."""
    headers = response.headers
    if not 200 <= response.status_code or response.status_code in (204, 205, 206, 304) or "Content-Encoding" in headers:
        return False
    if "no-transform" in _said(headers, "Cache-Control").lower():
        return False
    kind = _said(headers, "Content-Type", response.default_content_type).split(";")[0].strip().lower()
    return (kind.startswith("text/") and kind != NOT_AT_ONCE) or kind in TYPES or kind.endswith(("+json", "+xml"))


def _pack(response, packed):
    """Caches are told what it depends on either way. A strong validator is of the bytes as they were (RFC 9110 8.8.1)."""
    headers = response.headers
    vary = _said(headers, "Vary")
    if vary != "*" and "accept-encoding" not in vary.lower():
        headers["Vary"] = vary + ", Accept-Encoding" if vary else "Accept-Encoding"
    if packed is None:
        return
    response.body = packed
    headers["Content-Encoding"] = "gzip"
    if "Content-Length" in headers:
        headers["Content-Length"] = str(len(packed))
    if _said(headers, "ETag", "W/")[:2] != "W/":
        headers["ETag"] = "W/" + _said(headers, "ETag")
