/* xml.c: expat's events become a tree.
 *
 * Expat tells where a tag begins but not where its attributes do, so each attribute's place is found by reading the
 * tag's bytes once more: expat has already proved them well formed.
 */
#include <errno.h>
#include <expat.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sdk/tool/file.h"
#include "sdk/tool/xml.h"

/* Places: later releases of expat have names of their own for 64 bits, Debian 12's has not. */
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"

struct reader {
    XML_Parser parser;
    const char *path;
    const char *text;
    size_t size;
    struct xml_node *root;
    struct xml_node *open; /* the innermost element that has not ended */
};

static struct place here(const struct reader *r)
{
    return (struct place){
        .file = r->path,
        .line = (unsigned)XML_GetCurrentLineNumber(r->parser),
        .column = (unsigned)XML_GetCurrentColumnNumber(r->parser) + 1,
    };
}

static int is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* Where in the tag at `node` the attribute `name` begins; the tag's own place if it is not found. */
static struct place attribute_place(const struct reader *r, const struct xml_node *node, const char *name)
{
    struct place place = node->place;
    size_t length = strlen(name);
    char quote = 0;
    for (size_t at = (size_t)XML_GetCurrentByteIndex(r->parser); at + length < r->size; at++) {
        char c = r->text[at];
        if (quote == 0 && at > 0 && is_space(r->text[at - 1]) && strncmp(&r->text[at], name, length) == 0 &&
            (is_space(r->text[at + length]) || r->text[at + length] == '=')) {
            return place;
        }
        if (quote == 0 && c == '>') {
            break;
        }
        if (c == quote) {
            quote = 0;
        } else if (quote == 0 && (c == '"' || c == '\'')) {
            quote = c;
        }
        place.column = c == '\n' ? 1 : place.column + 1;
        place.line += c == '\n';
    }
    return node->place;
}

static void append_child(struct xml_node *parent, struct xml_node *child)
{
    if (parent->last_child == NULL) {
        parent->first_child = child;
    } else {
        parent->last_child->next = child;
    }
    parent->last_child = child;
}

static void on_start(void *user, const char *name, const char **attributes)
{
    struct reader *r = user;
    struct xml_node *node = diag_alloc(sizeof(*node));
    node->name = diag_printf("%s", name);
    node->place = here(r);
    node->parent = r->open;
    for (; *attributes != NULL; attributes += 2) {
        struct xml_attribute *a = PUSH(node->attributes, node->attribute_count);
        a->name = diag_printf("%s", attributes[0]);
        a->value = diag_printf("%s", attributes[1]);
        a->place = attribute_place(r, node, a->name);
    }
    if (r->open == NULL) {
        r->root = node;
    } else {
        append_child(r->open, node);
    }
    r->open = node;
}

static void on_end(void *user, const char *name)
{
    struct reader *r = user;
    (void)name;
    r->open = r->open->parent;
}

static void on_text(void *user, const char *text, int length)
{
    struct reader *r = user;
    struct place place = here(r);
    for (int i = 0; i < length; i++) {
        if (!is_space(text[i])) {
            place.column += (unsigned)i;
            diag_refuse(place, "text in element '%s'; a description has elements and attributes only", r->open->name);
        }
    }
}

static void on_doctype(void *user, const char *name, const char *system_id, const char *public_id, int internal)
{
    struct reader *r = user;
    (void)name, (void)system_id, (void)public_id, (void)internal;
    diag_refuse(here(r), "document type declaration; a description has elements and attributes only");
}

struct xml_node *xml_read(const char *path)
{
    struct reader r = {.path = path};
    r.text = file_read((struct place){.file = path}, path, &r.size);
    r.parser = XML_ParserCreate(NULL);
    if (r.parser == NULL) {
        diag_fail("out of memory (XML parser)");
    }
    XML_SetUserData(r.parser, &r);
    XML_SetElementHandler(r.parser, on_start, on_end);
    XML_SetCharacterDataHandler(r.parser, on_text);
    XML_SetStartDoctypeDeclHandler(r.parser, on_doctype);
    if (XML_Parse(r.parser, r.text, (int)r.size, 1) != XML_STATUS_OK) {
        diag_refuse(here(&r), "not well-formed XML (%s)", XML_ErrorString(XML_GetErrorCode(r.parser)));
    }
    XML_ParserFree(r.parser);
    return r.root;
}

const struct xml_attribute *xml_attribute(const struct xml_node *node, const char *name)
{
    for (size_t i = 0; i < node->attribute_count; i++) {
        if (strcmp(node->attributes[i].name, name) == 0) {
            return &node->attributes[i];
        }
    }
    return NULL;
}
