/* connection_head.c: heads of requests and of answers as Microdot has them, made in one go: by its own code each line
 * is a coroutine, a handful of strings and a search.
 *   input     a dict of the application's, whose values may hold what a client has sent: what RFC 9110 5.5 does not let
 *             stand in a field is a ValueError, and no byte of that answer goes out
 */
#include "lib/pd.h"

#include <string.h>
#include "http/reason.h"
#include "http/text.h"
#include "python/endpoint.h"
#include "python/modsocket.h"
#include "python/modwebsite.h"

#include "py/mperrno.h"
#include "py/objlist.h"
#include "py/objstr.h"
#include "py/runtime.h"

#define LINE_ROOM 8192    /* bytes: the front takes no longer head */
#define TOGETHER_MAX 4096 /* bytes of a body that go out with the head in one write */

/* One thread of Python, and none of it runs meanwhile: too large for the worker's stack. */
static struct {
    char line[LINE_ROOM], small[LINE_ROOM];
} self;

/* -- requests -- */

static void refuse(void)
{
    mp_raise_ValueError(MP_ERROR_TEXT("not a request"));
}

/* One line without its end. The head is there as a whole: the front hands over no part of one. */
static size_t read_line(struct endpoint *endpoint, char *line, size_t limit)
{
    size_t length = 0;
    while (length == 0 || line[length - 1] != '\n') {
        int error = 0;
        size_t there = endpoint_line_length(endpoint, LINE_ROOM - length);
        intptr_t count = there > 0 ? endpoint_receive(endpoint, line + length, there, NULL, &error) : 0;
        if (count <= 0) {
            refuse();
        }
        length += (size_t)count;
    }
    if (length > limit) {
        refuse();
    }
    while (length > 0 && strchr("\r\n\t ", line[length - 1])) {
        length--;
    }
    return length;
}

/* Raises UnicodeError, a ValueError, where it is no UTF-8. */
static mp_obj_t text(const char *at, size_t length)
{
    return mp_obj_new_str(at, length);
}

static mp_obj_t lower(mp_obj_t name, const char *at, size_t length)
{
    bool same = true;
    for (size_t i = 0; i < length; i++) {
        self.small[i] = at[i] >= 'A' && at[i] <= 'Z' ? (char)(at[i] + 'a' - 'A') : at[i];
        same &= self.small[i] == at[i];
    }
    return same ? name : text(self.small, length);
}

/* As Microdot's NoCaseDict.__setitem__: the first spelling of a name stays. */
static void put(mp_map_t *headers, mp_map_t *names, const char *at, size_t length, mp_obj_t value)
{
    mp_obj_t name = text(at, length), small = lower(name, at, length);
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

static void take_field(mp_map_t *headers, mp_map_t *names, const char *line, size_t length)
{
    const char *colon = memchr(line, ':', length);
    if (!colon) {
        refuse();
    }
    const char *value = colon + 1, *end = line + length;
    while (value < end && (*value == ' ' || *value == '\t')) {
        value++;
    }
    put(headers, names, line, (size_t)(colon - line), text(value, (size_t)(end - value)));
}

/* "GET /path HTTP/1.1" as a tuple; the version without its name. */
static mp_obj_t request_line(const char *line, size_t length)
{
    const char *first = memchr(line, ' ', length);
    const char *second = first ? memchr(first + 1, ' ', length - (size_t)(first + 1 - line)) : NULL;
    const char *slash = second ? memchr(second, '/', length - (size_t)(second - line)) : NULL;
    if (!slash) {
        refuse();
    }
    mp_obj_t items[3] = {
        text(line, (size_t)(first - line)),
        text(first + 1, (size_t)(second - first - 1)),
        text(slash + 1, (size_t)(line + length - slash - 1)),
    };
    return mp_obj_new_tuple(3, items);
}

static mp_map_t *map_of(mp_obj_t object)
{
    mp_obj_t dict = mp_obj_cast_to_native_base(object, MP_OBJ_FROM_PTR(&mp_type_dict));
    if (dict == MP_OBJ_NULL) {
        mp_raise_TypeError(MP_ERROR_TEXT("a dict is needed"));
    }
    return mp_obj_dict_get_map(dict);
}

mp_obj_t connection_head(size_t n_args, const mp_obj_t *args)
{
    struct endpoint *endpoint = connection_endpoint(args[0]);
    mp_map_t *headers = map_of(args[1]), *names = map_of(args[2]);
    size_t limit = (size_t)mp_obj_get_int(args[3]);
    if (!endpoint_is_exchange(endpoint)) {
        return mp_const_none;
    }
    mp_obj_t first = request_line(self.line, read_line(endpoint, self.line, limit));
    for (size_t length; (length = read_line(endpoint, self.line, limit)) > 0;) {
        take_field(headers, names, self.line, length);
    }
    return first;
}

/* -- answers -- */

static void refuse_field(const char *complaint, mp_obj_t object)
{
    mp_obj_t items[2] = {mp_obj_new_str(complaint, strlen(complaint)), object};
    nlr_raise(mp_obj_new_exception_args(&mp_type_ValueError, 2, items));
}

/* The text of `object`, of these characters only: a line end in it would begin a field, or an answer, of its own. */
static void add_text(vstr_t *head, mp_print_t *print, mp_obj_t object, uint8_t classes, const char *complaint)
{
    size_t start = head->len;
    mp_obj_print_helper(print, object, PRINT_STR);
    for (size_t i = start; i < head->len; i++) {
        if (!http_is(head->buf[i], classes)) {
            refuse_field(complaint, object);
        }
    }
}

static void add_field(vstr_t *head, mp_print_t *print, mp_obj_t name, mp_obj_t value)
{
    static const char no_name[] = "this is no header's name";
    size_t start = head->len;
    add_text(head, print, name, CLASS_TOKEN, no_name);
    if (head->len == start) {
        refuse_field(no_name, name);
    }
    vstr_add_strn(head, ": ", 2);
    add_text(head, print, value, CLASS_TEXT, "control characters in a header");
    vstr_add_strn(head, "\r\n", 2);
}

static void add_fields(vstr_t *head, mp_print_t *print, const mp_map_t *headers)
{
    for (size_t i = 0; i < headers->alloc; i++) {
        if (!mp_map_slot_is_filled(headers, i)) {
            continue;
        }
        mp_obj_t *values = &headers->table[i].value;
        size_t count = 1;
        if (mp_obj_is_type(*values, &mp_type_list)) {
            mp_obj_list_get(*values, &count, &values);
        }
        for (size_t k = 0; k < count; k++) {
            add_field(head, print, headers->table[i].key, values[k]);
        }
    }
}

static void add_status(vstr_t *head, mp_print_t *print, mp_obj_t status, mp_obj_t reason)
{
    vstr_add_str(head, "HTTP/1.0 ");
    mp_int_t number = mp_obj_get_int(status);
    if (number < 100 || number > 599) {
        refuse_field("this is no status", status);
    }
    mp_obj_print_helper(print, status, PRINT_STR);
    vstr_add_char(head, ' ');
    if (reason == mp_const_none) {
        vstr_add_str(head, http_reason((int)number)); /* in place of Microdot's "N/A" */
    } else {
        add_text(head, print, reason, CLASS_TEXT, "control characters in a reason");
    }
    vstr_add_strn(head, "\r\n", 2);
}

mp_obj_t connection_answer_head(mp_obj_t status, mp_obj_t reason, mp_obj_t headers, mp_obj_t body, bool *together)
{
    vstr_t head;
    mp_print_t print;
    mp_buffer_info_t data;
    mp_get_buffer_raise(body, &data, MP_BUFFER_READ);
    vstr_init_print(&head, 256, &print);
    add_status(&head, &print, status, reason);
    add_fields(&head, &print, map_of(headers));
    vstr_add_strn(&head, "\r\n", 2);
    *together = data.len <= TOGETHER_MAX;
    if (*together) {
        vstr_add_strn(&head, data.buf, data.len);
    }
    return mp_obj_new_bytes_from_vstr(&head);
}
