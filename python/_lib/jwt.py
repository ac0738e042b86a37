"""jwt.py: what Microdot's sessions need of PyJWT: JSON Web Tokens (RFC 7519) signed with HMAC-SHA-256 (HS256).

    token = jwt.encode({"user": 7, "exp": time.time() + 3600}, "secret", algorithm="HS256")
    jwt.decode(token, "secret", algorithms=["HS256"])       the payload, or an exception of jwt.exceptions

The algorithm is the caller's choice, never the token's: one that names another is refused. `exp` and `nbf` are looked at.
"""

import binascii
import hmac
import json
import time

ALGORITHM = "HS256"


class PyJWTError(Exception):
    pass


class InvalidAlgorithmError(PyJWTError):
    pass


class InvalidTokenError(PyJWTError):
    pass


class DecodeError(InvalidTokenError):
    pass


class InvalidSignatureError(DecodeError):
    pass


class ExpiredSignatureError(InvalidTokenError):
    pass


class ImmatureSignatureError(InvalidTokenError):
    pass


class exceptions:
    pass


for _name in ("PyJWTError", "InvalidAlgorithmError", "InvalidTokenError", "DecodeError", "InvalidSignatureError",
              "ExpiredSignatureError", "ImmatureSignatureError"):
    setattr(exceptions, _name, globals()[_name])


def _text_of(data):
    return binascii.b2a_base64(data).decode().rstrip("\n=").replace("+", "-").replace("/", "_")


def _bytes_of(text):
    text = text.replace("-", "+").replace("_", "/")
    return binascii.a2b_base64(text + "=" * (-len(text) % 4))


def _signature(key, text):
    key = key.encode() if isinstance(key, str) else key
    return hmac.digest(key, text.encode(), "sha256")


def encode(payload, key, algorithm=ALGORITHM, headers=None):
    if algorithm != ALGORITHM:
        raise InvalidAlgorithmError("there is HS256 alone")
    head = {"alg": ALGORITHM, "typ": "JWT"}
    head.update(headers or {})
    text = "%s.%s" % (_text_of(json.dumps(head).encode()), _text_of(json.dumps(payload).encode()))
    return "%s.%s" % (text, _text_of(_signature(key, text)))


def _parts(token):
    token = token.decode() if isinstance(token, bytes) else token
    try:
        head, payload, signature = token.split(".")
        return json.loads(_bytes_of(head)), json.loads(_bytes_of(payload)), _bytes_of(signature), head + "." + payload
    except (ValueError, TypeError):     # UnicodeError is a ValueError
        raise DecodeError("this is no token") from None


def _check_times(payload, leeway):
    now = time.time()
    for name, is_over, error in (("exp", lambda t: t + leeway <= now, ExpiredSignatureError),
                                 ("nbf", lambda t: t - leeway > now, ImmatureSignatureError)):
        when = payload.get(name)
        if when is None:
            continue
        if not isinstance(when, (int, float)):
            raise DecodeError("%s is no number" % name)
        if is_over(when):
            raise error("the token's %s says so" % name)


def decode(token, key, algorithms=None, leeway=0):
    if not algorithms or ALGORITHM not in algorithms:
        raise InvalidAlgorithmError("there is HS256 alone, and it has to be named")
    head, payload, signature, text = _parts(token)
    if not isinstance(head, dict) or not isinstance(payload, dict):
        raise DecodeError("this is no token")
    if head.get("alg") != ALGORITHM:
        raise InvalidAlgorithmError("the token is not of HS256")
    if not hmac.compare_digest(_signature(key, text), signature):
        raise InvalidSignatureError("the token was not signed with this key")
    _check_times(payload, leeway)
    return payload
