"""website_policy.py: what is said of a folder of files, as the texts that the front takes: field lines for each answer,
and rules (http/site/rules.h). For website.py in the guest and in host/, and for Site() of compose/http.py where an image is
made. What cannot be is a ValueError that names it.
"""

from binascii import b2a_base64

TEXT_MAX = 255      # SITE_TEXT_MAX, without its end
RULES_MAX = 1023    # SITE_RULES_MAX, without its end
HEAD_ROOM = 384     # SITE_HEAD_MAX - REST_MAX: for Cache-Control's value and the fields
TYPE_MAX = 100      # TYPE_MAX
NAME_MAX = 200      # NAME_MAX
IMMUTABLE = "public, max-age=31536000, immutable"   # LIFETIME_LONG
NOT_YOURS = ("connection", "content-length", "content-range", "content-encoding", "transfer-encoding", "date",
             "keep-alive", "trailer", "upgrade", "etag", "last-modified", "accept-ranges", "server", "content-type",
             "cache-control")
SAID_BY = {"content-type": "types", "cache-control": "cache"}
SEPARATORS = " \t\"(),/:;<=>?@[\\]{}"     # of RFC 9110 5.6.2: no token has one


def text(what, value, allowed=""):
    """The value, fit to stand in a head."""
    if not isinstance(value, str):
        raise ValueError("%s: %r is no text" % (what, value))
    for c in value:
        if (c < " " or c == "\x7f") and c not in allowed:
            raise ValueError("%s must not have control characters: %r" % (what, value))
    if len(value.encode()) > TEXT_MAX:
        raise ValueError("%s has %d bytes; at most %d" % (what, len(value.encode()), TEXT_MAX))
    return value


def flag(what, value):
    if value not in (False, True):
        raise ValueError("%s: %r is neither True nor False" % (what, value))
    return bool(value)


def policy(headers=None, types=None, charset="utf-8", hide=(), show=(), users=None, listing=False, fallback=None,
           cache=None, pages=None, others=None):
    """(fields, rules), as website.mount() names them."""
    fields = _fields(_table("headers", headers))
    lines = [_line("type", pattern, _type(pattern, value))
             for pattern, value in _by_pattern("types", types, _of_extension)]
    lines += [_line("show", pattern, "") for pattern in _patterns("show", show)]
    lines += [_line("hide", pattern, "") for pattern in _patterns("hide", hide)]
    lines += [_line("user", _credentials(name, password)) for name, password in sorted(_users(users).items())]
    if flag("listing", listing):
        lines.append(_line("listing", ""))
    if fallback is not None:
        lines.append(_line("fallback", _name("fallback", fallback)))
    if charset != "utf-8":
        lines.append(_line("charset", _charset(charset)))
    lifetimes = [(("cache", pattern), lifetime("cache[%r]" % pattern, value))
                 for pattern, value in _by_pattern("cache", cache, str)]
    lifetimes += [((word,), lifetime(word, value))
                  for word, value in (("pages", pages), ("others", others)) if value is not None]
    lines += [_line(*words, value) for words, value in lifetimes]
    rules = "".join(lines)
    if len(rules.encode()) > RULES_MAX:
        raise ValueError("its rules have %d bytes; at most %d" % (len(rules.encode()), RULES_MAX))
    room = max([len(IMMUTABLE) + 1] + [len(value.encode()) for _, value in lifetimes]) + len(fields.encode())
    if room > HEAD_ROOM:
        raise ValueError("Cache-Control and headers have %d bytes; %d there is room for" % (room, HEAD_ROOM))
    return fields, rules


def mount_name(prefix, host=None):
    """Under which the front knows a mount."""
    if not text("prefix", prefix).startswith("/") or not prefix.endswith("/") or "//" in prefix:
        raise ValueError("prefix must begin and end with '/': %r" % prefix)
    if host is None:
        return prefix
    name = text("host", host).lower()
    plain = all("a" <= c <= "z" or "0" <= c <= "9" or c in ".-_" for c in name)
    if not name or not plain or "." in (name[0], name[-1]) or ".." in name:
        raise ValueError("host: %r is no name of one (of other letters in its form with xn--, and without a port)" % host)
    return text("prefix", name + prefix)


def _is_cache_control(value):
    """RFC 9111 5.2: words with commas between them, each with a value or without. Our own begin with a letter: what does
    not is a number, or a pattern, in a wrong place."""
    quotes = value.split('"')
    if len(quotes) % 2 == 0:
        return False
    for word in "a".join(quotes[::2]).split(","):       # what stands in quotes may be any text
        name, equals, argument = (part.strip() for part in word.partition("="))
        if not is_token(name) or not name[0].isalpha() or (equals and not is_token(argument)):
            return False
    return True


def folder_name(folder):
    """As the file service has it."""
    if ".." in text("folder", folder).split("/"):
        raise ValueError("folder must not have '..': %r" % folder)
    names = [name for name in folder.split("/") if name not in ("", ".")]
    return text("folder", "/" + "/".join(names))


def check_port(port):
    if not isinstance(port, int) or not 0 < port < 65536:
        raise ValueError("port must be 1-65535")


def check_file(path, content_type, status):
    """What website.file() is asked for."""
    text("path", path)
    if status < 200 or status in (204, 205, 304):
        raise ValueError("status %d has no body" % status)
    if not path.startswith("/"):
        raise ValueError("path must begin with '/'")
    if content_type:
        text("content_type", content_type)


def lifetime(what, value):
    """Cache-Control's value; "": no such field."""
    if value is None:
        return ""
    if isinstance(value, int):
        if value < 0 or value is True or value is False:
            raise ValueError("%s: %r is neither seconds nor a text" % (what, value))
        return "max-age=%d" % value
    if text(what, value) and not _is_cache_control(value):
        raise ValueError("%s: %r is no Cache-Control (seconds are a number)" % (what, value))
    return value


def _line(*words):
    return "\t".join(words) + "\n"


def is_token(value):
    return bool(value) and all(c not in SEPARATORS and " " < c <= "~" for c in value)


def _pattern(what, name):
    if not text(what, name).strip("/"):
        raise ValueError("%s: %r is no pattern" % (what, name))
    return name


def _table(what, values):
    if values is not None and not isinstance(values, dict):
        raise ValueError("%s: %r is no dict" % (what, values))
    return values or {}


def _users(users):
    """No lock, None, is not the same as one that nobody opens."""
    if _table("users", users) == {} and users is not None:
        raise ValueError("users: nobody is in it")
    return users or {}


def _credentials(name, password):
    """As a client says them: RFC 7617."""
    if not text("users", name) or ":" in name:
        raise ValueError("users: %r cannot be a user's name" % name)
    if not text("users[%r]" % name, password):
        raise ValueError("users[%r] has no password" % name)
    return b2a_base64(("%s:%s" % (name, password)).encode()).decode().strip()


def _name(what, path):
    """Of a file, from the mount's folder on."""
    name = text(what, path)[path.startswith("/"):]
    parts = name.split("/")
    if "" in parts or "." in parts or ".." in parts or "%" in name or "\\" in name or len(name.encode()) > NAME_MAX:
        raise ValueError("%s: %r is no name of a file in the folder" % (what, path))
    return name


def _patterns(what, names):
    if not isinstance(names, (list, tuple, set)):
        raise ValueError("%s: %r is no list of patterns" % (what, names))
    return [_pattern(what, name) for name in names]


def _by_pattern(what, values, to_pattern):
    """(pattern, value): paths before names, then what says most. The front takes the first that fits, and a dict has no
    order."""
    pairs = [(to_pattern(_pattern(what, name)), value) for name, value in _table(what, values).items()]
    return sorted(pairs, key=lambda pair: ("/" not in pair[0], sum(c in "*?" for c in pair[0]) - len(pair[0]), pair[0]))


def _of_extension(name):
    """Of an extension all names that end so."""
    if any(c in name[1:] for c in "*?/.") or name[0] in "*?/":
        return name
    return "*." + name.lstrip(".")


def _type(name, value):
    """A media type, perhaps with parameters."""
    kind, slash, rest = text("types[%r]" % name, value).partition("/")
    subtype = rest.split(";")[0].strip()
    good = slash and is_token(kind) and is_token(subtype) and rest.startswith(subtype)
    if not good or len(value.encode()) > TYPE_MAX:
        raise ValueError("types[%r]: %r is no media type" % (name, value))
    return value


def _charset(name):
    if name is None:
        return ""
    if not is_token(text("charset", name)) or len(name) > TYPE_MAX // 4:
        raise ValueError("charset: %r is no name of one" % name)
    return name


def _fields(headers):
    lines = []
    for name, value in headers.items():
        if not is_token(text("headers", name)):
            raise ValueError("headers: %r is no field's name" % name)
        if name.lower() in NOT_YOURS:
            said_by = SAID_BY.get(name.lower())
            raise ValueError("headers: the front sets %s itself%s" % (name, ", by %s=" % said_by if said_by else ""))
        lines.append("%s: %s\r\n" % (name, text("headers", value)))
    return text("headers", "".join(lines), "\r\n")
