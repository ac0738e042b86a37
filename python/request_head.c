/* request_head.c: heads of requests and of answers as Microdot has them, from and to messages, in one go: by its own
 * code each field is a coroutine, a handful of strings and a search.
 *   serves    request.c; a request's bytes are the network's, NOT trusted
 *   when full an answer's head that is too long is an error of that answer
 *   input     a dict of the application's, whose values may hold what a client has sent: what RFC 9110 5.5 does not let
 *             stand in a field is a ValueError, and no byte of that answer goes out
 */
#include "lib/pd.h"

#include <string.h>
#include "http/parse/text.h"
#include "python/modwebsite.h"

#include "py/mperrno.h"
#include "py/objlist.h"
#include "py/objstr.h"
#include "py/runtime.h"

#define NAME_ROOM 1024 /* bytes of a field's name */
#define PATH_ROOM 4096
#define REASON_ROOM 256

/* One thread of Python; too large for the worker's stack. A value's __str__() may run Python, which may answer another
 * request: `turn` tells. */
static struct {
    char small[NAME_ROOM];
    char fields[APP_HEAD_MAX], path[PATH_ROOM], reason[REASON_ROOM];
    uint32_t turn;
} self;

/* -- requests -- */

static void refuse(void)
{
    mp_raise_ValueError(MP_ERROR_TEXT("not a request"));
}

/* Raises UnicodeError, a ValueError, where it is no UTF-8. */
static mp_obj_t text(struct http_slice slice)
{
    return mp_obj_new_str(slice.at, slice.length);
}

static mp_obj_t lower(mp_obj_t name, struct http_slice slice)
{
    bool same = true;
    for (size_t i = 0; i < slice.length; i++) {
        char c = slice.at[i];
        self.small[i] = c >= 'A' && c <= 'Z' ? (char)(c + 'a' - 'A') : c;
        same &= self.small[i] == c;
    }
    return same ? name : mp_obj_new_str(self.small, slice.length);
}

/* As Microdot's NoCaseDict.__setitem__: the first spelling of a name stays. */
static void put(mp_map_t *headers, mp_map_t *names, struct http_slice name_in, mp_obj_t value)
{
    mp_obj_t name = text(name_in), small = lower(name, name_in);
    if (small != name) {
        mp_map_elem_t *known = mp_map_lookup(names, small, MP_MAP_LOOKUP_ADD_IF_NOT_FOUND);
        known->value = known->value == MP_OBJ_NULL ? name : known->value;
        name = known->value;
    } else {
        mp_map_elem_t *known = mp_map_lookup(names, small, MP_MAP_LOOKUP);
        name = known ? known->value : name;
    }
    mp_map_lookup(headers, name, MP_MAP_LOOKUP_ADD_IF_NOT_FOUND)->value = value;
}

static mp_map_t *map_of(mp_obj_t object)
{
    mp_obj_t dict = mp_obj_cast_to_native_base(object, MP_OBJ_FROM_PTR(&mp_type_dict));
    if (dict == MP_OBJ_NULL) {
        mp_raise_TypeError(MP_ERROR_TEXT("a dict is needed"));
    }
    return mp_obj_dict_get_map(dict);
}

/* Of the body: -1: not known; None: a tunnel, which is no body. */
static mp_obj_t length_of(const struct app_slot *slot)
{
    if (slot->in.length != APP_UNKNOWN) {
        return mp_obj_new_int_from_ull(slot->in.length);
    }
    return slot->flags & APP_UPGRADE ? mp_const_none : MP_OBJ_NEW_SMALL_INT(-1);
}

mp_obj_t request_head(size_t n_args, const mp_obj_t *args)
{
    struct incoming *incoming = request_incoming(args[0]);
    mp_map_t *headers = map_of(args[1]), *names = map_of(args[2]);
    size_t limit = (size_t)mp_obj_get_int(args[3]);
    struct incoming_head head;
    if (!incoming_head(incoming, &head)) {
        mp_raise_OSError(MP_ECONNRESET);
    }
    struct http_slice name, value;
    uint32_t at = head.fields_at;
    bool fits = head.method.length + head.target.length + strlen("  HTTP/1.1\r\n") <= limit;
    for (uint32_t i = 0; fits && i < head.head.field_count; i++) {
        fits = incoming_field(incoming, &at, &name, &value) && name.length <= NAME_ROOM &&
               name.length + value.length + strlen(": \r\n") <= limit;
        if (fits) {
            put(headers, names, name, text(value));
        }
    }
    if (!fits) {
        refuse();
    }
    mp_obj_t server = head.head.flags & APP_SECURED ? text(head.server) : mp_const_none;
    mp_obj_t items[5] = {text(head.method), text(head.target),
                         MP_OBJ_NEW_QSTR(head.head.minor ? MP_QSTR_1_dot_1 : MP_QSTR_1_dot_0),
                         length_of(incoming->slot), server};
    incoming_accept(incoming);
    return mp_obj_new_tuple(5, items);
}

mp_obj_t request_peer(const struct incoming_head *head)
{
    char address[HTTP_ADDRESS_MAX + 1];
    uint32_t length = http_put_address(address, head->head.peer);
    mp_obj_t items[2] = {mp_obj_new_str(address, length), MP_OBJ_NEW_SMALL_INT(head->head.peer_port)};
    return mp_obj_new_tuple(2, items);
}

/* -- answers -- */

static void refuse_field(const char *complaint, mp_obj_t object)
{
    mp_obj_t items[2] = {mp_obj_new_str(complaint, strlen(complaint)), object};
    nlr_raise(mp_obj_new_exception_args(&mp_type_ValueError, 2, items));
}

/* As str() gives it. */
static mp_obj_t as_text(mp_obj_t object)
{
    vstr_t text;
    mp_print_t print;
    uint32_t turn = self.turn;
    vstr_init_print(&text, 16, &print);
    mp_obj_print_helper(&print, object, PRINT_STR);
    if (turn != self.turn) {
        mp_raise_msg(&mp_type_RuntimeError, MP_ERROR_TEXT("a header's value has sent an answer"));
    }
    return mp_obj_new_str_from_vstr(&text);
}

/* The text of `object` at `to`, of these characters only: a line end in it would begin a field, or an answer, of its
 * own. */
static size_t put_text(char *to, size_t room, mp_obj_t object, uint8_t classes, const char *complaint)
{
    size_t length;
    const char *at = mp_obj_str_get_data(mp_obj_is_str(object) ? object : as_text(object), &length);
    if (length > room) {
        refuse_field("headers are too long", object);
    }
    for (size_t i = 0; i < length; i++) {
        if (!http_is(at[i], classes)) {
            refuse_field(complaint, object);
        }
        to[i] = at[i];
    }
    return length;
}

static void take_length(struct incoming_answer *answer, struct http_slice value, mp_obj_t object)
{
    uint64_t length;
    if (!http_decimal(value, APP_UNKNOWN - 1, &length) || (answer->length != APP_UNKNOWN && answer->length != length)) {
        refuse_field("this is no length", object);
    }
    answer->length = length;
}

static bool is_sites(struct http_slice name)
{
    return http_slice_is(name, "x-accel-redirect");
}

static void add_field(struct incoming_answer *answer, mp_obj_t name_in, mp_obj_t value_in)
{
    static const char no_name[] = "this is no header's name", no_value[] = "control characters in a header";
    char *at = self.fields + answer->fields.length;
    size_t room = sizeof(self.fields) - answer->fields.length;
    struct app_field field;
    if (room < sizeof(field) || answer->field_count == APP_FIELDS_MAX) {
        refuse_field("headers are too long", name_in);
    }
    char *text_at = at + sizeof(field);
    room -= sizeof(field);
    struct http_slice name = {text_at, (uint32_t)put_text(text_at, room, name_in, CLASS_TOKEN, no_name)};
    if (name.length == 0) {
        refuse_field(no_name, name_in);
    }
    text_at += name.length;
    struct http_slice value = {text_at,
                               (uint32_t)put_text(text_at, room - name.length, value_in, CLASS_TEXT, no_value)};
    if (http_slice_is(name, "content-length")) {
        take_length(answer, value, value_in);
    } else if (http_slice_is(name, "transfer-encoding")) {
        answer->chunked = true;
    } else if (is_sites(name) && value.length <= sizeof(self.path)) {
        memcpy(self.path, value.at, value.length);
        answer->path = (struct http_slice){self.path, value.length};
    } else {
        field = (struct app_field){(uint16_t)name.length, (uint16_t)value.length};
        memcpy(at, &field, sizeof(field));
        answer->fields.length += (uint32_t)sizeof(field) + name.length + value.length;
        answer->field_count++;
    }
}

/* True: one of them is the type. */
static bool add_fields(struct incoming_answer *answer, const mp_map_t *headers)
{
    bool typed = false;
    for (size_t i = 0; i < headers->alloc; i++) {
        if (!mp_map_slot_is_filled(headers, i)) {
            continue;
        }
        mp_obj_t name = headers->table[i].key, *values = &headers->table[i].value;
        size_t count = 1, length = 0;
        if (mp_obj_is_type(*values, &mp_type_list)) {
            mp_obj_list_get(*values, &count, &values);
        }
        for (size_t k = 0; k < count; k++) {
            add_field(answer, name, values[k]);
        }
        const char *at = mp_obj_is_str(name) ? mp_obj_str_get_data(name, &length) : NULL;
        typed |= at && http_slice_is((struct http_slice){at, (uint32_t)length}, "content-type");
    }
    return typed;
}

/* With a charset where it has none. */
static void add_type(struct incoming_answer *answer, mp_obj_t type)
{
    static const char charset[] = "; charset=UTF-8";
    char text[128];
    size_t length = put_text(text, sizeof(text) - sizeof(charset), type, CLASS_TEXT, "control characters in a header");
    text[length] = 0;
    if (!strstr(text, "charset=")) {
        memcpy(text + length, charset, sizeof(charset));
        length += sizeof(charset) - 1;
    }
    struct app_field field = {sizeof("Content-Type") - 1, (uint16_t)length};
    if (sizeof(self.fields) - answer->fields.length < sizeof(field) + field.name_length + length) {
        refuse_field("headers are too long", type);
    }
    char *at = self.fields + answer->fields.length;
    memcpy(at, &field, sizeof(field));
    memcpy(at + sizeof(field), "Content-Type", field.name_length);
    memcpy(at + sizeof(field) + field.name_length, text, length);
    answer->fields.length += (uint32_t)(sizeof(field) + field.name_length + length);
    answer->field_count++;
}

/* As Response.complete() does. */
static void complete(struct incoming_answer *answer, mp_obj_t body, mp_obj_t type)
{
    mp_buffer_info_t data;
    if (answer->length == APP_UNKNOWN && !answer->chunked) {
        mp_get_buffer_raise(body, &data, MP_BUFFER_READ);
        answer->length = data.len;
    }
    if (type != mp_const_none) {
        add_type(answer, type);
    }
}

int request_answer(struct incoming *incoming, const mp_obj_t *args)
{
    struct incoming_answer answer = {.fields = {self.fields, 0}, .length = APP_UNKNOWN};
    mp_int_t status = mp_obj_get_int(args[0]);
    if (status < 100 || status > 599) {
        refuse_field("this is no status", args[0]);
    }
    self.turn++;
    answer.status = (uint16_t)status;
    if (args[1] != mp_const_none) {
        answer.reason.at = self.reason;
        answer.reason.length = (uint32_t)put_text(self.reason, sizeof(self.reason), args[1], CLASS_TEXT,
                                                  "control characters in a reason");
    }
    bool typed = add_fields(&answer, map_of(args[2]));
    if (answer.chunked && answer.length != APP_UNKNOWN) {
        mp_raise_ValueError(MP_ERROR_TEXT("a length, and chunks")); /* two ends: RFC 9112 6.1 */
    }
    if (args[4] != mp_const_none) {
        complete(&answer, args[3], typed ? mp_const_none : args[4]);
    }
    return incoming_answer(incoming, &answer);
}
